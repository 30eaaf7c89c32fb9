import { setTimeout as sleep } from 'node:timers/promises';

/** When things happen, in milliseconds. */
export interface Pacing {
  /** From the program's start to its first look at the ConfigMap. Rook takes 2 to 4 s; nothing depends on it. */
  readonly startDelay: number;
  /** After what triggers the pass: when each of the four workloads is written, in Rook's order. */
  readonly writes: readonly [number, number, number, number];
  /** The same while passes are failing: Rook's client has then used up its burst of requests. */
  readonly retriedWrites: readonly [number, number, number, number];
  readonly backOff: (failures: number) => number;
}

/** docs/maintainer/rook.md, When it writes and How it reads a key: as it was seen with 1.16.4, 1.17.9 and 1.19.10. */
export const ROOK_PACING: Pacing = {
  startDelay: 100,
  writes: [50, 190, 300, 400],
  retriedWrites: [50, 500, 950, 1400],
  // A try itself takes about 1.5 s; the doubling wait of the work queue, from 5 ms on, shows only later.
  backOff: (failures) => Math.min(1_500 + 5 * 2 ** (failures - 1), 7_000),
};

/** Waits until so long after `since`, which performance.now() has given. */
export async function until(since: number, afterMs: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, since + afterMs - performance.now()), undefined, { signal });
}
