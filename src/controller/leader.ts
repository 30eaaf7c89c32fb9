/** Leading, for as long as the lease is held where there are several replicas, and what the log says of it. */
import { ApiError } from '../kube/errors.js';
import type { LeaderElection, LeaderElectionObserver } from '../kube/leader-election.js';
import type { Controller } from './controller.js';
import { messageOf, type Log } from '../log.js';

/** Of the Lease, and of the Role that allows it. */
export const LEASE_NAME = 'csi-port-operator';

/**
 * Runs the controller, which watches at once and works while it leads, until `stop` is aborted or the lease is lost; never
 * rejects. A lease is given back when the work in hand is done, not before.
 *
 * @returns Lost where another process may lead by now: this one has written nothing since, except events of what it had
 *   done before, and must end
 */
export async function runWhileLeading(
  controller: Controller,
  election: LeaderElection | undefined,
  stop: AbortController,
  logger: Log,
): Promise<'Stopped' | 'Lost'> {
  if (election === undefined) {
    await controller.run(stop.signal);
    return 'Stopped';
  }
  const drained = new AbortController();
  const running = controller.run(stop.signal).finally(() => drained.abort());
  let outcome: 'Released' | 'Kept' | 'Lost' | undefined;
  if (await election.acquire(stop.signal)) {
    logger.info({}, 'Leading');
    controller.onStartedLeading();
    outcome = await election.hold(drained.signal);
  }
  if (outcome === 'Lost') {
    const error = election.lastError === undefined ? 'it was not renewed in time' : messageOf(election.lastError);
    logger.warn({ error, holder: election.holder }, 'Lease lost');
    stop.abort();
  }
  await running;
  if (outcome === 'Released') logger.info({}, 'Lease released');
  if (outcome === 'Kept') logger.warn({}, 'Lease not given back: others have to wait until it expires');
  return outcome === 'Lost' ? 'Lost' : 'Stopped';
}

/** Says a failure once, until it is another one or the lease was in reach in between. */
export function leaseLog(logger: Log, namespace: string): LeaderElectionObserver {
  let said: string | undefined;
  return {
    waiting(holder) {
      logger.info({ holder }, 'Standing by');
    },
    failed(error) {
      const failure = messageOf(error);
      logger[failure === said ? 'debug' : 'warn']({ error: failure, remedy: remedy(error, namespace) }, 'Lease failed');
      said = failure;
    },
    recovered() {
      said = undefined;
      logger.info({}, 'Lease in reach again');
    },
  };
}

function remedy(error: unknown, namespace: string): string | undefined {
  if (!(error instanceof ApiError && error.isForbidden)) return undefined;
  return `allow verbs get, create and patch on leases.coordination.k8s.io named ${LEASE_NAME} in a Role in namespace ${namespace}`;
}
