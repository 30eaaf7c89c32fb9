import { expect, test } from 'vitest';
import { Applier } from '../../../src/controller/apply.js';
import { Reconciler } from '../../../src/controller/reconciler.js';
import { StatusWriter } from '../../../src/controller/status-writer.js';
import { EventRecorder } from '../../../src/kube/events.js';
import { rawWorkload, type RawWorkload } from '../domain/raw-workload.js';
import { SLOTS } from '../domain/worlds.js';
import { NAMESPACE, startCluster, type Cluster, type ClusterOptions } from './cluster-double.js';

interface Bench {
  readonly cluster: Cluster;
  /** What the wait of a rejected write and of counts is measured by. */
  readonly clock: { ms: number };
  readonly lines: string[];
  readonly fields: object[];
  readonly recorder: EventRecorder;
  readonly reconciler: Reconciler;
}

async function bench(options: ClusterOptions = {}): Promise<Bench> {
  return processOn(await startCluster(options));
}

/** Another process of the operator, which has its own memory. */
function processOn(cluster: Cluster): Bench {
  const now = (): Date => new Date('2026-11-22T10:00:00.123Z');
  const clock = { ms: 0 };
  const lines: string[] = [];
  const fields: object[] = [];
  const say = (more: object, message: string): void => {
    lines.push(message);
    fields.push(more);
  };
  const onLost = (): void => say({}, 'lost');
  const recorder = new EventRecorder(cluster.transport, { controller: 'c', instance: 'i', now, onLost });
  const reconciler = new Reconciler({
    watches: cluster.watches,
    applier: new Applier(cluster.writer, cluster.watches, () => clock.ms),
    statusWriter: new StatusWriter({ writer: cluster.writer, watches: cluster.watches, monotonicMs: () => clock.ms }),
    recorder,
    logger: { debug: say, info: say, warn: say },
    now,
    contestRules: { contestedAfter: 5 },
  });
  return { cluster, clock, lines, fields, recorder, reconciler };
}

/** With the counters of a Deployment whose one pod is up. */
function rolledOut(raw: RawWorkload): RawWorkload {
  return { ...raw, status: { ...raw.status, ...{ replicas: 1, updatedReplicas: 1, availableReplicas: 1 } } };
}

const reasonOf = (cluster: Cluster, type: string): string | undefined =>
  cluster.observed().assignment.status?.conditions?.find((one) => one.type === type)?.reason;

const cephfsPatches = (cluster: Cluster): number =>
  cluster.writes().filter((write) => write === 'PATCH csi-cephfsplugin-provisioner').length;

/** "PortAssigned 1" for each event that was created, with the count that it was created with. */
function events(cluster: Cluster): string[] {
  return cluster.server.requests
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/events'))
    .map(({ body }) => JSON.parse(body) as { reason: string; series?: { count: number } })
    .map(({ reason, series }) => `${reason} ${series?.count ?? 1}`);
}

test('a namespace without an assignment is left alone', async () => {
  const { cluster, reconciler } = await bench();
  expect(await reconciler.reconcile('elsewhere', 'r-1')).toEqual({});
  expect(cluster.server.requests).toEqual([]);
});

test('every line of a reconcile has its id and its namespace', async () => {
  const { reconciler, fields } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  expect(fields.length).toBeGreaterThan(3);
  for (const more of fields) expect(more).toMatchObject({ namespace: NAMESPACE, reconcileID: 'r-1' });
});

test('the pin, then the patches, then the status; events beside them; a second time nothing', async () => {
  const { cluster, reconciler, recorder, lines } = await bench();
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({});
  const [pin, ...others] = cluster.writes().filter((write) => write !== 'POST events');
  expect(pin).toBe('PATCH rook-ceph-operator-config');
  expect(others.slice(0, 2).sort()).toEqual(['PATCH csi-cephfsplugin-provisioner', 'PATCH csi-rbdplugin']);
  expect(others.slice(2)).toEqual(['PATCH status']);
  expect(lines).toEqual(['Pinned Rook config', 'Patched workload', 'Patched workload', 'Updated status']);
  const status = cluster.observed().assignment.status!;
  expect(status.conditions![0]!.lastTransitionTime).toBe('2026-11-22T10:00:00Z');

  const before = cluster.writes();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  await recorder.drained();
  // The second status says that the conflict is being resolved no more than the first did.
  expect(cluster.writes().filter((write) => write !== 'POST events')).toEqual(before);
  const moved = Array.from({ length: 4 }, () => 'PortAssigned 1');
  expect(events(cluster)).toEqual(['ConflictDetected 1', 'RookConfigPinned 1', ...moved]);
});

test('a passing fault is in the status, and handed on for the retry', async () => {
  const { cluster, reconciler } = await bench();
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, 'InternalError'));
  const { requeueAfterMs, failure: fault } = await reconciler.reconcile(NAMESPACE, 'r-1');
  expect([requeueAfterMs, fault]).toMatchObject([undefined, { status: 500 }]);
  expect(reasonOf(cluster, 'Progressing')).toBe('Retrying');
});

test('a fault hides no time at which there is something to do', async () => {
  const { cluster, reconciler } = await bench({ rookAlive: true });
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.configure({ CSIADDONS_PORT: 'abc' });
  cluster.answers.set('PATCH /api/v1', (exchange) => exchange.reject(500, 'InternalError'));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({
    requeueAfterMs: 3_000,
    failure: { status: 500 },
  });
});

test('what the operator says itself does not bring it back: a fault that is told in ever new words is retried in its time', async () => {
  const { cluster, reconciler } = await bench();
  let port = 40_000;
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, `read tcp 10.0.0.1:${(port += 1)}`));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.changed.length = 0;
  const { length } = cluster.writes();
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({ failure: { status: 500 } });
  expect(cluster.writes().slice(length)).toContain('PATCH status');
  expect(cluster.changed).toEqual([]);
});

test("a rejection is in the status, and asked again in people's time", async () => {
  const { cluster, reconciler, lines } = await bench();
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(403, 'Forbidden'));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({ requeueAfterMs: 30_000 });
  expect(reasonOf(cluster, 'Ready')).toBe('PatchRejected');
  expect(lines.filter((line) => line === 'Write rejected')).toHaveLength(2);
  // Neither asked nor logged again before that.
  const { length } = cluster.writes();
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({ requeueAfterMs: 30_000 });
  expect(cluster.writes().slice(length)).toEqual([]);
  expect(lines.filter((line) => line === 'Write rejected')).toHaveLength(2);
});

test('a status that cannot be written is a fault, which hides no time either', async () => {
  const { cluster, reconciler } = await bench({ rookAlive: true });
  cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({
    requeueAfterMs: 3_000,
    failure: { status: 500 },
  });
});

test('a status onto an assignment that was changed meanwhile is no fault: it is read again, and that is told', async () => {
  const { cluster, reconciler, lines } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.reject(409, 'Conflict'));
  cluster.beforeAnswer('/status', () => cluster.edit({ ports: { cephfsProvisioner: 9171 } }));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({});
  expect(lines).toContain('Status not written: the assignment was changed meanwhile');
  expect(cluster.observed().assignment.generation).toBe(4);
  expect(cluster.changed.at(-1)).toBe(NAMESPACE);
  cluster.answers.delete('/status');
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({});
  expect(reasonOf(cluster, 'Ready')).toBe('RollingOut');
});

test('a conflict about a version that is still the newest is a fault, which the retry brings back', async () => {
  const { cluster, reconciler } = await bench();
  const { resourceVersion } = cluster.observed().assignment;
  cluster.answers.set('/status', (exchange) => exchange.reject(409, 'Conflict'));
  cluster.answers.set('GET', (exchange) => {
    exchange.json(200, { metadata: { namespace: NAMESPACE, name: 'default', uid: 'uid-default', resourceVersion } });
  });
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({ failure: { status: 409 } });
});

test('an assignment that cannot be read again is a fault: nobody but the retry would bring it back', async () => {
  const { cluster, reconciler } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.reject(409, 'Conflict'));
  cluster.answers.set('GET', (exchange) => exchange.reject(403, 'Forbidden'));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({ failure: { status: 403 } });
});

test('a patch whose status could not be stored is not taken for a finished rollout', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  for (const slot of SLOTS) cluster.write(slot, rolledOut(rawWorkload(slot)));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  expect(reasonOf(cluster, 'Ready')).toBe('PortsAssigned');

  cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
  cluster.answers.set('/status', (exchange) => exchange.reject(409, 'Conflict'));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.answers.delete('/status');
  // Its controller has not looked at the new template yet.
  cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner', { rolling: true })));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  expect(reasonOf(cluster, 'Ready')).toBe('RollingOut');
});

test('events that cannot be recorded do not fail the reconcile', async () => {
  const { cluster, reconciler, recorder, lines } = await bench();
  cluster.answers.set('POST', (exchange) => exchange.reject(403, 'Forbidden'));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  await recorder.drained();
  expect(lines).toContain('lost');
});

test('what was done is told even where the status cannot be written', async () => {
  const { cluster, reconciler, recorder } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  // Once: the next try of the status has nothing new to report.
  await reconciler.reconcile(NAMESPACE, 'r-1');
  await recorder.drained();
  expect(events(cluster)).toContain('PortAssigned 1');
  expect(events(cluster).filter((event) => !event.endsWith(' 1'))).toEqual([]);
});

test('a revert is repaired at once and counted ten seconds later, or by the first status that can be written then', async () => {
  const { cluster, clock, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  const { length } = cluster.writes();
  cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({ requeueAfterMs: 10_000 });
  expect(cluster.writes().slice(length)).toEqual(['PATCH csi-cephfsplugin-provisioner']);
  clock.ms += 10_000;
  cluster.answers.set('/status', (exchange) => exchange.reject(500, 'InternalError'));
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toMatchObject({ failure: { status: 500 } });
  cluster.answers.delete('/status');
  expect(await reconciler.reconcile(NAMESPACE, 'r-1')).toEqual({});
  expect(cluster.observed().assignment.status?.reverts).toEqual({
    count: 1,
    lastTime: '2026-11-22T10:00:00Z',
    recent: [{ kind: 'Deployment', name: 'csi-cephfsplugin-provisioner', times: ['2026-11-22T10:00:00Z'] }],
  });
});

test('what the operator alone owns is its own doing to a process that begins, and an revert to the same process later', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  const moved = rawWorkload('cephfsProvisioner', {
    port: 9300,
    managers: [{ name: 'csi-port-operator', ownsPort: true }],
  });
  cluster.write('cephfsProvisioner', moved);
  const next = processOn(cluster);
  const patches = (): number => cephfsPatches(cluster);
  const countOf = (): number => cluster.observed().assignment.status!.reverts!.count;
  await next.reconciler.reconcile(NAMESPACE, 'r-2');
  expect([patches(), countOf()]).toEqual([2, 0]);
  cluster.write('cephfsProvisioner', moved);
  await next.reconciler.reconcile(NAMESPACE, 'r-3');
  next.clock.ms += 10_000;
  await next.reconciler.reconcile(NAMESPACE, 'r-4');
  expect([patches(), countOf()]).toEqual([3, 1]);
});

test('what a person owns is an revert to a process that begins, too', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  const managers = [{ name: 'kubectl-edit', ownsPort: true }];
  cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9300, managers }));
  const next = processOn(cluster);
  await next.reconciler.reconcile(NAMESPACE, 'r-2');
  next.clock.ms += 10_000;
  await next.reconciler.reconcile(NAMESPACE, 'r-3');
  expect(cluster.observed().assignment.status!.reverts).toMatchObject({
    count: 1,
    recent: [{ manager: 'kubectl-edit' }],
  });
});

test('without a status that can be written reverts are counted all the same, each of them, and contested as ever', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.answers.set('/status', (exchange) => exchange.reject(403, 'Forbidden'));
  const patches = (): number => cephfsPatches(cluster);
  const before = patches();
  for (let time = 0; time < 8; time += 1) {
    cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
    await reconciler.reconcile(NAMESPACE, 'r-1');
  }
  expect(patches() - before).toBe(4);
  cluster.answers.delete('/status');
  await reconciler.reconcile(NAMESPACE, 'r-1');
  expect(cluster.observed().assignment.status?.reverts).toMatchObject({ count: 5, recent: [{ backoffSeconds: 30 }] });
  expect(reasonOf(cluster, 'Degraded')).toBe('Contested');
});

test('what could not be stored is forgotten with its assignment', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
  cluster.answers.set('/status', (exchange) => exchange.reject(403, 'Forbidden'));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.answers.delete('/status');
  cluster.watches.assignments.put({ ...cluster.observed().assignment, uid: 'another', status: {} });
  await reconciler.reconcile(NAMESPACE, 'r-1');
  const { body } = cluster.server.requests.findLast(({ path }) => path.endsWith('/status'))!;
  expect((JSON.parse(body) as { status: object }).status).toMatchObject({ reverts: { count: 0 } });
});

test('an revert that could not be repaired at once is told as one when it is', async () => {
  const { cluster, reconciler, recorder } = await bench();
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, 'InternalError'));
  await reconciler.reconcile(NAMESPACE, 'r-1');
  cluster.answers.delete('PATCH /apis/apps');
  await reconciler.reconcile(NAMESPACE, 'r-1');
  await recorder.drained();
  expect(events(cluster).filter((event) => event.startsWith('Reasserted'))).toEqual(['Reasserted 1', 'Reasserted 1']);
});
