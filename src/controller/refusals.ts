/**
 * Writes that the API server refused. The same write of the same object is not sent again for a while: people lift a
 * refusal, and they take their time. Any change of the object or of the write makes it another one, and is tried at once.
 */
const RETRY_MS = 30_000;

interface Refusal {
  readonly write: string;
  readonly cause: string;
  readonly until: number;
}

export class Refusals {
  readonly #monotonicMs: () => number;
  /** By namespace and name of the object. */
  readonly #refusals = new Map<string, Map<string, Refusal>>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Why this very write was refused a moment ago; undefined: send it. */
  recall(namespace: string, name: string, write: unknown): string | undefined {
    const refusal = this.#refusals.get(namespace)?.get(name);
    const same = refusal?.write === JSON.stringify(write) && refusal.until > this.#monotonicMs();
    if (!same) this.#refusals.get(namespace)?.delete(name);
    return same ? refusal.cause : undefined;
  }

  remember(
    namespace: string,
    name: string,
    { write, cause }: { readonly write: unknown; readonly cause: string },
  ): void {
    const ofNamespace = this.#refusals.get(namespace) ?? new Map<string, Refusal>();
    ofNamespace.set(name, { write: JSON.stringify(write), cause, until: this.#monotonicMs() + RETRY_MS });
    this.#refusals.set(namespace, ofNamespace);
  }

  /**
   * When the next refused write may be sent again, in milliseconds; undefined where there is none. A refusal whose time
   * is over is forgotten: nobody may want that write any more.
   */
  retryInMs(namespace: string): number | undefined {
    const ofNamespace = this.#refusals.get(namespace) ?? new Map<string, Refusal>();
    const now = this.#monotonicMs();
    for (const [name, { until }] of ofNamespace) if (until <= now) ofNamespace.delete(name);
    const untils = [...ofNamespace.values()].map(({ until }) => until);
    return untils.length === 0 ? undefined : Math.min(...untils) - now;
  }

  forget(namespace: string): void {
    this.#refusals.delete(namespace);
  }
}
