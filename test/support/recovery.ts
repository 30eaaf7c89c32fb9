/** From the end of a fault to ports that are right. */
import { waitFor } from './control-plane/wait-for.js';
import type { RookInstallation } from './rook/installation.js';
import { layoutOf } from './slots.js';

const ASSIGNED = layoutOf();

export interface Recovery {
  /** For people: what had happened. */
  readonly fault: string;
  /** performance.now() at its end. */
  readonly since: number;
  /** What is promised, at any load of the machine. */
  readonly withinSeconds: number;
  readonly layout?: readonly number[];
}

/** Waits for the ports, within the bound, and prints how long that took. */
export async function portsRight(rook: RookInstallation, recovery: Recovery): Promise<void> {
  const { fault, since, withinSeconds, layout = ASSIGNED } = recovery;
  await waitFor(
    `ports ${layout.join()} within ${withinSeconds} s of: ${fault}`,
    async () => (await rook.layout()).join() === layout.join(),
    {
      timeoutMs: withinSeconds * 1000 - (performance.now() - since),
      everyMs: 20,
      lastSeen: () => rook.layout(),
    },
  );
  const seconds = (performance.now() - since) / 1000;
  console.log(`measured | ${fault} | ports right after ${seconds.toFixed(2)} s | bound ${withinSeconds} s`);
}
