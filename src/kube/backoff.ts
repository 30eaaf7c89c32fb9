/** Exponential backoff with jitter, so that clients do not all meet a restarted API server at once. */
import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
}

/**
 * The wait in milliseconds before the next attempt: between half and all of baseMs * 2^(failures-1), at most maxMs.
 *
 * @param failures number of failed attempts in a row, 1 or more
 */
export function backoffMs(failures: number, { baseMs, maxMs, random = Math.random }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return ceiling * (0.5 + random() / 2);
}

/** Ends early, and without an error, if `stop` is aborted. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}
