/**
 * A work queue of keys with client-go's semantics, over p-queue, which brings the concurrency. A key waits at most once, is
 * never worked on twice at the same time, and is worked on again if it was added meanwhile.
 */
import PQueue from 'p-queue';
import { backoffMs } from '../kube/backoff.js';

/** Records each key's way through the queue, for the metrics. Must not throw. */
export interface WorkQueueObserver {
  /** Called if the key was not waiting already. */
  added(key: string): void;
  started(key: string): void;
  ended(key: string, result: WorkResult): void;
}

export interface WorkQueueOptions {
  readonly concurrency: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number; readonly random?: () => number };
  /** Called after each failed run, before the wait. */
  readonly onFailure: (key: string, error: unknown, failures: number, retryInMs: number) => void;
  /** A wait that the error itself asks for. */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  readonly observer?: WorkQueueObserver | undefined;
}

export interface WorkResult {
  /** Wait before the next run; absent: the key runs only if it is added. */
  readonly requeueAfterMs?: number;
  /** Nothing was done, as it was not the time for it; the key is added again when it is. */
  readonly skipped?: true;
  /** Why it did not finish: it runs again after the back-off, or after `requeueAfterMs` if that is sooner. */
  readonly failure?: unknown;
}

/** A rejected promise counts as a failure. */
export type Work = (key: string) => Promise<WorkResult>;

interface Delayed {
  readonly at: number;
  readonly timer: NodeJS.Timeout;
}

export class WorkQueue {
  readonly #work: Work;
  readonly #options: WorkQueueOptions;
  readonly #queue: PQueue;
  /** Keys that have to be worked on: waiting, or added while being worked on. */
  readonly #dirty = new Set<string>();
  readonly #working = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  #stopped = false;

  constructor(work: Work, options: WorkQueueOptions) {
    this.#work = work;
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency, autoStart: false });
  }

  /** Starts the work; keys added before have waited. */
  start(): void {
    this.#queue.start();
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#cancelDelay(key);
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#options.observer?.added(key);
    if (!this.#working.has(key)) this.#enqueue(key);
  }

  /** Whether keys wait for their turn. In a queue that was stopped none will have one. */
  get hasWaiting(): boolean {
    return !this.#stopped && this.#queue.size > 0;
  }

  /** Adds the key later; the earliest of several times counts, and a time in the past means now. */
  addAfter(key: string, fromNowMs: number): void {
    if (this.#stopped) return;
    const ms = Math.max(fromNowMs, 0);
    const at = performance.now() + ms;
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined && delayed.at <= at) return;
    this.#cancelDelay(key);
    this.#delayed.set(key, { at, timer: setTimeout(() => this.add(key), ms) });
  }

  /** Takes no more keys, drops those that wait, and resolves when the work in hand is done or the grace is over. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const key of [...this.#delayed.keys()]) this.#cancelDelay(key);
    this.#queue.pause();
    const { promise: graceOver, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), graceMs);
    await Promise.race([this.#queue.onPendingZero(), graceOver]);
    clearTimeout(timer);
  }

  #enqueue(key: string): void {
    void this.#queue.add(() => this.#run(key));
  }

  /** Never rejects: a failure is reported to onFailure, and the key comes back. */
  async #run(key: string): Promise<void> {
    this.#dirty.delete(key);
    this.#working.add(key);
    this.#options.observer?.started(key);
    const result = await this.#result(key);
    this.#options.observer?.ended(key, result);
    const waits = result.requeueAfterMs === undefined ? [] : [result.requeueAfterMs];
    if ('failure' in result) waits.push(this.#failed(key, result.failure));
    else this.#failures.delete(key);
    this.#working.delete(key);
    if (this.#dirty.has(key)) this.#enqueue(key);
    else if (waits.length > 0) this.addAfter(key, Math.min(...waits));
  }

  async #result(key: string): Promise<WorkResult> {
    try {
      return await this.#work(key);
    } catch (failure) {
      return { failure };
    }
  }

  #failed(key: string, error: unknown): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const waitMs = Math.max(this.#options.retryAfterMs?.(error) ?? 0, backoffMs(failures, this.#options.backoff));
    this.#options.onFailure(key, error, failures, waitMs);
    return waitMs;
  }

  #cancelDelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }
}
