/** Runs the controller with leader election, and logs what happens to the Lease. */
import { ApiError } from '../kube/errors.js';
import type { LeaderElection, LeaderElectionObserver } from '../kube/leader-election.js';
import { LEASE_NAME } from '../kube/lease.js';
import type { Controller } from './controller.js';
import { messageOf, type Log } from '../log.js';

/**
 * Runs the controller, which watches at once and works while it leads, until `stop` is aborted or the lease is lost. The
 * lease is released only when the work in hand is done. Never rejects.
 *
 * @returns Lost if another process may lead: this one has since written only events of its earlier work, and must end
 */
export async function runWithLeaderElection(
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
  if (outcome === 'Kept') logger.warn({}, 'Lease not released: other replicas wait until it expires');
  return outcome === 'Lost' ? 'Lost' : 'Stopped';
}

/** Warns of a failure once, until it changes or ends. */
export function leaseLog(logger: Log, namespace: string): LeaderElectionObserver {
  let last: string | undefined;
  return {
    waiting(holder) {
      logger.info({ holder }, 'Standing by');
    },
    failed(error) {
      const failure = messageOf(error);
      logger[failure === last ? 'debug' : 'warn']({ error: failure, remedy: remedy(error, namespace) }, 'Lease failed');
      last = failure;
    },
    recovered() {
      last = undefined;
      logger.info({}, 'Lease reachable again');
    },
  };
}

function remedy(error: unknown, namespace: string): string | undefined {
  if (!(error instanceof ApiError && error.isForbidden)) return undefined;
  return `allow verbs get, create and patch on leases.coordination.k8s.io named ${LEASE_NAME} in a Role in namespace ${namespace}`;
}
