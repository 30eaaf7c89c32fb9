import { expect, test } from 'vitest';
import { projectAssignment } from '../../../../src/kube/projections.js';
import { NAMESPACE, type Cluster } from '../../controller/cluster-double.js';
import { rawWorkload, type RawWorkload } from '../../domain/raw-workload.js';
import { lines, startReconciler } from './metrics-bench.js';

const RBD = 'PATCH /apis/apps/v1/namespaces/rook-ceph/daemonsets/csi-rbdplugin';
const CEPHFS = 'PATCH /apis/apps/v1/namespaces/rook-ceph/deployments/csi-cephfsplugin-provisioner';
const CONFIG = 'PATCH /api/v1/namespaces/rook-ceph/configmaps/rook-ceph-operator-config';

/** The node plugin with so many of its two pods as the template has them. */
function nodePlugin(up: number, port = 9072): RawWorkload {
  const raw = rawWorkload('rbdNodePlugin', { port });
  const status = { desiredNumberScheduled: 2, updatedNumberScheduled: up, numberAvailable: up };
  return { ...raw, status: { ...raw.status, ...status } };
}

/** The provisioners on their ports with all pods, so that the node plugin may be moved. */
function finishProvisioners(cluster: Cluster): void {
  for (const slot of ['rbdProvisioner', 'cephfsProvisioner'] as const) {
    const raw = rawWorkload(slot);
    cluster.write(slot, {
      ...raw,
      status: { ...raw.status, ...{ updatedReplicas: 1, availableReplicas: 1, replicas: 1 } },
    });
  }
}

function deleteAssignment({ watches }: Cluster): void {
  watches.assignments.delete(watches.assignments.get(NAMESPACE)!);
}

test('each write is counted by its kind and by what the API server made of it', async () => {
  const { cluster, reconcile, scrape } = await startReconciler();
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  cluster.answers.set(CEPHFS, (exchange) => exchange.reject(409, 'Conflict'));
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(500, 'InternalError'));
  await reconcile();
  const first = ['ConfigMap error 1', 'Deployment outdated 1'];
  const none = ['ConfigMap applied 0', 'DaemonSet applied 0', 'Deployment applied 0'];
  // The node plugin may have to wait for the provisioners.
  const rejected = `${NAMESPACE} DaemonSet rejected 1`;
  expect(lines(await scrape(), 'csiports_patches_total').filter((line) => line !== rejected)).toEqual(
    [...none, ...first].sort().map((line) => `${NAMESPACE} ${line}`),
  );

  cluster.answers.delete(CEPHFS);
  cluster.answers.delete(CONFIG);
  finishProvisioners(cluster);
  await reconcile();
  // What was rejected is not sent again before its time, and so not counted again.
  cluster.answers.clear();
  await reconcile();
  const second = ['ConfigMap applied 1', 'ConfigMap error 1', 'DaemonSet applied 0', 'DaemonSet rejected 1'];
  const third = ['Deployment applied 0', 'Deployment outdated 1'];
  expect(lines(await scrape(), 'csiports_patches_total')).toEqual(
    [...second, ...third].map((line) => `${NAMESPACE} ${line}`),
  );
});

test('a dry run is no write', async () => {
  const { cluster, reconcile, scrape } = await startReconciler({ spec: { mode: 'DryRun' } });
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  await reconcile();
  expect(cluster.server.requests.filter(({ query }) => query.dryRun === 'All')).toHaveLength(3);
  expect((await scrape()).sum('csiports_patches_total')).toBe(0);
});

test('reverts count from 0 on, each object that was put back, the settings too', async () => {
  const { cluster, reconcile, scrape } = await startReconciler();
  const count = async (): Promise<string[]> => lines(await scrape(), 'csiports_reverts_total');
  finishProvisioners(cluster);
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 0`]);
  cluster.write('rbdNodePlugin', nodePlugin(2, 9070));
  cluster.configure({ CSIADDONS_PORT: null, CSIADDONS_RBD_PROVISIONER_PORT: null });
  cluster.answers.set('PATCH', (exchange) => exchange.reject(500, 'InternalError'));
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 0`]);
  cluster.answers.clear();
  await reconcile();
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 2`]);
});

test('a write that is held back is not counted', async () => {
  const { cluster, reconcile, scrape } = await startReconciler();
  await reconcile();
  for (let time = 0; time < 8; time += 1) {
    cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
    await reconcile();
  }
  const page = await scrape();
  expect(page.sum('csiports_patches_total', { kind: 'Deployment' })).toBe(5);
  expect(lines(page, 'csiports_reverts_total')).toEqual([`${NAMESPACE} 4`]);
});

test('a rollout lasts from our patch until the row is Ready, by the clock that is given', async () => {
  const { cluster, clock, reconcile, scrape } = await startReconciler();
  finishProvisioners(cluster);
  cluster.write('rbdNodePlugin', nodePlugin(0, 9070));
  await reconcile();
  clock.ms += 20_000;
  cluster.write('rbdNodePlugin', nodePlugin(1));
  await reconcile();
  expect(lines(await scrape(), 'csiports_rollout_seconds_count')).toEqual([]);
  clock.ms += 25_000;
  cluster.write('rbdNodePlugin', nodePlugin(2));
  await reconcile();
  await reconcile();
  expect(lines(await scrape(), 'csiports_rollout_seconds_sum')).toEqual(['DaemonSet 45']);
  expect(lines(await scrape(), 'csiports_rollout_seconds_count')).toEqual(['DaemonSet 1']);
  const bucket = { kind: 'DaemonSet', le: '60' };
  expect((await scrape()).series('csiports_rollout_seconds_bucket', bucket)).toMatchObject([{ value: 1 }]);
});

test('what is read of an assignment: ready, degraded and the ports in conflict, while the operator leads', async () => {
  const election = { isLeading: true };
  const { cluster, reconcile, scrape } = await startReconciler({ spec: { mode: 'Paused' } }, election);
  expect(lines(await scrape(), 'csiports_ready')).toEqual([`${NAMESPACE} 0`]);
  expect(lines(await scrape(), 'csiports_degraded')).toEqual([]);
  await reconcile();
  expect(lines(await scrape(), 'csiports_degraded')).toEqual([`${NAMESPACE} PortConflict 1`]);
  expect(lines(await scrape(), 'csiports_conflicts')).toEqual([`${NAMESPACE} 1`]);
  const lastTransitionTime = '2026-11-22T10:00:00Z';
  const conditions = [{ type: 'Ready', status: 'True', reason: 'PortsAssigned', lastTransitionTime }];
  const metadata = {
    namespace: NAMESPACE,
    name: 'default',
    uid: 'uid-default',
    resourceVersion: '9000',
    generation: 3,
  };
  cluster.watches.assignments.put(projectAssignment({ metadata, spec: {}, status: { conditions } }));
  expect(lines(await scrape(), 'csiports_ready')).toEqual([`${NAMESPACE} 1`]);
  expect(lines(await scrape(), 'csiports_conflicts')).toEqual([`${NAMESPACE} 0`]);
  expect(lines(await scrape(), 'csiports_degraded')).toEqual([]);

  election.isLeading = false;
  const standby = await scrape();
  for (const name of ['csiports_ready', 'csiports_degraded', 'csiports_conflicts', 'csiports_reconcile_forbidden']) {
    expect(lines(standby, name), name).toEqual([]);
  }
});

test.each([
  ['a workload', CEPHFS],
  ["Rook's settings", CONFIG],
  ['the status', 'PATCH /apis/csiports.io'],
])('a namespace in which the right to write %s is missing', async (_, request) => {
  const { cluster, clock, reconcile, scrape } = await startReconciler();
  const count = async (): Promise<string[]> => lines(await scrape(), 'csiports_reconcile_forbidden');
  expect(await count()).toEqual([]);
  cluster.answers.set(request, (exchange) =>
    exchange.reject(403, 'Forbidden', { message: 'x "y" is forbidden: User "b" cannot patch resource "x"' }),
  );
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 1`]);
  // Also while the write is held back.
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 1`]);
  cluster.answers.set(request, (exchange) => exchange.reject(403, 'Forbidden'));
  clock.ms += 30_000;
  await reconcile();
  expect(await count()).toEqual([`${NAMESPACE} 0`]);
});

test('no series of a namespace outlives its assignment, and a new one counts from the start', async () => {
  const { cluster, clock, reconcile, scrape } = await startReconciler();
  const { spec } = cluster.watches.assignments.get(NAMESPACE)!;
  cluster.write('rbdNodePlugin', nodePlugin(0, 9070));
  cluster.answers.set(CEPHFS, (exchange) => exchange.reject(403, 'Forbidden'));
  await reconcile();
  const about = async (): Promise<string[]> =>
    (await scrape()).samples.filter(({ labels }) => labels.namespace === NAMESPACE).map(({ name }) => name);
  expect(new Set(await about())).toEqual(
    new Set([
      'csiports_ready',
      'csiports_degraded',
      'csiports_conflicts',
      'csiports_reconcile_forbidden',
      'csiports_patches_total',
      'csiports_reverts_total',
    ]),
  );
  deleteAssignment(cluster);
  await reconcile();
  expect(await about()).toEqual([]);

  clock.ms += 60_000;
  const metadata = { namespace: NAMESPACE, name: 'default', uid: 'uid-new', resourceVersion: '9000', generation: 1 };
  cluster.watches.assignments.put(projectAssignment({ metadata, spec }));
  cluster.write('rbdNodePlugin', nodePlugin(2));
  await reconcile();
  expect(lines(await scrape(), 'csiports_reverts_total')).toEqual([`${NAMESPACE} 0`]);
  // The patch was of the old assignment's time.
  expect(lines(await scrape(), 'csiports_rollout_seconds_count')).toEqual([]);
});
