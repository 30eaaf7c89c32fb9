import { expect, test } from 'vitest';
import { Applier } from '../../../src/controller/apply.js';
import { Notifier } from '../../../src/controller/notifier.js';
import { Reconciler } from '../../../src/controller/reconciler.js';
import { EventRecorder } from '../../../src/kube/events.js';
import { failure } from '../kube/connections.js';
import { rawWorkload } from '../domain/raw-workload.js';
import { NAMESPACE, startCluster, type Cluster, type ClusterOptions } from './cluster-double.js';

async function bench(
  options: ClusterOptions = {},
): Promise<{ cluster: Cluster; lines: string[]; notifier: Notifier; reconciler: Reconciler }> {
  const cluster = await startCluster(options);
  const now = (): Date => new Date('2026-11-22T10:00:00.123Z');
  const lines: string[] = [];
  const say = (_: object, message: string): void => void lines.push(message);
  const recorder = new EventRecorder(cluster.transport, { controller: 'c', instance: 'i', now });
  const notifier = new Notifier(recorder, () => say({}, 'lost'));
  const reconciler = new Reconciler({
    watches: cluster.watches,
    applier: new Applier(cluster.writer, cluster.watches, () => 0),
    writer: cluster.writer,
    notifier,
    logger: { debug: say, info: say, warn: say },
    now,
    contestRules: { contestedAfter: 5 },
  });
  return { cluster, lines, notifier, reconciler };
}

const reasonOf = (cluster: Cluster, type: string): string | undefined =>
  cluster.observed().assignment.status?.conditions?.find((one) => one.type === type)?.reason;

test('a namespace without an assignment is left alone', async () => {
  const { cluster, reconciler } = await bench();
  expect(await reconciler.reconcile('elsewhere')).toBeUndefined();
  expect(cluster.server.requests).toEqual([]);
});

test('the pin, then the patches, then the status; events beside them; a second time nothing', async () => {
  const { cluster, reconciler, notifier, lines } = await bench();
  expect(await reconciler.reconcile(NAMESPACE)).toBeUndefined();
  await notifier.drained();
  const [pin, ...others] = cluster.writes().filter((write) => write !== 'POST events');
  expect(pin).toBe('PATCH rook-ceph-operator-config');
  expect(others.slice(0, 2).sort()).toEqual(['PATCH csi-cephfsplugin-provisioner', 'PATCH csi-rbdplugin']);
  expect(others.slice(2)).toEqual(['PATCH status']);
  expect(lines).toEqual(['Pinned Rook config', 'Patched workload', 'Patched workload', 'Updated status']);
  const status = cluster.observed().assignment.status!;
  expect(status.conditions![0]!.lastTransitionTime).toBe('2026-11-22T10:00:00Z');

  const { length } = cluster.writes();
  await reconciler.reconcile(NAMESPACE);
  await notifier.drained();
  // The second status says that the conflict is being resolved no more than the first did.
  expect(cluster.writes().slice(length)).toEqual([]);
});

test('a passing fault is in the status, and thrown for the retry', async () => {
  const { cluster, reconciler } = await bench();
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.refuse(500, 'InternalError'));
  expect(await failure(reconciler.reconcile(NAMESPACE))).toMatchObject({ status: 500 });
  expect(reasonOf(cluster, 'Progressing')).toBe('Retrying');
});

test("a refusal is in the status, and asked again in people's time", async () => {
  const { cluster, reconciler, lines } = await bench();
  cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.refuse(403, 'Forbidden'));
  expect(await reconciler.reconcile(NAMESPACE)).toBe(30_000);
  expect(reasonOf(cluster, 'Ready')).toBe('PatchRejected');
  expect(lines.filter((line) => line === 'Patch refused')).toHaveLength(2);
});

test('a status that cannot be written is thrown', async () => {
  const { cluster, reconciler } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.refuse(500, 'InternalError'));
  expect(await failure(reconciler.reconcile(NAMESPACE))).toMatchObject({ status: 500 });
});

test('a status onto an assignment that was changed meanwhile is no fault: it is written again in a moment', async () => {
  const { cluster, reconciler, lines } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.refuse(409, 'Conflict'));
  expect(await reconciler.reconcile(NAMESPACE)).toBe(100);
  expect(lines).toContain('Status not written: the assignment was changed meanwhile');
  cluster.answers.delete('/status');
  expect(await reconciler.reconcile(NAMESPACE)).toBeUndefined();
  expect(reasonOf(cluster, 'Ready')).toBe('RollingOut');
});

test('events that cannot be recorded do not fail the reconcile', async () => {
  const { cluster, reconciler, notifier, lines } = await bench();
  cluster.answers.set('POST', (exchange) => exchange.refuse(403, 'Forbidden'));
  await reconciler.reconcile(NAMESPACE);
  await notifier.drained();
  expect(lines).toContain('lost');
});

test('what was done is told even where the status cannot be written', async () => {
  const { cluster, reconciler, notifier } = await bench();
  cluster.answers.set('/status', (exchange) => exchange.refuse(500, 'InternalError'));
  expect(await failure(reconciler.reconcile(NAMESPACE))).toMatchObject({ status: 500 });
  await notifier.drained();
  expect(cluster.writes().filter((write) => write === 'POST events')).not.toEqual([]);
});

test('a revert is counted by the first status that can be written', async () => {
  const { cluster, reconciler } = await bench();
  await reconciler.reconcile(NAMESPACE);
  const undone = rawWorkload('cephfsProvisioner', { port: 9070 });
  cluster.write('cephfsProvisioner', undone);
  cluster.answers.set('/status', (exchange) => exchange.refuse(500, 'InternalError'));
  await failure(reconciler.reconcile(NAMESPACE));
  cluster.answers.delete('/status');
  await reconciler.reconcile(NAMESPACE);
  expect(cluster.observed().assignment.status?.reverts).toEqual({
    count: 1,
    lastTime: '2026-11-22T10:00:00Z',
    recent: [{ kind: 'Deployment', name: 'csi-cephfsplugin-provisioner', times: ['2026-11-22T10:00:00Z'] }],
  });
});

test("somebody's edit that comes with the answer to a status write is told as a change", async () => {
  const { cluster, reconciler } = await bench();
  cluster.beforeAnswer('/status', () => cluster.edit({ mode: 'Paused' }));
  await reconciler.reconcile(NAMESPACE);
  expect(cluster.observed().assignment).toMatchObject({ generation: 4, spec: { mode: 'Paused' } });
  expect(cluster.changed).toContain(NAMESPACE);
});
