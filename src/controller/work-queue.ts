/**
 * A work queue of keys over p-queue, with the semantics that controllers rely on: a key waits at most once, is never
 * worked on twice at the same time, and is worked on again when it was added meanwhile. p-queue brings the concurrency.
 */
import PQueue from 'p-queue';
import { backoffMs } from '../kube/backoff.js';

/** Told of each key's way through the queue, for the metrics. Must not throw. */
export interface WorkQueueObserver {
  /** It has to be worked on, and had not before. */
  added(key: string): void;
  started(key: string): void;
  ended(key: string, result: WorkResult): void;
}

export interface WorkQueueOptions {
  /** How many different keys are worked on at once. */
  readonly concurrency: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number; readonly random?: () => number };
  /** Told of each failed run, before it is waited out. */
  readonly onFailure: (key: string, error: unknown, failures: number, retryInMs: number) => void;
  /** A wait that the failure itself asks for, in milliseconds. */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  readonly observer?: WorkQueueObserver | undefined;
}

export interface WorkResult {
  /** After how many milliseconds to run again without being added; absent: only when added. */
  readonly requeueAfterMs?: number;
  /** It was not the time for it: nothing was done, and whoever makes it the time adds it anew. */
  readonly skipped?: true;
  /** What kept it from finishing: it runs again after the back-off, or after `requeueAfterMs` where that is sooner. */
  readonly failure?: unknown;
}

/** A rejection is a failure, too. */
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

  /** Lets the work begin; keys added before only wait. */
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

  /** Adds the key later; the earliest of several times counts, and one that has passed meanwhile is now. */
  addAfter(key: string, fromNowMs: number): void {
    if (this.#stopped) return;
    const ms = Math.max(fromNowMs, 0);
    const at = performance.now() + ms;
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined && delayed.at <= at) return;
    this.#cancelDelay(key);
    this.#delayed.set(key, { at, timer: setTimeout(() => this.add(key), ms) });
  }

  /** Takes no more keys, drops those that wait, and resolves when the work in hand is done or the time is over. */
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

  /** Never rejects: a failure is told to onFailure and the key comes back. */
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
