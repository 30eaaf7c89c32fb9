/** csiports_watch_*: what becomes of the watches. */
import { ApiError, isConnectionLost, WatchProtocolError } from '../../kube/errors.js';
import type { InformerObserver, InformerState } from '../../kube/informer-state.js';
import { WatchIdleError } from '../../kube/watch-events.js';
import type { Recorder } from './recorder.js';

export type RestartCause =
  'closed' | 'expired' | 'idle' | 'forbidden' | 'unauthorized' | 'unavailable' | 'protocol' | 'not_found';

/** @param informers those that are there now; of one that has just ended it does not matter whether it is among them */
export function countWatchTransitions(recorder: Recorder, informers: () => readonly InformerState[]): InformerObserver {
  const ended = (informer: InformerState, cause: RestartCause): void => {
    recorder.count('csiports_watch_restarts_total', { resource: resourceOf(informer), cause });
  };
  return {
    failed: (informer, error) => ended(informer, causeOf(error)),
    closed: (informer) => ended(informer, 'closed'),
    listed: (informer, by) => recorder.count('csiports_watch_lists_total', { resource: resourceOf(informer), by }),
    synced: (informer) => recorder.count('csiports_watch_syncs_total', { resource: resourceOf(informer) }),
    unreadable: (informer) => {
      recorder.count('csiports_watch_unreadable_objects_total', { resource: resourceOf(informer) });
    },
    // One count stands for all namespaces in which a resource of this name is watched: it goes with the last of them.
    ended: (informer) => {
      const resource = resourceOf(informer);
      const isLast = informers().every((other) => other === informer || resourceOf(other) !== resource);
      if (isLast) recorder.forget(resource);
    },
  };
}

/** As "deployments.apps/csi-rbdplugin-provisioner"; without a name all objects are watched. */
export function resourceOf({ rule: { group, resource, name } }: InformerState): string {
  return `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
}

export function causeOf(error: unknown): RestartCause {
  if (error instanceof WatchIdleError) return 'idle';
  if (error instanceof WatchProtocolError) return 'protocol';
  if (error instanceof ApiError) return causeOfAnswer(error);
  return isConnectionLost(error) ? 'unavailable' : 'protocol';
}

function causeOfAnswer(error: ApiError): RestartCause {
  if (error.isVersionUnusable) return 'expired';
  if (error.isUnauthorized) return 'unauthorized';
  if (error.isForbidden) return 'forbidden';
  if (error.isNotFound) return 'not_found';
  return error.status === 429 || error.status >= 500 ? 'unavailable' : 'protocol';
}
