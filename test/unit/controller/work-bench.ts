/** A work queue whose work is finished by the test, one run at a time. */
import { vi } from 'vitest';
import { WorkQueue, type WorkQueueOptions, type WorkResult } from '../../../src/controller/work-queue.js';

export interface Run {
  readonly key: string;
  readonly done: (requeueAfterMs?: number) => Promise<void>;
  readonly fail: (error?: unknown) => Promise<void>;
  /** Fails, and says when it wants to run again. */
  readonly failFor: (requeueAfterMs: number) => Promise<void>;
}

interface Failed {
  readonly key: string;
  readonly failures: number;
  readonly retryInMs: number;
}

export class Bench {
  readonly runs: Run[] = [];
  readonly failed: Failed[] = [];
  /** Runs that the test has not finished. */
  readonly open: Run[] = [];
  readonly active = new Map<string, number>();
  mostPerKey = 0;
  mostAtOnce = 0;
  readonly queue: WorkQueue;

  constructor(options: Partial<WorkQueueOptions> = {}) {
    this.queue = new WorkQueue((key) => this.#work(key), {
      concurrency: 4,
      backoff: { baseMs: 100, maxMs: 1_000, random: () => 1 },
      onFailure: (key, _, failures, retryInMs) => void this.failed.push({ key, failures, retryInMs }),
      ...options,
    });
  }

  get keys(): string[] {
    return this.runs.map(({ key }) => key);
  }

  #work(key: string): Promise<WorkResult> {
    const { promise, resolve, reject } = Promise.withResolvers<WorkResult>();
    this.active.set(key, (this.active.get(key) ?? 0) + 1);
    this.mostPerKey = Math.max(this.mostPerKey, this.active.get(key)!);
    this.mostAtOnce = Math.max(
      this.mostAtOnce,
      [...this.active.values()].reduce((sum, count) => sum + count),
    );
    const end = async (settle: () => void): Promise<void> => {
      this.open.splice(this.open.indexOf(run), 1);
      this.active.set(key, this.active.get(key)! - 1);
      settle();
      await flush();
    };
    const run: Run = {
      key,
      done: (requeueAfterMs) => end(() => resolve(requeueAfterMs === undefined ? {} : { requeueAfterMs })),
      fail: (error = new Error('passing')) => end(() => reject(error)),
      failFor: (requeueAfterMs) => end(() => resolve({ requeueAfterMs, failure: new Error('passing') })),
    };
    this.runs.push(run);
    this.open.push(run);
    return promise;
  }
}

/** Lets all that is ready to run, run. */
export async function flush(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

export async function started(options: Partial<WorkQueueOptions> = {}): Promise<Bench> {
  const bench = new Bench(options);
  bench.queue.start();
  await flush();
  return bench;
}
