/** Puts the controller's parts together and runs them: watches -> work queue -> reconciler. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PortAssignment } from '../domain/rules/api.js';
import { ApiError } from '../kube/errors.js';
import { EventRecorder } from '../kube/events.js';
import type { InformerObserver, InformerState } from '../kube/informer-state.js';
import type { Leadership } from '../kube/leadership.js';
import type { Transport } from '../kube/transport.js';
import { Writer } from '../kube/writer.js';
import { Applier } from './apply.js';
import { informerLog } from './informer-log.js';
import { messageOf, type Log } from '../log.js';
import { Notifier } from './notifier.js';
import type { ControllerObserver } from './observer.js';
import { Reconciler } from './reconciler.js';
import { StatusWriter } from './status-writer.js';
import { Watches } from './watches.js';
import { WorkQueue, type WorkResult } from './work-queue.js';

export interface ControllerOptions {
  readonly transport: Transport;
  readonly leadership: Leadership;
  readonly logger: Log;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly maxConcurrentReconciles: number;
  /** See domain/contested.ts. */
  readonly contestedAfter: number;
  /** See status-writer.ts. */
  readonly countsDelayMs?: number;
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
  readonly #watches: Watches;
  readonly #queue: WorkQueue;
  readonly #notifier: Notifier;
  readonly #leadership: Leadership;
  readonly #statusWriter: StatusWriter;

  constructor(options: ControllerOptions) {
    const { transport, leadership, logger, now, observer } = options;
    this.#leadership = leadership;
    let haveWorked = false;
    const enqueue = (namespace: string): void => this.#queue.add(namespace);
    this.#watches = new Watches({
      namespaces: options.namespaces,
      transport,
      observer: both(
        observer?.informers,
        informerLog(logger, options.monotonicMs, (recovered) => {
          const awaited = this.informers.filter(({ optional }) => !optional);
          if ((haveWorked && !recovered) || !awaited.every(isHealthy)) return;
          logger.info({}, haveWorked ? 'All watches work again' : 'Informers synced');
          haveWorked = true;
        }),
      ),
      onChange: enqueue,
      onCrowded: (namespace) => {
        const remedy = 'delete the CSIPortAssignments of namespaces whose Rook is gone, and Drivers that nobody needs';
        logger.warn({ namespace, remedy }, 'ceph-csi-operator not watched here: too many namespaces have it');
      },
    });
    const writer = new Writer(transport, leadership);
    this.#notifier = new Notifier({
      recorder: new EventRecorder(transport, { controller: CONTROLLER_NAME, instance: options.instance }),
      now,
      onLost: (reason, error) => logger.warn({ reason, error: messageOf(error) }, 'Event not recorded'),
    });
    this.#statusWriter = new StatusWriter({
      writer,
      watches: this.#watches,
      monotonicMs: options.monotonicMs,
      countsDelayMs: options.countsDelayMs,
    });
    const reconciler = new Reconciler({
      watches: this.#watches,
      applier: new Applier(writer, this.#watches, options.monotonicMs, observer?.reconciles),
      statusWriter: this.#statusWriter,
      notifier: this.#notifier,
      logger,
      now,
      contestRules: { contestedAfter: options.contestedAfter },
      observer: observer?.reconciles,
    });
    // Until all of its informers are synced, a namespace waits: the last of them adds it anew. So does one that has only
    // been watched so far, when this process begins to lead.
    const reconcileIDs = new Map<string, string>();
    const work = async (namespace: string): Promise<WorkResult> => {
      if (!this.#watches.prepare(namespace) || !leadership.isLeading) return { skipped: true };
      const reconcileID = randomUUID();
      reconcileIDs.set(namespace, reconcileID);
      return reconciler.reconcile(namespace, reconcileID);
    };
    this.#queue = new WorkQueue(work, {
      concurrency: options.maxConcurrentReconciles,
      backoff: RETRY,
      observer: observer?.queue,
      retryAfterMs: (error) => (error instanceof ApiError ? error.retryAfterMs : undefined),
      onFailure: (namespace, error, failures, retryInMs) => {
        const forbidden = error instanceof ApiError && error.isForbidden;
        const remedy = forbidden
          ? `grant the rights of config/rbac/rook-namespace in namespace ${namespace}`
          : undefined;
        logger[forbidden || failures > 2 ? 'warn' : 'debug'](
          {
            namespace,
            reconcileID: reconcileIDs.get(namespace),
            error: messageOf(error),
            remedy,
            failures,
            retryInMs: Math.round(retryInMs),
          },
          'Reconcile failed',
        );
      },
    });
  }

  /** What the probes and the metrics tell. */
  get informers(): readonly InformerState[] {
    return this.#watches.states;
  }

  /** Everything is due from now on: until then the process has watched, and written nothing. */
  onStartedLeading(): void {
    for (const namespace of this.#watches.assignments.namespaces()) this.#queue.add(namespace);
  }

  /** As they are stored, without those that are being deleted; for the metrics. */
  get assignments(): readonly PortAssignment[] {
    return this.#watches.assignments.all().filter(({ deleting }) => !deleting);
  }

  /** Runs until `stop` is aborted, then finishes the reconciles in hand and tells what they did; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    this.#queue.start();
    await this.#watches.run(stop);
    await Promise.race([this.#finish(), delay(DRAIN_MS, undefined, { ref: false })]);
  }

  async #finish(): Promise<void> {
    await this.#queue.stop(DRAIN_MS);
    // Who lost the Lease may write no more, and the next process is not kept waiting for events.
    if (this.#leadership.isLeading) await Promise.all([this.#statusWriter.flush(), this.#notifier.drained()]);
  }
}

function both(first: InformerObserver | undefined, second: InformerObserver): InformerObserver {
  if (first === undefined) return second;
  return {
    failed: (...told) => [first, second].forEach((observer) => observer.failed(...told)),
    synced: (informer) => [first, second].forEach((observer) => observer.synced(informer)),
    listed: (informer, by) => [first, second].forEach((observer) => observer.listed(informer, by)),
    unreadable: (...told) => [first, second].forEach((observer) => observer.unreadable(...told)),
    closed: (informer) => [first, second].forEach((observer) => observer.closed(informer)),
    ended: (informer) => [first, second].forEach((observer) => observer.ended(informer)),
  };
}

function isHealthy({ synced, lastError }: InformerState): boolean {
  return synced && lastError === undefined;
}
