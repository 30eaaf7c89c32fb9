/** Puts the controller's parts together and runs them: watches -> work queue -> reconciler. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PortAssignment } from '../domain/rules/api.js';
import { retryAfterMs } from '../kube/errors.js';
import { EventRecorder } from '../kube/events.js';
import type { InformerState, OnInformerEvent } from '../kube/informer-state.js';
import type { Leadership } from '../kube/leadership.js';
import type { Transport } from '../kube/transport.js';
import { Writer } from '../kube/writer.js';
import { informerLog } from './informer-log.js';
import { messageOf, type Log } from '../log.js';
import { queueLog } from './queue-log.js';
import { Reconciler, type OnReconcileEvent } from './reconciler.js';
import { StatusWriter } from './status-writer.js';
import { Watches } from './watches.js';
import { WorkQueue, type WorkQueueObserver, type WorkResult } from './work-queue.js';
import { WriteBackoff } from './write-backoff.js';

/** For the metrics. */
export interface ControllerObserver {
  readonly onInformerEvent: OnInformerEvent;
  readonly queue: WorkQueueObserver;
  readonly onReconcileEvent: OnReconcileEvent;
}

export interface ControllerOptions {
  readonly transport: Transport;
  readonly leadership: Leadership;
  readonly logger: Log;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly maxConcurrentReconciles: number;
  /** See write-backoff.ts. */
  readonly contestedAfter: number;
  /** Name of this process in events, e.g. the pod's. */
  readonly instance: string;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  readonly observer?: ControllerObserver | undefined;
}

const CONTROLLER_NAME = 'csiports.io/csi-port-operator';
const RETRY = { baseMs: 50, maxMs: 30_000 };
/** How long a stop waits for the reconciles in hand. */
const DRAIN_MS = 10_000;

export class Controller {
  readonly #leadership: Leadership;
  readonly #watches: Watches;
  readonly #recorder: EventRecorder;
  readonly #reconciler: Reconciler;
  readonly #queue: WorkQueue;
  /** Of the reconcile in hand, or of one that has failed, by namespace. */
  readonly #reconcileIDs = new Map<string, string>();

  constructor(options: ControllerOptions) {
    this.#leadership = options.leadership;
    this.#watches = this.#newWatches(options);
    this.#recorder = new EventRecorder(options.transport, {
      controller: CONTROLLER_NAME,
      instance: options.instance,
      now: options.now,
      repairsWait: () => this.#queue.hasWaiting,
      onLost: (reason, error) => options.logger.warn({ reason, error: messageOf(error) }, 'Event not recorded'),
    });
    this.#reconciler = this.#newReconciler(options);
    this.#queue = this.#newQueue(options);
  }

  /** What the probes and the metrics report. */
  get informers(): readonly InformerState[] {
    return this.#watches.states;
  }

  /** Enqueues everything: until now the process has watched, and written nothing. */
  onStartedLeading(): void {
    for (const namespace of this.#watches.assignments.namespaces()) this.#queue.add(namespace);
  }

  /** As they are stored, without those that are being deleted; for the metrics. */
  get assignments(): readonly PortAssignment[] {
    return this.#watches.assignments.all().filter(({ deleting }) => !deleting);
  }

  /** Runs until `stop` is aborted, then finishes the reconciles in hand and reports what they did; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    this.#queue.start();
    await this.#watches.run(stop);
    await Promise.race([this.#finish(), delay(DRAIN_MS, undefined, { ref: false })]);
  }

  async #finish(): Promise<void> {
    await this.#queue.stop(DRAIN_MS);
    // A process that lost the Lease may write no more, and the next process is not kept waiting for events.
    if (this.#leadership.isLeading) await this.#recorder.drained();
  }

  /**
   * A namespace is skipped until its informers are synced: the last of them enqueues it again. It is also skipped until this
   * process leads: then all namespaces are enqueued.
   */
  async #work(namespace: string): Promise<WorkResult> {
    if (!this.#watches.ensureSynced(namespace) || !this.#leadership.isLeading) return { skipped: true };
    const reconcileID = randomUUID();
    this.#reconcileIDs.set(namespace, reconcileID);
    const result = await this.#reconciler.reconcile(namespace, reconcileID);
    if (!('failure' in result)) this.#reconcileIDs.delete(namespace);
    return result;
  }

  #newWatches({ namespaces, transport, logger, monotonicMs, observer }: ControllerOptions): Watches {
    const log = informerLog(logger, monotonicMs, () => this.informers);
    return new Watches({
      namespaces,
      transport,
      onEvent: (informer, event) => {
        observer?.onInformerEvent(informer, event);
        log(informer, event);
      },
      enqueue: (namespace) => this.#queue.add(namespace),
    });
  }

  #newReconciler({ transport, leadership, observer, contestedAfter, ...options }: ControllerOptions): Reconciler {
    const { logger, now, monotonicMs } = options;
    const watches = this.#watches;
    const writer = new Writer(transport, leadership);
    return new Reconciler({
      writer,
      watches,
      backoff: new WriteBackoff({ contestedAfter, now, monotonicMs }),
      statusWriter: new StatusWriter({ writer, watches, monotonicMs, othersWait: () => this.#queue.hasWaiting }),
      recorder: this.#recorder,
      logger,
      now,
      onEvent: observer?.onReconcileEvent ?? (() => undefined),
    });
  }

  #newQueue({ maxConcurrentReconciles, logger, observer }: ControllerOptions): WorkQueue {
    return new WorkQueue((namespace) => this.#work(namespace), {
      concurrency: maxConcurrentReconciles,
      backoff: RETRY,
      retryAfterMs,
      onFailure: queueLog(logger, (namespace) => this.#reconcileIDs.get(namespace)),
      observer: observer?.queue,
    });
  }
}
