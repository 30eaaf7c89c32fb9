/** How often one thing may be written: some times at once, and then at a steady pace. */
export interface PaceOptions {
  /** How many at once. */
  readonly burst: number;
  /** After how many milliseconds there may be one more. */
  readonly everyMs: number;
  readonly monotonicMs: () => number;
}

export class WritePace {
  readonly #options: PaceOptions;
  /** By key: when all that was written is made up for, were each write to take its time. */
  readonly #dueAt = new Map<string, number>();

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** How long the next write has to wait, in milliseconds; 0: not at all. */
  waitMs(key: string): number {
    const { burst, everyMs, monotonicMs } = this.#options;
    const dueAt = this.#dueAt.get(key) ?? 0;
    return Math.max(0, dueAt - (burst - 1) * everyMs - monotonicMs());
  }

  wrote(key: string): void {
    const { everyMs, monotonicMs } = this.#options;
    this.#dueAt.set(key, Math.max(this.#dueAt.get(key) ?? 0, monotonicMs()) + everyMs);
  }

  forget(key: string): void {
    this.#dueAt.delete(key);
  }
}
