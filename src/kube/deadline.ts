/**
 * Aborts a request at its deadline or with `stop`. AbortSignal.any is not used: of the signals that are combined with a
 * long-lived one, some are never freed (node 24, as run).
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(
    ms: number,
    readonly stop: AbortSignal | undefined,
  ) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`no response within ${ms} ms`)), ms);
    if (stop?.aborted === true) this.#end();
    else stop?.addEventListener('abort', this.#end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lifts the deadline; `stop` still aborts. */
  stopClock(): void {
    clearTimeout(this.#timer);
  }

  /** Lets go of `stop`, which lives longer. */
  release(): void {
    this.stop?.removeEventListener('abort', this.#end);
  }

  readonly #end = (): void => this.#controller.abort(this.stop?.reason);
}

/** Ends the wait for `work` with the signal: an exec plugin or a connection may hang. */
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
