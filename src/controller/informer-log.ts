/** What the log says of the watches: each failure once, with its remedy, and the recovery. */
import { ApiError, WatchProtocolError } from '../kube/errors.js';
import type { InformerObserver, InformerState } from '../kube/informer-state.js';
import { WatchIdleError } from '../kube/watch-events.js';
import { messageOf, type Log } from '../log.js';

/** A failure that lasts is said again after this long. */
const SAY_AGAIN_MS = 10 * 60_000;

const REMEDY_FOR_UNREADABLE =
  'write it anew by the definition that the API server has now; an operator that is older than that definition may have to be upgraded';

/**
 * Says a failure once and then only in debug, until it is another one, has lasted for long, or the informer has worked in
 * between: a retry every few seconds is not news. What keeps all informers from working is said once for all of them.
 *
 * @param onSynced told whenever the store of an informer is complete, and whether that ends a failure
 */
export function informerLog(
  logger: Log,
  monotonicMs: () => number,
  onSynced: (recovered: boolean) => void,
): InformerObserver {
  const said = new Map<InformerState, { readonly failure: string; readonly at: number }>();
  return {
    failed(informer, error, retryInMs) {
      const failure = commonFailure(error) ?? `${informer.title}: ${messageOf(error)}`;
      const now = monotonicMs();
      const isNews = ![...said.values()].some((one) => one.failure === failure && now - one.at < SAY_AGAIN_MS);
      // A list that is due again is a part of watching, not a fault.
      const isFault = !(error instanceof ApiError && error.isVersionUnusable);
      if (isFault && (isNews || !said.has(informer))) said.set(informer, { failure, at: now });
      logger[isFault && isNews ? 'warn' : 'debug'](
        {
          informer: informer.title,
          namespace: informer.namespace,
          error: messageOf(error),
          remedy: remedyFor(informer, error),
          retryInMs: Math.round(retryInMs),
        },
        'Watch failed',
      );
    },
    synced(informer) {
      logger.debug({ informer: informer.title, namespace: informer.namespace }, 'Informer synced');
      onSynced(said.delete(informer));
    },
    listed: () => undefined,
    unreadable(informer, object, error) {
      logger.warn(
        { informer: informer.title, object, error: messageOf(error), remedy: REMEDY_FOR_UNREADABLE },
        'Object not readable: it counts as absent',
      );
    },
    closed: () => undefined,
    ended(informer) {
      said.delete(informer);
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
    const where = namespace === undefined ? 'in a ClusterRole' : `in a Role in namespace ${namespace}`;
    const named = rule.name === undefined ? '' : ` named ${rule.name}`;
    return `allow verbs list and watch on ${resource}${named} ${where}`;
  }
  if (error.isUnauthorized)
    return 'give credentials that the API server accepts: it knows neither this token nor this certificate';
  if (error.isNotFound) return `install the CustomResourceDefinition ${resource} (kubectl apply -k crds)`;
  return undefined;
}
