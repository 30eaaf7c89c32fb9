import { expect, test } from 'vitest';
import { Reconciler } from '../../../src/controller/reconciler.js';
import { StatusWriter } from '../../../src/controller/status-writer.js';
import type { WorkResult } from '../../../src/controller/work-queue.js';
import { WriteBackoff } from '../../../src/controller/write-backoff.js';
import type { AssignmentStatus, Condition, ConditionType } from '../../../src/domain/rules/api.js';
import { currentPort } from '../../../src/domain/rules/sidecar-port.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import type { EventSpec } from '../../../src/domain/report/events.js';
import { ASSIGNMENT_KIND } from '../../../src/domain/rules/api.js';
import { CONFLICT_PORT, DEFAULT_PORTS, inOrder } from '../../support/slots.js';
import { rawWorkload, type RawWorkload } from '../domain/raw-workload.js';
import { NAMESPACE, rolledOut, startCluster, type Cluster, type ClusterOptions } from './cluster-double.js';

interface Bench {
  readonly cluster: Cluster;
  readonly clock: { ms: number };
  /** Of the work queue. */
  readonly queue: { othersWait: boolean };
  readonly lines: string[];
  readonly fields: object[];
  readonly events: EventSpec[];
  readonly reconcile: (namespace?: string) => Promise<WorkResult>;
}

async function bench(options: ClusterOptions = {}): Promise<Bench> {
  return processOn(await startCluster(options));
}

/** Another process of the operator, which has its own memory. */
function processOn(cluster: Cluster): Bench {
  const clock = { ms: 1_000 };
  const now = (): Date => new Date(Date.parse('2026-11-22T10:00:00Z') + clock.ms);
  const monotonicMs = (): number => clock.ms;
  const queue = { othersWait: false };
  const lines: string[] = [];
  const fields: object[] = [];
  const events: EventSpec[] = [];
  const log = (more: object, message: string): void => {
    lines.push(message);
    fields.push(more);
  };
  const { writer, watches } = cluster;
  const reconciler = new Reconciler({
    writer,
    watches,
    backoff: new WriteBackoff({ contestedAfter: 5, now, monotonicMs }),
    statusWriter: new StatusWriter({ writer, watches, monotonicMs, othersWait: () => queue.othersWait }),
    // Each event of a workload is recorded on it as well: controller/events.test.ts.
    recorder: {
      record: ({ kind }, event) => {
        if (kind === ASSIGNMENT_KIND) events.push(event);
      },
    },
    logger: { debug: log, info: log, warn: log },
    now,
    onEvent: () => undefined,
  });
  return {
    cluster,
    clock,
    queue,
    lines,
    fields,
    events,
    reconcile: (namespace = NAMESPACE) => reconciler.reconcile(namespace, 'r-1'),
  };
}

const CEPHFS = 'PATCH csi-cephfsplugin-provisioner';
const reverted = (): RawWorkload => rawWorkload('cephfsProvisioner', { port: 9070 });

/** Reconciled, with every pod on its port, by an operator that had nothing to write but the status. */
async function settled(): Promise<Bench> {
  const pins = SLOT_SPECS.map(({ configKey, defaultPort }) => [configKey, String(defaultPort)] as const);
  const found = await bench({ config: Object.fromEntries(pins) });
  for (const { slot } of SLOT_SPECS) found.cluster.write(slot, rolledOut(rawWorkload(slot)));
  await found.reconcile();
  expect([found.cluster.writes(), reasonOf(found, 'Ready')]).toEqual([['PATCH status'], 'PortsAssigned']);
  found.cluster.server.requests.length = 0;
  found.cluster.changed.length = 0;
  return found;
}

const statusOf = ({ cluster }: Pick<Bench, 'cluster'>): AssignmentStatus => cluster.storedStatus() as AssignmentStatus;

const conditionOf = (found: Pick<Bench, 'cluster'>, type: ConditionType): Condition =>
  statusOf(found).conditions.find((one) => one.type === type)!;

const reasonOf = (found: Pick<Bench, 'cluster'>, type: ConditionType): string => conditionOf(found, type).reason;

const reasons = ({ events }: Bench): string[] => events.map(({ reason }) => reason);

test('a namespace without an assignment is left alone', async () => {
  const { cluster, reconcile } = await bench();
  expect(await reconcile('elsewhere')).toEqual({});
  expect(cluster.server.requests).toEqual([]);
});

test('each line that the log has of a reconcile has its id and its namespace', async () => {
  const { reconcile, fields, lines } = await bench();
  await reconcile();
  expect(lines).toEqual(['Pinned Rook config', 'Patched workload', 'Patched workload', 'Reconciled', 'Updated status']);
  for (const more of fields) expect(more).toMatchObject({ namespace: NAMESPACE, reconcileID: 'r-1' });
});

test('the pin, then the patches, then the status; the events of what was done', async () => {
  const found = await bench();
  expect(await found.reconcile()).toEqual({});
  const writes = found.cluster.writes();
  expect([writes[0], writes.slice(1, 3).sort(), writes.slice(3)]).toEqual([
    'PATCH rook-ceph-operator-config',
    [CEPHFS, 'PATCH csi-rbdplugin'],
    ['PATCH status'],
  ]);
  expect(statusOf(found).workloads.map(({ currentPort: port }) => port)).toEqual(inOrder(DEFAULT_PORTS));
  expect(conditionOf(found, 'Ready')).toMatchObject({
    reason: 'RollingOut',
    observedGeneration: 3,
    lastTransitionTime: '2026-11-22T10:00:01Z',
  });
  expect(reasons(found)).toEqual([
    'ConflictDetected',
    'RookConfigPinned',
    'PortAssigned',
    'PortAssigned',
    'ConflictResolved',
  ]);
});

test('while other namespaces wait, the status of a repaired one comes in a turn of its own; the events are recorded at once', async () => {
  const found = await bench();
  const { cluster, queue, reconcile, events } = found;
  queue.othersWait = true;
  expect(await reconcile()).toEqual({ requeueAfterMs: 0 });
  expect(cluster.writes()).not.toContain('PATCH status');
  const recorded = reasons(found);
  expect(recorded).toContain('PortAssigned');
  cluster.server.requests.length = 0;
  expect(await reconcile()).toEqual({});
  expect(cluster.writes()).toEqual(['PATCH status']);
  expect(statusOf(found).workloads.map(({ currentPort: port }) => port)).toEqual(inOrder(DEFAULT_PORTS));
  expect(events).toHaveLength(recorded.length);
});

test('while other namespaces wait, a rejection is in the status of the reconcile that met it', async () => {
  const found = await bench();
  found.queue.othersWait = true;
  found.cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(403, 'Forbidden'));
  await found.reconcile();
  expect(reasonOf(found, 'Ready')).toBe('PatchRejected');
});

test('a world that has not changed: nothing is written, recorded, or to come back for, by the same process or another', async () => {
  const found = await settled();
  for (const { reconcile, events } of [found, processOn(found.cluster)]) {
    found.clock.ms += 3_600_000;
    expect(await reconcile()).toEqual({});
    expect([found.cluster.server.requests, events]).toEqual([[], []]);
  }
});

test('a status that is removed is written again, the same but for its times, and nothing else is', async () => {
  const found = await settled();
  const before = statusOf(found);
  found.clock.ms += 60_000;
  found.cluster.writeStatus(undefined);
  expect(await found.reconcile()).toEqual({});
  expect(found.cluster.writes()).toEqual(['PATCH status']);
  const lastTransitionTime = '2026-11-22T10:01:01Z';
  const conditions = before.conditions.map((condition) => ({ ...condition, lastTransitionTime }));
  expect(statusOf(found)).toEqual({ ...before, conditions });
  expect(found.events).toEqual([]);
});

test.each<[string, unknown]>([
  ['fields that the API does not have', { phase: 'Old', reverts: { count: 7 } }],
  [
    'a time that the API server would reject',
    { conditions: [{ type: 'Ready', status: 'True', reason: 'X', lastTransitionTime: 'now' }] },
  ],
  ['lists where there are none', { ports: [9070], workloads: 'none', conditions: {} }],
])('a status of another shape is replaced as a whole, by one write: %s', async (_, stored) => {
  const found = await settled();
  const before = statusOf(found);
  found.cluster.writeStatus(stored);
  expect(await found.reconcile()).toEqual({});
  expect(found.cluster.writes()).toEqual(['PATCH status']);
  expect(statusOf(found)).toEqual(before);
  expect(found.events).toEqual([]);
});

test('what the stored status says decides nothing: a contest in it holds no write back', async () => {
  const found = await settled();
  const conditions = statusOf(found).conditions.map((condition) => ({
    ...condition,
    status: 'True',
    reason: 'Contested',
  }));
  found.cluster.writeStatus({ ...statusOf(found), conditions });
  found.cluster.write('cephfsProvisioner', reverted());
  await found.reconcile();
  expect(found.cluster.writes()).toEqual([CEPHFS, 'PATCH status']);
});

test('Paused, DryRun: the status says what Enforce would do, and there are no events', async () => {
  for (const mode of ['Paused', 'DryRun'] as const) {
    const found = await bench({ spec: { mode } });
    await found.reconcile();
    expect(reasonOf(found, 'Ready')).toBe(mode);
    const conflicting = statusOf(found).workloads.filter(({ currentPort: port }) => port === CONFLICT_PORT);
    expect(conflicting.map(({ slot }) => slot)).toEqual(['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin']);
    expect(found.events).toEqual([]);
  }
});

test('while Rook is waited for, the namespace comes back in time', async () => {
  const found = await bench({ rookAlive: true });
  expect(await found.reconcile()).toEqual({ requeueAfterMs: 3_000 });
  expect([reasonOf(found, 'Ready'), reasonOf(found, 'Progressing')]).toEqual(['WaitingForRook', 'WaitingForRook']);
  found.clock.ms += 3_000;
  expect(await found.reconcile()).toEqual({});
  expect(reasonOf(found, 'Ready')).toBe('RollingOut');
});

test('the node plugin waits for the new pods of the provisioners: the status says so, and it follows at once', async () => {
  const found = await bench();
  const { cluster, reconcile } = found;
  for (const { slot } of SLOT_SPECS) cluster.write(slot, rolledOut(rawWorkload(slot, { port: CONFLICT_PORT })));
  expect(await reconcile()).toEqual({});
  expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config', CEPHFS, 'PATCH status']);
  expect(conditionOf(found, 'Ready')).toMatchObject({
    reason: 'AwaitingPods',
    message:
      'DaemonSet csi-rbdplugin is moved to 9072 when the new pods of Deployment csi-cephfsplugin-provisioner exist',
  });
  expect(reasonOf(found, 'Progressing')).toBe('AwaitingPods');

  cluster.server.requests.length = 0;
  cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner')));
  await reconcile();
  expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config', 'PATCH csi-rbdplugin', 'PATCH status']);
  expect(reasonOf(found, 'Ready')).toBe('RollingOut');
});

test('pods that are admitted while the reconcile writes bring the namespace back at once', async () => {
  const { cluster, reconcile } = await bench();
  for (const { slot } of SLOT_SPECS) cluster.write(slot, rolledOut(rawWorkload(slot, { port: CONFLICT_PORT })));
  await reconcile();
  cluster.beforeAnswer('/status', () => undefined);
  cluster.writeStatus(undefined);
  cluster.configure({ CSIADDONS_CEPHFS_PROVISIONER_PORT: 'abc' });
  cluster.beforeAnswer('rook-ceph-operator-config', () => {
    cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner')));
  });
  expect(await reconcile()).toEqual({ requeueAfterMs: 0 });
});

test('a passing fault is in the status, handed on for the retry, and hides no time at which there is something to do', async () => {
  const found = await bench({ rookAlive: true });
  found.cluster.answers.set('PATCH /api/v1', (exchange) => exchange.reject(500, 'InternalError'));
  found.cluster.answers.set('csi-rbdplugin', (exchange) => exchange.reject(403, 'Forbidden'));
  expect(await found.reconcile()).toMatchObject({ requeueAfterMs: 30_000, failure: { status: 500 } });
  expect([reasonOf(found, 'Progressing'), reasonOf(found, 'Ready')]).toEqual(['Retrying', 'PatchRejected']);
});

test('what the operator writes itself does not bring it back: a fault in ever new words is retried in its time', async () => {
  const { cluster, reconcile } = await bench();
  let port = 40_000;
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, `read tcp 10.0.0.1:${(port += 1)}`));
  await reconcile();
  cluster.changed.length = 0;
  const before = cluster.storedStatus();
  expect(await reconcile()).toMatchObject({ failure: { status: 500 } });
  expect(cluster.storedStatus()).not.toEqual(before);
  expect(cluster.changed).toEqual([]);
});

test('a rejection is in the status, logged and recorded once, and asked again after 30 s', async () => {
  const found = await bench();
  const { cluster, clock, lines } = found;
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(403, 'Forbidden'));
  for (const [wait, requeueAfterMs] of [
    [0, 30_000],
    [10_000, 20_000],
  ] as const) {
    clock.ms += wait;
    expect(await found.reconcile()).toEqual({ requeueAfterMs });
    expect([reasonOf(found, 'Ready'), reasonOf(found, 'Degraded')]).toEqual(['PatchRejected', 'PortConflict']);
    expect(lines.filter((line) => line === 'Write rejected')).toHaveLength(2);
    expect(reasons(found).filter((reason) => reason === 'PatchRejected')).toHaveLength(2);
    expect(cluster.writes().filter((write) => write === CEPHFS)).toHaveLength(1);
  }
});

test('missing rights are one event with all of them, and none while the writes are held back', async () => {
  const found = await bench();
  const { cluster, clock, events } = found;
  const message = 'x "y" is forbidden: User "b" cannot patch resource "x"';
  for (const request of ['PATCH /api/v1', 'PATCH /apis/apps', 'PATCH /apis/csiports.io']) {
    cluster.answers.set(request, (exchange) => exchange.reject(403, 'Forbidden', { message }));
  }
  const notes = (): string[] => events.filter(({ reason }) => reason === 'Forbidden').map(({ note }) => note);
  await found.reconcile();
  expect(notes()).toEqual([expect.stringContaining(`, patch csiportassignments/status in namespace ${NAMESPACE};`)]);
  for (const right of ['configmaps/rook-ceph-operator-config', 'deployments.apps/csi-cephfsplugin-provisioner']) {
    expect(notes()[0]).toContain(`patch ${right}`);
  }

  // The status may be written now, and says the rest.
  cluster.answers.delete('PATCH /apis/csiports.io');
  await found.reconcile();
  expect(notes()).toHaveLength(1);
  clock.ms += 30_000;
  await found.reconcile();
  expect(notes()).toHaveLength(2);
  expect(notes()[1]).not.toContain('status');
});

test('a status that cannot be written is a fault, which hides no time either; what was done is recorded, once', async () => {
  const found = await bench({ rookAlive: true });
  found.cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  expect(await found.reconcile()).toMatchObject({ requeueAfterMs: 3_000, failure: { status: 500 } });
  expect(reasons(found)).toEqual(['ConflictDetected', 'RookConfigPinned']);
  await found.reconcile();
  expect(found.events).toHaveLength(2);
});

test('the status is written onto the version that it speaks of: an edit meanwhile is read again, and served by the next', async () => {
  const found = await bench();
  const { cluster, fields, reconcile } = found;
  cluster.beforeAnswer('csi-rbdplugin', () => {
    cluster.beforeAnswer('csi-rbdplugin', () => undefined);
    cluster.edit({ ports: { cephfsProvisioner: 9171 } });
  });
  expect(await reconcile()).toEqual({});
  expect([cluster.storedStatus(), cluster.changed]).toEqual([undefined, [NAMESPACE]]);
  expect(fields.at(-1)).toMatchObject({ status: 'Overtaken' });
  expect(await reconcile()).toEqual({});
  expect(statusOf(found)).toMatchObject({ observedGeneration: 4, ports: { cephfsProvisioner: 9171 } });
});

test('an edit that is seen while the reconcile writes: the status waits for it, and the namespace comes back at once', async () => {
  const found = await bench();
  const { cluster } = found;
  cluster.beforeAnswer('csi-rbdplugin', () => {
    cluster.beforeAnswer('csi-rbdplugin', () => undefined);
    const before = cluster.observed().assignment;
    cluster.edit({ ports: { cephfsProvisioner: 9171 } });
    cluster.writeStatus(before.status);
  });
  expect(await found.reconcile()).toEqual({ requeueAfterMs: 0 });
  expect(statusOf(found)).toBeUndefined();
  await found.reconcile();
  expect(statusOf(found)).toMatchObject({ observedGeneration: 4, ports: { cephfsProvisioner: 9171 } });
});

test('an assignment that is deleted while the reconcile writes gets no status and no events', async () => {
  const { cluster, reconcile, events } = await bench();
  const { watches } = cluster;
  cluster.beforeAnswer('csi-rbdplugin', () => {
    const assignment = watches.assignments.get(NAMESPACE);
    if (assignment !== undefined) watches.assignments.delete(assignment);
  });
  expect(await reconcile()).toEqual({});
  expect(cluster.writes()).not.toContain('PATCH status');
  expect(events).toEqual([]);
  // That it is gone brings the namespace back.
  expect(cluster.changed).toContain(NAMESPACE);
});

test('a patch whose status could not be stored is not taken for a finished rollout', async () => {
  const found = await settled();
  const { cluster, reconcile } = found;
  cluster.write('cephfsProvisioner', rolledOut(reverted()));
  cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  await reconcile();
  cluster.answers.delete('/status');
  // Its controller has not looked at the new template yet.
  cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner', { rolling: true })));
  await reconcile();
  expect(reasonOf(found, 'Ready')).toBe('RollingOut');
});

test('a Ready workload that somebody writes without moving its port stays Ready until its controller has looked at it', async () => {
  const found = await settled();
  found.cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner', { rolling: true })));
  await found.reconcile();
  expect([reasonOf(found, 'Ready'), found.cluster.server.requests]).toEqual(['PortsAssigned', []]);
});

test('a revert is put back at once and recorded as one; of a process that has just begun, as an assignment', async () => {
  const found = await settled();
  for (const [process, reason] of [
    [found, 'Reasserted'],
    [processOn(found.cluster), 'PortAssigned'],
  ] as const) {
    found.cluster.write('cephfsProvisioner', reverted());
    await process.reconcile();
    expect(currentPort(found.cluster.observed().workloads.cephfsProvisioner!.sidecar!)).toBe(9071);
    expect(reasons(process).filter((one) => !one.startsWith('Conflict'))).toEqual([reason]);
  }
});

test('a revert that could not be put back at once is recorded when it is', async () => {
  const found = await settled();
  found.cluster.write('cephfsProvisioner', reverted());
  found.cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, 'InternalError'));
  await found.reconcile();
  expect(reasons(found)).not.toContain('Reasserted');
  found.cluster.answers.delete('PATCH /apis/apps');
  await found.reconcile();
  expect(reasons(found)).toContain('Reasserted');
});

test('a fight: the fifth write makes it contested, which is reported, held, and over after ten quiet minutes', async () => {
  const found = await settled();
  const { cluster, clock, reconcile } = found;
  // It needs no status to be bounded.
  cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  for (let time = 0; time < 8; time += 1) {
    cluster.write('cephfsProvisioner', reverted());
    await reconcile();
  }
  expect(cluster.writes().filter((write) => write === CEPHFS)).toHaveLength(5);
  expect(reasons(found).filter((reason) => reason === 'Contested')).toHaveLength(1);
  cluster.answers.delete('/status');
  expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
  expect([reasonOf(found, 'Degraded'), reasonOf(found, 'Progressing')]).toEqual(['Contested', 'BackingOff']);

  clock.ms += 30_000;
  expect(await reconcile()).toEqual({ requeueAfterMs: 600_000 });
  cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner')));
  clock.ms += 599_999;
  expect(await reconcile()).toEqual({ requeueAfterMs: 1 });
  expect([reasonOf(found, 'Ready'), reasonOf(found, 'Degraded')]).toEqual(['PortsAssigned', 'Contested']);
  clock.ms += 1;
  expect(await reconcile()).toEqual({});
  expect(reasonOf(found, 'Degraded')).toBe('AsExpected');
});

test('what is remembered of a namespace goes with its assignment', async () => {
  const found = await settled();
  const { cluster, reconcile } = found;
  for (let time = 0; time < 6; time += 1) {
    cluster.write('cephfsProvisioner', reverted());
    await reconcile();
  }
  const { assignments } = cluster.watches;
  const assignment = assignments.get(NAMESPACE)!;
  assignments.delete(assignment);
  expect(await reconcile()).toEqual({});
  assignments.put(assignment);
  found.events.length = 0;
  await reconcile();
  expect(reasons(found)).toEqual(['ConflictDetected', 'PortAssigned', 'ConflictResolved']);
  expect(reasonOf(found, 'Degraded')).toBe('AsExpected');
});
