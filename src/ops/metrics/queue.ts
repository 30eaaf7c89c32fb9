/** Records each namespace's way through the queue: workqueue_* and controller_runtime_*. */
import type { WorkQueueObserver, WorkResult } from '../../controller/work-queue.js';
import type { Recorder } from './recorder.js';

export const CONTROLLER = { controller: 'csiportassignment' } as const;
export const QUEUE = { name: 'csiportassignment', ...CONTROLLER } as const;

export class QueueMetrics implements WorkQueueObserver {
  readonly #recorder: Recorder;
  readonly #monotonicMs: () => number;
  /** Since when each key waits, and since when it is worked on. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Map<string, number>();

  constructor(recorder: Recorder, monotonicMs: () => number) {
    this.#recorder = recorder;
    this.#monotonicMs = monotonicMs;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Durations so far of the reconciles in hand, in milliseconds. */
  get working(): number[] {
    const now = this.#monotonicMs();
    return [...this.#working.values()].map((since) => now - since);
  }

  added(key: string): void {
    this.#waiting.set(key, this.#monotonicMs());
    this.#recorder.count('workqueue_adds_total', QUEUE);
  }

  started(key: string): void {
    const now = this.#monotonicMs();
    this.#recorder.time('workqueue_queue_duration_seconds', QUEUE, now - (this.#waiting.get(key) ?? now));
    this.#waiting.delete(key);
    this.#working.set(key, now);
  }

  ended(key: string, result: WorkResult): void {
    const now = this.#monotonicMs();
    const ms = now - (this.#working.get(key) ?? now);
    this.#working.delete(key);
    this.#recorder.time('workqueue_work_duration_seconds', QUEUE, ms);
    // No reconcile: its watches are not synced, or the process stands by.
    if (result.skipped === true) return;
    this.#recorder.time('controller_runtime_reconcile_time_seconds', CONTROLLER, ms);
    this.#recorder.count('controller_runtime_reconcile_total', { ...CONTROLLER, result: nameOf(result) });
    // Also 0, so that the series exists from the first run.
    const failed = 'failure' in result ? 1 : 0;
    this.#recorder.count('controller_runtime_reconcile_errors_total', CONTROLLER, failed);
    this.#recorder.count('workqueue_retries_total', QUEUE, failed);
  }
}

/** As controller-runtime names them. */
function nameOf(result: WorkResult): 'success' | 'error' | 'requeue_after' {
  if ('failure' in result) return 'error';
  return result.requeueAfterMs === undefined ? 'success' : 'requeue_after';
}
