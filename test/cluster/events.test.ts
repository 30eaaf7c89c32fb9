/**
 * Events follow a repair: a second later, one for the assignment and one for the workload, and what is repeated counts up
 * their series. Without nodes nothing but a revert moves the status, and the API server's own clock times each request.
 */
import { expect, test } from 'vitest';
import type { Assignment } from '../support/assignment.js';
import { describeRequest, useCluster, type RecordedEvent } from '../support/cluster.js';
import type { LoggedRequest, Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Operator, OperatorOptions } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { OTHER_PORTS } from '../support/slots.js';
import { OPERATOR_USER } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0 });

/** Nobody else is on Rook's own port, so that a revert brings no conflict with events of its own. */
const PORT = OTHER_PORTS.cephfsProvisioner;
const PATCH = 'patch deployments csi-cephfsplugin-provisioner';
/** Of EVENTS_DELAY_MS: the wall clock, by which the API server times, may be corrected meanwhile. */
const EARLIEST_MS = 900;

interface Started {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly operator: Operator;
}

/** With all events of the beginning recorded. */
async function assigned(options: Partial<OperatorOptions> = {}): Promise<Started> {
  const installed = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const operator = await cluster().startOperator(options);
  await installed.assignment.waitForReason('Ready', 'RollingOut');
  await installed.assignment.waitUntilSettled();
  await waitFor('the events of the beginning', async () => {
    const events = await cluster().events(installed.rook.namespace);
    // They are recorded in their order, and this is the last one.
    return events.some(({ reason }) => reason === 'ConflictResolved');
  });
  return { ...installed, operator };
}

/** Resolves as soon as it is repaired. */
async function revert({ rook }: Started): Promise<void> {
  await rook.rewrite('cephfsProvisioner');
  await waitFor('the repair', async () => (await rook.ports('cephfsProvisioner')).argument === PORT, { everyMs: 10 });
}

async function reasserted({ rook }: Started): Promise<RecordedEvent[]> {
  return (await cluster().events(rook.namespace)).filter(({ reason }) => reason === 'Reasserted');
}

/** How often what happened on either object, by the events stored. */
function counts(events: readonly RecordedEvent[]): unknown[] {
  return events.map(({ regarding, series }) => [regarding.kind, series?.count ?? 1]).sort();
}

/** What counts() has of one event each for the assignment and the workload. */
function onBoth(count: number): unknown[] {
  return [
    ['CSIPortAssignment', count],
    ['Deployment', count],
  ];
}

async function waitForCounts(started: Started, count: number): Promise<void> {
  const wanted = JSON.stringify(onBoth(count));
  await waitFor(`both events with a count of ${count}`, async () => {
    return JSON.stringify(counts(await reasserted(started))) === wanted;
  });
}

/** The repairs and the requests of events since the mark, in the order in which the API server received them. */
async function requestsSince(mark: Mark): Promise<LoggedRequest[]> {
  const requests = await cluster().controlPlane.audit.since(mark, { user: OPERATOR_USER });
  return requests.filter((request) => request.resource === 'events' || describeRequest(request) === PATCH);
}

/** The names of events are made up. */
function described(requests: readonly LoggedRequest[]): string[] {
  return requests.map((request) =>
    request.resource === 'events' ? `${request.verb} event` : describeRequest(request),
  );
}

test('a revert costs the patch, and a second later one event each for assignment and workload', async () => {
  const started = await assigned();
  const mark = await cluster().controlPlane.audit.mark();
  await revert(started);
  const requests = await waitFor('both events in the audit log', async () => {
    const found = await requestsSince(mark);
    return found.length >= 3 && found;
  });
  expect(described(requests)).toEqual([PATCH, 'create event', 'create event']);
  const [patched, created] = requests.map(({ receivedAt }) => receivedAt) as [number, number];
  expect(created - patched).toBeGreaterThan(EARLIEST_MS);
  await waitForCounts(started, 1);
});

test('a second revert makes both events series, and those after it cost no request until the operator ends', async () => {
  const started = await assigned({ args: ['--contested-after=0'] });
  const mark = await cluster().controlPlane.audit.mark();
  await revert(started);
  await waitForCounts(started, 1);
  await revert(started);
  await waitForCounts(started, 2);
  for (let round = 3; round <= 10; round += 1) await revert(started);
  expect(counts(await reasserted(started))).toEqual(onBoth(2));

  expect(await started.operator.stop()).toBe(0);
  expect(counts(await reasserted(started))).toEqual(onBoth(10));
  const events = described(await requestsSince(mark)).filter((request) => request !== PATCH);
  // Of each event: created, made a series, and counted at the end.
  expect(events).toEqual([...Array<string>(2).fill('create event'), ...Array<string>(4).fill('patch event')]);
});

test('SIGTERM right after a repair: its events are recorded before the process ends', async () => {
  const started = await assigned();
  await revert(started);
  expect(await started.operator.stop()).toBe(0);
  expect(counts(await reasserted(started))).toEqual(onBoth(1));
});

test('after the events were deleted, the next revert but one creates events again', async () => {
  const started = await assigned({ args: ['--contested-after=0'] });
  await revert(started);
  await waitForCounts(started, 1);
  await cluster().controlPlane.api.delete(`/apis/events.k8s.io/v1/namespaces/${started.rook.namespace}/events`);
  await revert(started);
  await started.operator.waitForMessage('Event not recorded');
  await revert(started);
  await waitForCounts(started, 1);
});
