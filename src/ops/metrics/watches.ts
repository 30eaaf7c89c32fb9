/** Records the lists, failures and ends of the watches: csiports_watch_*. */
import { ApiError, isConnectionLost, WatchProtocolError } from '../../kube/errors.js';
import type { InformerState, OnInformerEvent } from '../../kube/informer-state.js';
import { WatchIdleError } from '../../kube/watch-events.js';
import type { Recorder } from './recorder.js';

export type RestartCause =
  'closed' | 'expired' | 'idle' | 'forbidden' | 'unauthorized' | 'unavailable' | 'protocol' | 'not_found';

export function countWatchTransitions(recorder: Recorder): OnInformerEvent {
  return (informer, event) => {
    const resource = resourceOf(informer);
    switch (event.type) {
      case 'Failed':
        recorder.count('csiports_watch_restarts_total', { resource, cause: causeOf(event.error) });
        break;
      case 'Closed':
        recorder.count('csiports_watch_restarts_total', { resource, cause: 'closed' });
        break;
      case 'Listed':
        recorder.count('csiports_watch_lists_total', { resource, by: event.by });
        break;
      case 'Synced':
        recorder.count('csiports_watch_syncs_total', { resource });
        break;
      case 'Unreadable':
        recorder.count('csiports_watch_unreadable_objects_total', { resource });
        break;
    }
  };
}

/** E.g. "deployments.apps/csi-rbdplugin-provisioner"; without a name if all objects are watched. */
export function resourceOf({ rule: { group, resource, name } }: InformerState): string {
  return `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
}

export function causeOf(error: unknown): RestartCause {
  if (error instanceof WatchIdleError) return 'idle';
  if (error instanceof WatchProtocolError) return 'protocol';
  if (error instanceof ApiError) return causeOfResponse(error);
  return isConnectionLost(error) ? 'unavailable' : 'protocol';
}

function causeOfResponse(error: ApiError): RestartCause {
  if (error.isVersionUnusable) return 'expired';
  if (error.isUnauthorized) return 'unauthorized';
  if (error.isForbidden) return 'forbidden';
  if (error.isNotFound) return 'not_found';
  return error.status === 429 || error.status >= 500 ? 'unavailable' : 'protocol';
}
