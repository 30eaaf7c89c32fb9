/** The work queue of Rook's CSI controller. It knows one piece of work: a pass over all workloads. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A pass that is tried again later; anything else that is thrown ends the program. */
export class PassFailedError extends Error {
  override readonly name = 'PassFailedError';
}

export interface PassQueueOptions {
  /** `retrying`: whether the pass before this one failed. */
  readonly pass: (retrying: boolean) => Promise<void>;
  /** How long after so many failures in a row the next try comes, in milliseconds. */
  readonly backOffMs: (failures: number) => number;
}

export class PassQueue {
  /** Passes that wrote every workload. */
  passes = 0;
  failures = 0;
  readonly #options: PassQueueOptions;
  readonly #signal: AbortSignal;
  #requested = false;
  #running = false;
  #retry: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  constructor(options: PassQueueOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Whether nothing is under way, asked for or to be tried again. */
  get isIdle(): boolean {
    return !this.#running && !this.#requested && this.#retry === undefined;
  }

  /** One more pass. What is asked for during a pass, however often, is one pass after it (docs/maintainer/rook.md, When it writes). */
  request(): void {
    this.#requested = true;
    this.#wake();
  }

  /** Works until the signal comes. @throws what a pass threw beside PassFailedError */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      if (this.#requested) await this.#work();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #work(): Promise<void> {
    this.#requested = false;
    this.#running = true;
    try {
      await this.#options.pass(this.failures > 0);
      this.passes += 1;
      this.failures = 0;
    } catch (error) {
      if (this.#signal.aborted) return;
      if (!(error instanceof PassFailedError)) throw error;
      this.failures += 1;
      this.#retryLater();
    } finally {
      this.#running = false;
    }
  }

  /**
   * A retry that is on its way is not called off by a pass that succeeds meanwhile: it makes one pass more (docs/maintainer/rook.md,
   * How it reads a key). Of two, the earlier stands.
   */
  #retryLater(): void {
    this.#retry ??= sleep(this.#options.backOffMs(this.failures), undefined, { signal: this.#signal }).then(
      () => {
        this.#retry = undefined;
        this.request();
      },
      () => undefined,
    );
  }
}
