/**
 * A repair costs one request: counters in the status and events are told later, and together. Without nodes nothing but a
 * revert moves the status, and the API server's own clock times each request.
 */
import { expect, test } from 'vitest';
import { describeRequest, OPERATOR_USER, STATUS_WRITE, useCluster, type RecordedEvent } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { LoggedRequest, Mark } from '../support/control-plane/audit-log.js';
import type { Operator, OperatorOptions } from '../support/operator.js';
import { Gate } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const PATCH = 'patch deployments csi-cephfsplugin-provisioner';
const COUNTS_DELAY_MS = 10_000;
/** The wall clock, by which the API server times, may be corrected meanwhile; a busy machine is late. */
const EARLIEST_MS = COUNTS_DELAY_MS - 100;
const LATEST_MS = COUNTS_DELAY_MS + 5_000;

interface Started {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly operator: Operator;
}

/** With nothing left to tell of. */
async function assigned(options: Partial<OperatorOptions> = {}): Promise<Started> {
  const installed = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator(options);
  await installed.assignment.waitForReason('Ready', 'RollingOut');
  await installed.assignment.waitUntilSettled();
  await waitFor('the events of the beginning', async () => {
    const events = await cluster().events(installed.rook.namespace);
    return events.filter(({ reason }) => reason === 'PortAssigned').length === 4;
  });
  return { ...installed, operator };
}

/** Resolves as soon as it is repaired. */
async function revert({ rook }: Pick<Started, 'rook'>): Promise<void> {
  await rook.rewrite('cephfsProvisioner');
  await waitFor('the repair', async () => (await rook.ports('cephfsProvisioner')).argument === 9071, { everyMs: 10 });
}

/** All that the operator has asked since the mark, events too, as soon as this is true of it. */
async function requestsOnce(mark: Mark, isIt: (said: readonly string[]) => boolean): Promise<LoggedRequest[]> {
  const { audit } = cluster().controlPlane;
  return waitFor(
    'the requests in the audit log',
    async () => {
      const requests = await audit.since(mark, { user: OPERATOR_USER });
      return isIt(requests.map(said)) && requests;
    },
    { lastSeen: async () => (await audit.since(mark, { user: OPERATOR_USER })).map(said) },
  );
}

/** The names of events are made up. */
function said(request: LoggedRequest): string {
  return request.resource === 'events' ? `${request.verb} event` : describeRequest(request);
}

function timesOf(requests: readonly LoggedRequest[], what: string): number[] {
  return requests.filter((request) => said(request) === what).map(({ receivedAt }) => receivedAt);
}

async function reasserted({ rook }: Started): Promise<RecordedEvent[]> {
  return (await cluster().events(rook.namespace)).filter(({ reason }) => reason === 'Reasserted');
}

function counts(events: readonly RecordedEvent[]): unknown[] {
  return events.map(({ regarding, series }) => [regarding.kind, series?.count ?? 1]).sort();
}

async function count({ assignment }: Started): Promise<number> {
  return (await assignment.status()).reverts.count;
}

test('a revert costs the patch and no other request, until its events and, ten seconds later, its count are told', async () => {
  const started = await assigned();
  const mark = await cluster().controlPlane.audit.mark();
  await revert(started);
  const { reverts } = await started.assignment.waitForReverts(1);
  const requests = await requestsOnce(mark, (all) => all.includes(STATUS_WRITE));
  expect(requests.map(said)).toEqual([PATCH, 'create event', 'create event', STATUS_WRITE]);

  const [patched, , , counted] = requests.map(({ receivedAt }) => receivedAt) as [number, number, number, number];
  expect(counted - patched).toBeGreaterThan(EARLIEST_MS);
  expect(counted - patched).toBeLessThan(LATEST_MS);
  // It tells when that was, in whole seconds, not when it was written.
  expect(reverts.count).toBe(1);
  expect(Math.abs(Date.parse(reverts.lastTime!) - patched)).toBeLessThan(2_000);
});

test('ten reverts in a row cost ten patches, one status write and one event each for workload and assignment', async () => {
  const started = await assigned({ args: ['--contested-after=0'] });
  const mark = await cluster().controlPlane.audit.mark();
  for (let round = 1; round <= 10; round += 1) await revert(started);
  const requests = await requestsOnce(mark, (all) => all.includes(STATUS_WRITE));
  const patches = Array.from({ length: 10 }, () => PATCH);
  expect(requests.map(said)).toEqual([...patches, 'create event', 'create event', STATUS_WRITE]);
  expect(await count(started)).toBe(10);
  expect(counts(await reasserted(started))).toEqual([
    ['CSIPortAssignment', 10],
    ['Deployment', 10],
  ]);
});

test('where something is reverted without a pause, counts and events are told every ten seconds all the same', async () => {
  const started = await assigned({ args: ['--contested-after=0'] });
  const mark = await cluster().controlPlane.audit.mark();
  const stop = new AbortController();
  const reverting = (async () => {
    while (!stop.signal.aborted) await revert(started);
  })();
  const isTold = (all: readonly string[]): boolean => {
    return all.filter((one) => one === STATUS_WRITE).length === 2 && all.includes('patch event');
  };
  const requests = await requestsOnce(mark, isTold).finally(() => stop.abort());
  await reverting;

  const [begun] = timesOf(requests, PATCH) as [number];
  const [first, second] = timesOf(requests, STATUS_WRITE) as [number, number];
  const [created, ofTheOther] = timesOf(requests, 'create event') as [number, number];
  for (const waited of [first - begun, second - first, created - begun, ofTheOther - begun]) {
    expect(waited).toBeGreaterThan(EARLIEST_MS);
    expect(waited).toBeLessThan(LATEST_MS);
  }
  const events = await cluster().eventsAfterStop(started.operator, started.rook.namespace);
  const patches = timesOf(await requestsOnce(mark, (all) => all.includes(PATCH)), PATCH).length;
  expect(await count(started)).toBe(patches);
  expect(counts(events.filter(({ reason }) => reason === 'Reasserted'))).toEqual([
    ['CSIPortAssignment', patches],
    ['Deployment', patches],
  ]);
});

test('SIGTERM right after a repair: its count and its events are written before the process ends', async () => {
  const started = await assigned();
  await revert(started);
  expect([await count(started), await reasserted(started)]).toEqual([0, []]);
  expect(await started.operator.stop()).toBe(0);
  expect(await count(started)).toBe(1);
  expect(counts(await reasserted(started))).toEqual([
    ['CSIPortAssignment', 1],
    ['Deployment', 1],
  ]);
});

test('SIGTERM, and an edit of the assignment that the operator no longer sees: the count goes onto the edited one', async () => {
  const { api } = cluster().controlPlane;
  let isArmed = false;
  const gate = new Gate(cluster().controlPlane, ({ method, path }) => {
    return isArmed && method === 'PATCH' && path.startsWith('/apis/apps/');
  });
  const started = await assigned({ kubeconfig: await gate.start() });
  const { rook, assignment, operator } = started;
  isArmed = true;
  await rook.rewrite('cephfsProvisioner');
  await waitFor('the patch to be under way', () => Promise.resolve(gate.waiting.length === 1));
  const stopped = operator.stop();
  await operator.waitForMessage('Stopping');
  const annotations = { 'example.com/edited': 'meanwhile' };
  await api.patch(`/apis/csiports.io/v1alpha1/namespaces/${rook.namespace}/csiportassignments/default`, {
    metadata: { annotations },
  });
  gate.open();
  expect(await stopped).toBe(0);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  expect(await count(started)).toBe(1);
  expect((await assignment.get()).metadata).toMatchObject({ annotations });
});

test('restarts lose nothing: four operators repair once each, and the fifth revert is a contest', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  for (const total of [0, 1, 2, 3, 4]) {
    const operator = await cluster().startOperator();
    await operator.waitUntilReady();
    if (total === 0) await assignment.waitForReason('Ready', 'RollingOut');
    else await revert({ rook });
    await operator.stop();
    expect((await assignment.status()).reverts.count).toBe(total);
  }
  await cluster().startOperator();
  await rook.rewrite('cephfsProvisioner');
  const { reverts } = await assignment.waitForReason('Degraded', 'Contested');
  expect(reverts).toMatchObject({ count: 5, recent: [{ name: 'csi-cephfsplugin-provisioner', backoffSeconds: 30 }] });
  expect(reverts.recent![0]!.times).toHaveLength(5);
});

test('SIGKILL loses the counts that were not told yet, and nothing else', async () => {
  const started = await assigned();
  const { rook, assignment, operator } = started;
  await revert(started);
  await assignment.waitForReverts(1);
  await revert(started);
  await operator.kill();
  expect(await count(started)).toBe(1);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);

  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  expect(await count(started)).toBe(1);
  await revert(started);
  expect((await assignment.waitForReverts(2)).reverts.count).toBe(2);
});
