/** When a request is given up. */

/**
 * Ends a request with its time or with `stop`. Without AbortSignal.any: of signals that are combined again and again
 * with one that lives on, some are never freed (node 24, as run).
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(
    ms: number,
    readonly stop: AbortSignal | undefined,
  ) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`no answer within ${ms} ms`)), ms);
    if (stop?.aborted === true) this.#end();
    else stop?.addEventListener('abort', this.#end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on only `stop` ends it. */
  stopClock(): void {
    clearTimeout(this.#timer);
  }

  /** `stop` outlives it, and must not hold it. */
  release(): void {
    this.stop?.removeEventListener('abort', this.#end);
  }

  readonly #end = (): void => this.#controller.abort(this.stop?.reason);
}

/** An exec plugin may hang, and a connection be long in coming: the wait for them ends with the call. */
export async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
