/** The log of the work queue: each failed reconcile, with its remedy if a right is missing. */
import { ApiError } from '../kube/errors.js';
import { messageOf, type Log } from '../log.js';
import type { WorkQueueOptions } from './work-queue.js';

/** The API server and Rook may be restarting: as many failures in a row are normal. */
const MAX_NORMAL_FAILURES = 2;

/** @param reconcileIDOf the ID in the lines that the reconcile itself has logged */
export function queueLog(
  logger: Log,
  reconcileIDOf: (namespace: string) => string | undefined,
): WorkQueueOptions['onFailure'] {
  return (namespace, error, failures, retryInMs) => {
    const isForbidden = error instanceof ApiError && error.isForbidden;
    const remedy = isForbidden ? `grant the rights of config/rbac/rook-namespace in namespace ${namespace}` : undefined;
    const reconcileID = reconcileIDOf(namespace);
    logger[isForbidden || failures > MAX_NORMAL_FAILURES ? 'warn' : 'debug'](
      { namespace, reconcileID, error: messageOf(error), remedy, failures, retryInMs: Math.round(retryInMs) },
      'Reconcile failed',
    );
  };
}
