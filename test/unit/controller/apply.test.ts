import { expect, test } from 'vitest';
import { Applier, type Applied } from '../../../src/controller/apply.js';
import { NOTHING_HELD, type Held } from '../../../src/domain/rules/held.js';
import { NOTHING_DONE } from '../../../src/domain/report/outcome.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { currentPort } from '../../../src/domain/rules/sidecar-port.js';
import { rawWorkload, type RawWorkload } from '../domain/raw-workload.js';
import { NAMESPACE, projected, startCluster, type Cluster, type ClusterOptions } from './cluster-double.js';

const RBD = 'PATCH /apis/apps/v1/namespaces/rook-ceph/daemonsets/csi-rbdplugin';
const CEPHFS = 'PATCH /apis/apps/v1/namespaces/rook-ceph/deployments/csi-cephfsplugin-provisioner';
const CONFIG = 'PATCH /api/v1/namespaces/rook-ceph/configmaps/rook-ceph-operator-config';
const PINS = {
  CSIADDONS_RBD_PROVISIONER_PORT: '9070',
  CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
  CSIADDONS_PORT: '9072',
};

async function bench(
  options: ClusterOptions = {},
): Promise<{ cluster: Cluster; clock: { ms: number }; apply: (held?: Held) => Promise<Applied> }> {
  const cluster = await startCluster(options);
  const clock = { ms: 1_000 };
  const applier = new Applier(cluster.writer, cluster.watches, () => clock.ms);
  return {
    cluster,
    clock,
    apply: (held = NOTHING_HELD) => applier.apply(plan(cluster.observed()), cluster.observed(), held),
  };
}

test('the pin goes first, then a patch for each workload that differs; the stores hold the answers', async () => {
  const { cluster, apply } = await bench();
  const { outcome, answers, ...rest } = await apply();
  expect(outcome).toEqual({
    pinned: PINS,
    patched: [
      { slot: 'cephfsProvisioner', from: 9070, to: 9071 },
      { slot: 'rbdNodePlugin', from: 9070, to: 9072 },
    ],
    rejections: {},
  });
  expect(rest).toEqual({ rejected: [] });
  expect(Object.keys(answers.workloads).sort()).toEqual(['cephfsProvisioner', 'rbdNodePlugin']);
  expect(answers.rookConfig?.keys.CSIADDONS_PORT?.value).toBe('9072');
  const [first, ...patches] = cluster.writes();
  expect(first).toBe('PATCH rook-ceph-operator-config');
  expect(patches.sort()).toEqual(['PATCH csi-cephfsplugin-provisioner', 'PATCH csi-rbdplugin']);
  // The status is made of the answers, and on their ports there is nothing more to do.
  expect(cluster.changed).toEqual([]);
  const { sidecar } = cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)!;
  expect(currentPort(sidecar!)).toBe(9072);
});

test('applied again it writes nothing', async () => {
  const { cluster, apply } = await bench();
  await apply();
  const { length } = cluster.writes();
  expect((await apply()).outcome).toEqual(NOTHING_DONE);
  expect(cluster.writes()).toHaveLength(length);
});

test('Paused tells of a sidecar that has too many arguments to be read, as spec.mode is not what keeps it from its port', async () => {
  const args = Array.from({ length: 1_001 }, () => '--v=5');
  const { apply } = await bench({ spec: { mode: 'Paused' }, workloads: { rbdNodePlugin: { sidecar: { args } } } });
  expect((await apply()).outcome.rejections).toMatchObject({
    rbdNodePlugin: expect.stringContaining('1001 arguments and ports') as string,
  });
});

test('Paused writes nothing at all', async () => {
  const { cluster, apply } = await bench({ spec: { mode: 'Paused' } });
  expect((await apply()).outcome.patched).toEqual([]);
  expect(cluster.server.requests).toEqual([]);
});

test('DryRun asks with dryRun=All and keeps nothing of the answers', async () => {
  const { cluster, apply } = await bench({ spec: { mode: 'DryRun' }, rookAlive: true });
  expect(await apply()).toEqual({
    outcome: NOTHING_DONE,
    answers: { workloads: {} },
    rejected: [],
  });
  expect(cluster.server.requests.map(({ query }) => query.dryRun)).toEqual(['All', 'All', 'All']);
  expect(currentPort(cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)!.sidecar!)).toBe(9070);
});

test('DryRun tells what would be rejected', async () => {
  const { cluster, apply } = await bench({ spec: { mode: 'DryRun' } });
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  const { outcome } = await apply();
  expect(Object.keys(outcome.rejections)).toEqual(['rbdNodePlugin']);
  expect(outcome.patched).toEqual([]);
});

test('a running Rook gets three seconds after the pin before anything is patched', async () => {
  const { cluster, clock, apply } = await bench({ rookAlive: true });
  expect(await apply()).toMatchObject({
    outcome: { waitingForRook: 'Pin', pinned: PINS, patched: [] },
    requeueAfterMs: 3_000,
  });
  expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config']);
  clock.ms += 1_000;
  expect(await apply()).toMatchObject({ outcome: { waitingForRook: 'Pin', pinned: {} }, requeueAfterMs: 2_000 });
  clock.ms += 2_000;
  const { outcome } = await apply();
  expect(outcome).toMatchObject({ patched: [{ to: 9071 }, { to: 9072 }] });
  expect(outcome).not.toHaveProperty('waitingForRook');
});

test('a pin that somebody was faster than is read again, and a running Rook is waited for: it is about to write', async () => {
  const { cluster, clock, apply } = await bench({ rookAlive: true });
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(409, 'Conflict'));
  const first = await apply();
  expect(first).toMatchObject({ outcome: { waitingForRook: 'ForeignChange', pinned: {}, patched: [] } });
  expect(first.outcome.failure).toBe('an object changed while it was being written; it is read again');
  expect(first).toMatchObject({ requeueAfterMs: 3_000, failure: { status: 409 } });
  expect(cluster.server.requests.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
  expect(cluster.changed).toEqual([NAMESPACE]);

  // However often that happens, it holds nothing up for longer.
  clock.ms += 3_000;
  expect((await apply()).outcome.patched).toHaveLength(2);
});

test('a pin that somebody was faster than keeps nothing from its port where Rook does not run', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(409, 'Conflict'));
  expect((await apply()).outcome.patched).toHaveLength(2);
});

test('Rook is given no time where nothing differs, nor where the pin failed', async () => {
  const settled = await bench({
    rookAlive: true,
    workloads: { rbdProvisioner: {}, cephfsProvisioner: {}, rbdNodePlugin: {} },
  });
  const { outcome: well } = await settled.apply();
  expect(well).toMatchObject({ pinned: PINS });
  expect(well).not.toHaveProperty('waitingForRook');
  const failing = await bench({ rookAlive: true });
  failing.cluster.answers.set(CONFIG, (exchange) => exchange.reject(500, 'InternalError'));
  const { outcome, failure } = await failing.apply();
  expect(outcome).toMatchObject({ pinned: {}, patched: [{ to: 9071 }, { to: 9072 }] });
  expect(outcome).not.toHaveProperty('waitingForRook');
  expect(outcome.failure).toContain('500 InternalError said the server');
  expect(failure).toMatchObject({ status: 500 });
});

test('a rejected pin is told with the right that RBAC has to give, and the workloads are patched all the same', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(403, 'Forbidden'));
  const { outcome, requeueAfterMs, failure } = await apply();
  expect(outcome.pinRejection).toContain(
    '(if this is RBAC, allow: patch configmaps/rook-ceph-operator-config in namespace rook-ceph)',
  );
  expect(outcome.patched).toHaveLength(2);
  expect(outcome.failure).toBeUndefined();
  expect([requeueAfterMs, failure]).toEqual([30_000, undefined]);
});

test('an absent ConfigMap is not written', async () => {
  const { cluster, apply } = await bench({ config: 'none' });
  await apply();
  expect(cluster.writes()).toHaveLength(2);
});

test.each([
  ['by validation', 422, { details: { causes: [{ field: 'spec', message: 'no' }] } }, ''],
  ['by a webhook', 400, {}, ''],
  [
    'by RBAC or a policy',
    403,
    {},
    ' (if this is RBAC, allow: patch daemonsets.apps/csi-rbdplugin in namespace rook-ceph)',
  ],
])('a workload rejected %s does not keep the other from its port', async (_, code, more, advice) => {
  const { cluster, apply } = await bench();
  cluster.answers.set(RBD, (exchange) => exchange.reject(code, 'Rejected', more));
  const { outcome, requeueAfterMs, failure } = await apply();
  expect(outcome.rejections).toEqual({ rbdNodePlugin: `${RBD}: ${code} Rejected said the server${advice}` });
  expect(outcome.patched).toMatchObject([{ slot: 'cephfsProvisioner' }]);
  expect([requeueAfterMs, failure]).toEqual([30_000, undefined]);
});

test('a rejected write is asked again after 30 s, and a timer that fires early is told to come back', async () => {
  const { cluster, clock, apply } = await bench();
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  const asked = (): number => cluster.writes().filter((write) => write === 'PATCH csi-rbdplugin').length;
  expect((await apply()).rejected.map(({ name }) => name)).toEqual(['csi-rbdplugin']);
  clock.ms += 29_999.6;
  const early = await apply();
  expect(early.requeueAfterMs).toBeCloseTo(0.4);
  expect([asked(), early.rejected, Object.keys(early.outcome.rejections)]).toEqual([1, [], ['rbdNodePlugin']]);
  clock.ms += 0.4;
  expect((await apply()).requeueAfterMs).toBe(30_000);
  expect(asked()).toBe(2);
});

test('pods that come and go do not make a rejected patch another one; a change of the workload does', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  const raw = rawWorkload('rbdNodePlugin', { port: 9070 });
  await apply();
  cluster.write('rbdNodePlugin', { ...raw, status: { ...raw.status, pods: 1 } });
  expect((await apply()).rejected).toEqual([]);
  cluster.write('rbdNodePlugin', { ...raw, metadata: { ...raw.metadata, generation: 99 } });
  expect((await apply()).rejected).toHaveLength(1);
});

test('a policy that appends a port of its own, each time anew, is asked once in 30 s: each try restarts pods', async () => {
  const { cluster, clock, apply } = await bench();
  let raw = rawWorkload('rbdNodePlugin', { port: 9070 });
  let tries = 0;
  cluster.answers.set(RBD, (exchange) => {
    tries += 1;
    const { generation } = raw.metadata;
    const metadata = { ...raw.metadata, generation: generation + 1, resourceVersion: String(9_000 + tries) };
    const args = Array.from({ length: tries + 1 }, () => '--controller-port=9070');
    raw = { ...rawWorkload('rbdNodePlugin', { sidecar: { args } }), metadata };
    exchange.json(200, raw);
  });
  for (const time of [1, 2, 3]) expect((await apply()).rejected, `time ${time}`).toHaveLength(time === 1 ? 1 : 0);
  expect(tries).toBe(1);
  clock.ms += 30_000;
  await apply();
  expect(tries).toBe(2);
});

test('a rejection is over where its write is not needed any more: what is reverted later is put back at once', async () => {
  const { cluster, clock, apply } = await bench();
  const on = (port: number): RawWorkload => rawWorkload('rbdNodePlugin', { port });
  cluster.answers.set(RBD, (exchange) => exchange.json(200, on(9555)));
  expect((await apply()).rejected).toHaveLength(1);
  cluster.answers.delete(RBD);
  clock.ms += 2_000;
  cluster.write('rbdNodePlugin', on(9072));
  expect((await apply()).outcome.rejections).toEqual({});
  cluster.write('rbdNodePlugin', on(9070));
  expect((await apply()).outcome.patched).toMatchObject([{ slot: 'rbdNodePlugin' }]);
});

test('while Rook is waited for, what was rejected before stays so, and is asked nothing', async () => {
  const { cluster, apply } = await bench({ rookAlive: true, config: PINS });
  cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
  await apply();
  cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
  const { length } = cluster.writes();
  const { outcome, rejected } = await apply();
  expect(outcome.waitingForRook).toBe('ForeignChange');
  expect([Object.keys(outcome.rejections), rejected]).toEqual([['rbdNodePlugin'], []]);
  expect(cluster.writes()).toHaveLength(length);
});

test('a ConfigMap that was made again is pinned at once, whatever was rejected of the one before', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(403, 'Forbidden'));
  await apply();
  cluster.answers.delete(CONFIG);
  cluster.watches.rookConfigs.put({ ...cluster.observed().rookConfig!, uid: 'another' });
  expect((await apply()).outcome.pinned).toEqual(PINS);
});

test('a rejected pin is another one where its keys are, and not where anything else of the ConfigMap is', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(CONFIG, (exchange) => exchange.reject(403, 'Forbidden'));
  await apply();
  cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
  expect((await apply()).rejected).toEqual([]);
  cluster.configure({ CSIADDONS_PORT: 'abc' });
  expect((await apply()).rejected.map(({ name }) => name)).toEqual(['rook-ceph-operator-config']);
});

test.each([404, 429, 500])('%i is a passing fault, told as the failure', async (code) => {
  const { cluster, apply } = await bench();
  cluster.answers.set(CEPHFS, (exchange) => exchange.reject(code, 'Passing'));
  const { outcome, requeueAfterMs, failure } = await apply();
  expect(outcome).toMatchObject({ rejections: {}, patched: [{ slot: 'rbdNodePlugin' }] });
  expect(outcome.failure).toBe(`${CEPHFS}: ${code} Passing said the server`);
  expect([requeueAfterMs, failure]).toMatchObject([undefined, { status: code }]);
});

test('after a failed guard the workload is read again, and its namespace is told', async () => {
  const { cluster, apply } = await bench();
  const again = rawWorkload('rbdNodePlugin', { port: 9999 });
  cluster.answers.set(RBD, (exchange) => exchange.reject(422, 'Invalid'));
  cluster.answers.set('GET', (exchange) =>
    exchange.json(200, { ...again, metadata: { ...again.metadata, resourceVersion: '6000' } }),
  );
  const { outcome, failure } = await apply();
  expect(outcome.failure).toBe('an object changed while it was being written; it is read again');
  expect(failure).toMatchObject({ isGuardFailure: true });
  expect(currentPort(cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)!.sidecar!)).toBe(9999);
  expect(cluster.changed).toContain(NAMESPACE);
});

test('a workload that cannot be read again leaves the store as it was', async () => {
  const { cluster, apply } = await bench();
  cluster.answers.set(RBD, (exchange) => exchange.reject(422, 'Invalid'));
  cluster.answers.set('GET', (exchange) => exchange.reject(404, 'NotFound'));
  expect((await apply()).outcome.failure).toContain('is read again');
  expect(cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)?.resourceVersion).toBe('4711');
});

test('an answer that is not what was sent is a rejection, and told as a change', async () => {
  const { cluster, apply } = await bench();
  const changed = rawWorkload('rbdNodePlugin', { port: 9070 });
  const metadata = { ...changed.metadata, resourceVersion: '9000' };
  cluster.answers.set(RBD, (exchange) => exchange.json(200, { ...changed, metadata }));
  const { outcome } = await apply();
  expect(outcome.rejections.rbdNodePlugin).toContain('an admission policy or webhook changed what was sent');
  expect(cluster.changed).toEqual([NAMESPACE]);
});

test('an answer with an edit that got in between is no rejection, and told as a change', async () => {
  const { cluster, apply } = await bench();
  const edited = rawWorkload('rbdNodePlugin', { port: 9070 });
  const metadata = { ...edited.metadata, resourceVersion: '9000', generation: edited.metadata.generation + 2 };
  cluster.answers.set(RBD, (exchange) => exchange.json(200, { ...edited, metadata }));
  const { outcome, failure } = await apply();
  expect(outcome).toMatchObject({ rejections: {}, failure: expect.stringContaining('is read again') as string });
  expect(failure).toMatchObject({ message: 'csi-rbdplugin was changed by others while it was being written' });
  expect(cluster.changed).toEqual([NAMESPACE]);
  cluster.answers.clear();
  const again = await apply();
  expect(again.outcome.patched.map(({ slot }) => slot)).toEqual(['rbdNodePlugin']);
});

test('an API server that is away is a passing fault', async () => {
  const { cluster, apply } = await bench();
  await cluster.server[Symbol.asyncDispose]();
  const { outcome, failure } = await apply();
  expect(outcome).toMatchObject({ pinned: {}, patched: [], rejections: {} });
  expect(outcome.failure).toContain('ECONNREFUSED');
  expect(failure).toMatchObject({ name: 'UnreachableError' });
});

test('a workload on its way out is not patched', async () => {
  const { cluster, apply } = await bench({
    workloads: { cephfsProvisioner: { port: 9070, deleting: true }, rbdNodePlugin: {} },
  });
  await apply();
  expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config']);
  expect(projected(rawWorkload('cephfsProvisioner', { deleting: true })).deleting).toBe(true);
});

test('what is held is not written, and all else is', async () => {
  const { cluster, apply } = await bench();
  const held: Held = { workloads: new Set(['csi-rbdplugin']), keys: new Set(['CSIADDONS_PORT']) };
  const { outcome } = await apply(held);
  const { CSIADDONS_PORT: heldPin, ...pinned } = PINS;
  expect(heldPin).toBe('9072');
  expect(outcome).toMatchObject({ pinned, patched: [{ slot: 'cephfsProvisioner' }] });
  expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config', 'PATCH csi-cephfsplugin-provisioner']);
});
