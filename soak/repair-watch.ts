/** Sees when a workload comes to its port, also over the ends of the API server that it watches. */
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { PortWatch, sidecarPort, type Workload } from '../test/support/measure/port-watch.js';
import { persistently } from './persist.js';

export interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly port: number;
  /** The resourceVersion of the write that asked for it, or reverted it. */
  readonly after: number;
}

/** By performance.now(). `undoneAt` is when the watch showed that write, where it did. */
export interface Seen {
  readonly undoneAt: number | undefined;
  readonly at: number;
}

/** After so long it looks for itself. */
const LOOK_AFTER_MS = 5_000;

export class RepairWatch {
  readonly #controlPlane: ControlPlane;
  #watch: Promise<PortWatch>;

  constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
    this.#watch = PortWatch.open(controlPlane);
  }

  /** Resolves when the workload has the port; with undefined where `giveUp` says so before. */
  async seen(wanted: Wanted, giveUp: () => boolean): Promise<Seen | undefined> {
    for (let isFirst = true; ; isFirst = false) {
      const watch = await this.#open();
      // What was there before a watch that was opened anew is not shown by it.
      if (!isFirst && (await this.#hasPort(wanted))) return { undoneAt: undefined, at: performance.now() };
      try {
        const [fix] = await watch.seen([wanted], LOOK_AFTER_MS);
        const { resetAt, fixedAt } = fix!;
        return { undoneAt: Number.isNaN(resetAt) ? undefined : resetAt, at: fixedAt };
      } catch {
        if (giveUp()) return undefined;
      }
    }
  }

  async close(): Promise<void> {
    (await this.#watch).close();
  }

  /** One new watch for all who find the old one closed. */
  async #open(): Promise<PortWatch> {
    const opened = this.#watch;
    const watch = await opened.catch(() => undefined);
    if (watch?.isOpen === true) return watch;
    if (this.#watch === opened) {
      // Of its two streams one may still be there.
      watch?.close();
      this.#watch = persistently(() => PortWatch.open(this.#controlPlane));
    }
    return this.#open();
  }

  async #hasPort({ path, port }: Wanted): Promise<boolean> {
    const workload = await persistently(() => this.#controlPlane.api.getOrUndefined<Workload>(path));
    return workload !== undefined && sidecarPort(workload) === port;
  }
}
