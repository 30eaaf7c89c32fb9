/** Puts the controller's parts together and runs them: watches -> work queue -> reconciler. */
import { ApiError, WatchProtocolError } from '../kube/errors.js';
import { EventRecorder } from '../kube/events.js';
import type { InformerObserver, InformerState } from '../kube/informer.js';
import type { Transport } from '../kube/transport.js';
import { WatchIdleError } from '../kube/watch-events.js';
import { Writer } from '../kube/writer.js';
import { Applier } from './apply.js';
import type { Log } from './log.js';
import { Notifier } from './notifier.js';
import { Reconciler } from './reconciler.js';
import { Watches } from './watches.js';
import { WorkQueue } from './work-queue.js';

export interface ControllerOptions {
  readonly transport: Transport;
  readonly logger: Log;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly maxConcurrentReconciles: number;
  /** Name of this process in events, e.g. the pod's. */
  readonly instance: string;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
}

const CONTROLLER_NAME = 'csiports.io/csi-port-operator';
const RETRY = { baseMs: 50, maxMs: 60_000 };
/** How long a stop waits for the reconciles in hand. */
const DRAIN_MS = 10_000;

export class Controller {
  readonly #watches: Watches;
  readonly #queue: WorkQueue;
  readonly #logger: Log;

  constructor(options: ControllerOptions) {
    const { transport, logger, now } = options;
    this.#logger = logger;
    this.#watches = new Watches({
      namespaces: options.namespaces,
      transport,
      observer: informerLog(logger),
      onChange: (namespace) => this.#queue.add(namespace),
    });
    const writer = new Writer(transport);
    const recorder = new EventRecorder(transport, { controller: CONTROLLER_NAME, instance: options.instance, now });
    const reconciler = new Reconciler({
      watches: this.#watches,
      applier: new Applier(writer, this.#watches, options.monotonicMs),
      writer,
      notifier: new Notifier(recorder, ({ reason }, error) => {
        logger.warn({ reason, error: messageOf(error) }, 'Event not recorded');
      }),
      logger,
      now,
    });
    this.#queue = new WorkQueue((namespace) => reconciler.reconcile(namespace), {
      concurrency: options.maxConcurrentReconciles,
      backoff: RETRY,
      retryAfterMs: (error) => (error instanceof ApiError ? error.retryAfterMs : undefined),
      onFailure: (namespace, error, failures, retryInMs) => {
        const forbidden = error instanceof ApiError && error.isForbidden;
        const remedy = forbidden
          ? `grant the rights of config/rbac/rook-namespace in namespace ${namespace}`
          : undefined;
        logger[forbidden || failures > 2 ? 'warn' : 'debug'](
          { namespace, error: messageOf(error), remedy, failures, retryInMs: Math.round(retryInMs) },
          'Reconcile failed',
        );
      },
    });
  }

  /** What the probes tell. */
  get informers(): readonly InformerState[] {
    return this.#watches.states;
  }

  /** Runs until `stop` is aborted, then finishes the reconciles in hand; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const watching = this.#watches.run(stop);
    const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([this.#watches.synced(), stopped]);
    if (!stop.aborted) {
      this.#logger.info({ assignments: this.#watches.assignments.namespaces() }, 'Informers synced');
      this.#queue.start();
      await stopped;
    }
    await Promise.all([this.#queue.stop(DRAIN_MS), watching]);
  }
}

/**
 * Says a failure once and then only in debug, until it is another one or the informer has worked in between: a retry
 * every half minute is not news. What keeps all informers from working is said once for all of them.
 */
function informerLog(logger: Log): InformerObserver {
  const said = new Map<InformerState, string>();
  return {
    failed(informer, error, retryInMs) {
      const failure = commonFailure(error) ?? `${informer.title}: ${messageOf(error)}`;
      // A list that is due again is a part of watching, not a fault.
      const isFault = !(error instanceof ApiError && error.isVersionUnusable);
      const level = isFault && ![...said.values()].includes(failure) ? 'warn' : 'debug';
      if (isFault) said.set(informer, failure);
      logger[level](
        {
          informer: informer.title,
          namespace: informer.namespace === '' ? undefined : informer.namespace,
          error: messageOf(error),
          remedy: remedyFor(informer, error),
          retryInMs: Math.round(retryInMs),
        },
        'Watch failed',
      );
    },
    synced(informer) {
      logger.debug({ informer: informer.title }, 'Informer synced');
      if (said.delete(informer) && said.size === 0) logger.info({}, 'All watches work again');
    },
  };
}

/** Names a failure that is not one informer's own: an API server that is away or busy, or one that does not know us. */
function commonFailure(error: unknown): string | undefined {
  if (error instanceof WatchIdleError || error instanceof WatchProtocolError) return undefined;
  if (!(error instanceof ApiError)) return 'Unavailable';
  if (error.isUnauthorized) return 'Unauthorized';
  return error.status === 429 || error.status >= 500 ? 'Unavailable' : undefined;
}

/** What an admin does about a failed watch; undefined where only time helps. */
export function remedyFor({ rule, namespace }: InformerState, error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const resource = rule.group === '' ? rule.resource : `${rule.resource}.${rule.group}`;
  if (error.isForbidden) {
    const where =
      namespace === undefined || namespace === '' ? 'in a ClusterRole' : `in a Role in namespace ${namespace}`;
    return `allow verbs list and watch on ${resource} named ${rule.name} ${where}`;
  }
  if (error.isUnauthorized)
    return 'give credentials that the API server accepts: it knows neither this token nor this certificate';
  if (error.isNotFound) return `install the CustomResourceDefinition ${resource} (kubectl apply -k crds)`;
  return undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
