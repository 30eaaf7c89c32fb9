/** The log of the watches: each failure once, with its remedy, and the recovery. */
import { ApiError, WatchProtocolError } from '../kube/errors.js';
import type { InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { WatchIdleError } from '../kube/watch-events.js';
import { isWithheld } from '../kube/watch-failures.js';
import { messageOf, type Log } from '../log.js';

/** A failure that lasts is logged again after this long. */
const LOG_AGAIN_MS = 10 * 60_000;

const REMEDY_FOR_UNREADABLE =
  'write it anew by the definition that the API server has now; an operator that is older than that definition may have to be upgraded';

/**
 * Logs a failure as a warning once. A retry every few seconds is not news, so it is logged as debug until the failure is
 * another one, has lasted for long, or the informer has worked in between. What keeps all informers from working is one
 * warning for all of them.
 *
 * @param informers all that there are, for the line when the last of them is synced
 */
export function informerLog(
  logger: Log,
  monotonicMs: () => number,
  informers: () => readonly InformerState[],
): OnInformerEvent {
  const warned = new Map<InformerState, { readonly failure: string; readonly at: number }>();
  let haveWorked = false;

  const isWarning = (informer: InformerState, error: unknown): boolean => {
    // A list that is due again is a part of watching, not a fault.
    if (error instanceof ApiError && error.isVersionUnusable) return false;
    const failure = commonFailure(error) ?? `${informer.title}: ${messageOf(error)}`;
    const at = monotonicMs();
    // An admin may withhold a right on purpose: one warning is enough.
    const againAfterMs = isWithheld(informer, error) ? Infinity : LOG_AGAIN_MS;
    const isNews = ![...warned.values()].some((last) => last.failure === failure && at - last.at < againAfterMs);
    if (isNews || !warned.has(informer)) warned.set(informer, { failure, at });
    return isNews;
  };

  const logAllSynced = (hasRecovered: boolean): void => {
    if (haveWorked && !hasRecovered) return;
    if (!informers().every((informer) => informer.optional || isHealthy(informer))) return;
    logger.info({}, haveWorked ? 'All watches work again' : 'Informers synced');
    haveWorked = true;
  };

  return (informer, event) => {
    const { title, namespace } = informer;
    if (event.type === 'Failed') {
      const { error, retryInMs } = event;
      const about = { informer: title, namespace, error: messageOf(error), remedy: remedyFor(informer, error) };
      const level = isWarning(informer, error) ? 'warn' : 'debug';
      logger[level]({ ...about, retryInMs: Math.round(retryInMs) }, 'Watch failed');
    } else if (event.type === 'Synced') {
      logger.debug({ informer: title, namespace }, 'Informer synced');
      logAllSynced(warned.delete(informer));
    } else if (event.type === 'Unreadable') {
      const about = { informer: title, object: event.object, error: messageOf(event.error) };
      logger.warn({ ...about, remedy: REMEDY_FOR_UNREADABLE }, 'Object not readable: it counts as absent');
    }
  };
}

function isHealthy({ synced, lastError }: InformerState): boolean {
  return synced && lastError === undefined;
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
    const apply = rule.folder === undefined || namespace !== undefined ? '' : `: kubectl apply -k ${rule.folder}`;
    return `allow verbs list and watch on ${resource}${named} ${where}${apply}`;
  }
  if (error.isUnauthorized)
    return 'give credentials that the API server accepts: it knows neither this token nor this certificate';
  if (error.isNotFound) return `install the CustomResourceDefinition ${resource} (kubectl apply -k crds)`;
  return undefined;
}
