/** The log of the watches: each failure once, with its remedy, and the recovery. */
import { ApiError, WatchProtocolError } from '../kube/errors.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { WatchIdleError } from '../kube/watch-events.js';
import { messageOf, type Log } from '../log.js';

/** A failure that lasts is logged again after this long. */
const LOG_AGAIN_MS = 10 * 60_000;

type EventOf<Type extends InformerEvent['type']> = Extract<InformerEvent, { type: Type }>;

const REMEDY_FOR_UNREADABLE =
  'write it anew by the definition that the API server has now; an operator that is older than that definition may have to be upgraded';

/** @param informers all that there are, for the line when the last of them is synced */
export function informerLog(
  logger: Log,
  monotonicMs: () => number,
  informers: () => readonly InformerState[],
): OnInformerEvent {
  const failures = new FailureLog(logger, monotonicMs);
  let haveWorked = false;
  const logAllSynced = (recovered: boolean): void => {
    const isNews = recovered || !haveWorked;
    if (!isNews || !informers().every((informer) => informer.optional || isHealthy(informer))) return;
    logger.info({}, haveWorked ? 'All watches work again' : 'Informers synced');
    haveWorked = true;
  };
  return (informer, event) => {
    switch (event.type) {
      case 'Failed':
        failures.log(informer, event);
        break;
      case 'Synced':
        logger.debug({ informer: informer.title, namespace: informer.namespace }, 'Informer synced');
        logAllSynced(failures.end(informer));
        break;
      case 'Unreadable':
        logUnreadable(logger, informer, event);
        break;
      case 'Listed':
      case 'Closed':
    }
  };
}

function isHealthy({ synced, lastError }: InformerState): boolean {
  return synced && lastError === undefined;
}

/**
 * Logs a failure as a warning once. A retry every few seconds is not news, so it is logged as debug until the failure is
 * another one, has lasted for long, or the informer has worked in between. What keeps all informers from working is one
 * warning for all of them.
 */
class FailureLog {
  readonly #logger: Log;
  readonly #monotonicMs: () => number;
  readonly #logged = new Map<InformerState, { readonly failure: string; readonly at: number }>();

  constructor(logger: Log, monotonicMs: () => number) {
    this.#logger = logger;
    this.#monotonicMs = monotonicMs;
  }

  log(informer: InformerState, { error, retryInMs }: EventOf<'Failed'>): void {
    this.#logger[this.#isWarning(informer, error) ? 'warn' : 'debug'](
      {
        informer: informer.title,
        namespace: informer.namespace,
        error: messageOf(error),
        remedy: remedyFor(informer, error),
        retryInMs: Math.round(retryInMs),
      },
      'Watch failed',
    );
  }

  /** @returns whether the informer was failing */
  end(informer: InformerState): boolean {
    return this.#logged.delete(informer);
  }

  #isWarning(informer: InformerState, error: unknown): boolean {
    // A list that is due again is a part of watching, not a fault.
    if (error instanceof ApiError && error.isVersionUnusable) return false;
    const failure = commonFailure(error) ?? `${informer.title}: ${messageOf(error)}`;
    const now = this.#monotonicMs();
    const isNews = ![...this.#logged.values()].some(
      (logged) => logged.failure === failure && now - logged.at < LOG_AGAIN_MS,
    );
    if (isNews || !this.#logged.has(informer)) this.#logged.set(informer, { failure, at: now });
    return isNews;
  }
}

function logUnreadable(logger: Log, { title }: InformerState, { object, error }: EventOf<'Unreadable'>): void {
  logger.warn(
    { informer: title, object, error: messageOf(error), remedy: REMEDY_FOR_UNREADABLE },
    'Object not readable: it counts as absent',
  );
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
    const where = namespace === undefined ? 'in a ClusterRole' : `in a Role in namespace ${namespace}`;
    const named = rule.name === undefined ? '' : ` named ${rule.name}`;
    return `allow verbs list and watch on ${resource}${named} ${where}`;
  }
  if (error.isUnauthorized)
    return 'give credentials that the API server accepts: it knows neither this token nor this certificate';
  if (error.isNotFound) return `install the CustomResourceDefinition ${resource} (kubectl apply -k crds)`;
  return undefined;
}
