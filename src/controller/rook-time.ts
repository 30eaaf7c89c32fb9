/**
 * When Rook is waited for: after a pin, a running Rook gets some time to render the pinned ports by itself, which saves
 * the restarts of a patch in between.
 */

/** Rook takes 0.15 to 0.4 s for a pass (1.17.9 and 1.19.10, as run), and up to 1.6 s while it is retrying. */
const ROOK_TIME_MS = 3_000;

export class RookTime {
  readonly #monotonicMs: () => number;
  readonly #until = new Map<string, number>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * How long Rook may still take in this namespace, in milliseconds; 0: patch now. A pin starts the time but never
   * prolongs it: somebody who keeps undoing pins must not hold up the patches.
   */
  left(namespace: string, { pinned }: { readonly pinned: boolean }): number {
    const now = this.#monotonicMs();
    const until = this.#until.get(namespace) ?? (pinned ? now + ROOK_TIME_MS : now);
    if (until <= now) {
      this.#until.delete(namespace);
      return 0;
    }
    this.#until.set(namespace, until);
    return until - now;
  }

  /** Nothing is left to wait for: the next pin starts the time anew. */
  over(namespace: string): void {
    this.#until.delete(namespace);
  }
}
