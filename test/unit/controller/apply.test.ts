import { describe, expect, test } from 'vitest';
import { apply } from '../../../src/controller/apply.js';
import type { WriteDependencies } from '../../../src/controller/send.js';
import { WriteBackoff } from '../../../src/controller/write-backoff.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { currentPort } from '../../../src/domain/rules/sidecar-port.js';
import { SLOT_SPECS, type Slot } from '../../../src/domain/rules/slots.js';
import type { WriteResult } from '../../../src/domain/report/write-result.js';
import { rawWorkload, type RawWorkload } from '../domain/raw-workload.js';
import { NAMESPACE, rolledOut, startCluster, type Cluster, type ClusterOptions } from './cluster-double.js';

const RBD = 'PATCH /apis/apps/v1/namespaces/rook-ceph/daemonsets/csi-rbdplugin';
const CEPHFS = 'PATCH /apis/apps/v1/namespaces/rook-ceph/deployments/csi-cephfsplugin-provisioner';
const CONFIG = 'PATCH /api/v1/namespaces/rook-ceph/configmaps/rook-ceph-operator-config';
const PINS = {
  CSIADDONS_RBD_PROVISIONER_PORT: '9070',
  CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
  CSIADDONS_PORT: '9072',
};
const ON_THEIR_PORTS = { rbdProvisioner: {}, cephfsProvisioner: {}, rbdNodePlugin: {} };
/** Only the node plugin is off its port, and every key is pinned. */
const ONE_DRIFTED = { config: PINS, workloads: { ...ON_THEIR_PORTS, rbdNodePlugin: { port: 9070 } } };

type Rows = Readonly<Record<Slot | 'rookConfig', WriteResult>>;

interface Bench {
  readonly cluster: Cluster;
  readonly clock: { ms: number };
  readonly deps: WriteDependencies;
  readonly applied: () => Promise<Rows>;
  /** How often a write of this object was sent. */
  readonly sent: (name: string) => number;
  /** The port of a workload as the operator's store has it. */
  readonly port: (slot: Slot) => number | undefined;
}

async function bench(options: ClusterOptions = {}): Promise<Bench> {
  const cluster = await startCluster(options);
  const clock = { ms: 1_000 };
  const now = (): Date => new Date(Date.parse('2026-11-22T10:00:00Z') + clock.ms);
  const backoff = new WriteBackoff({ contestedAfter: 5, now, monotonicMs: () => clock.ms });
  const deps = { writer: cluster.writer, watches: cluster.watches, backoff };
  return {
    cluster,
    clock,
    deps,
    applied: async () => {
      const observed = cluster.observed();
      const results = await apply(plan(observed), observed, deps);
      return Object.fromEntries(results.map((result) => [result.slot ?? 'rookConfig', result])) as Rows;
    },
    sent: (name) => cluster.writes().filter((write) => write === `PATCH ${name}`).length,
    port: (slot) => currentPort(cluster.watches.workloads[slot].get(NAMESPACE)!.sidecar!),
  };
}

const nodePluginOn = (port: number): RawWorkload => rawWorkload('rbdNodePlugin', { port });

function outcomes(rows: Rows): Record<string, string> {
  return Object.fromEntries(Object.entries(rows).map(([row, { outcome }]) => [row, outcome]));
}

test('the pin goes first, then a patch for each workload that differs; the stores hold the responses', async () => {
  const { cluster, applied, port } = await bench();
  const about = { isSent: true, outcome: 'Applied' };
  expect(await applied()).toMatchObject({
    rookConfig: { ...about, kind: 'ConfigMap', name: 'rook-ceph-operator-config', keys: PINS },
    rbdProvisioner: {
      kind: 'Deployment',
      name: 'csi-rbdplugin-provisioner',
      slot: 'rbdProvisioner',
      outcome: 'Unchanged',
      isSent: false,
      from: 9070,
      to: 9070,
    },
    cephfsProvisioner: {
      ...about,
      kind: 'Deployment',
      name: 'csi-cephfsplugin-provisioner',
      slot: 'cephfsProvisioner',
      from: 9070,
      to: 9071,
    },
    rbdNodePlugin: { ...about, kind: 'DaemonSet', name: 'csi-rbdplugin', slot: 'rbdNodePlugin', from: 9070, to: 9072 },
  });
  const [first, ...patches] = cluster.writes();
  expect(first).toBe('PATCH rook-ceph-operator-config');
  expect(patches.sort()).toEqual(['PATCH csi-cephfsplugin-provisioner', 'PATCH csi-rbdplugin']);
  expect([port('rbdProvisioner'), port('cephfsProvisioner'), port('rbdNodePlugin')]).toEqual([9070, 9071, 9072]);
  expect(cluster.observed().rookConfig?.keys.CSIADDONS_PORT?.value).toBe('9072');
  // Whoever applied the plan goes on from the responses: nothing comes back.
  expect(cluster.changed).toEqual([]);
});

test('applied again it writes nothing', async () => {
  const { cluster, applied } = await bench();
  await applied();
  const { length } = cluster.server.requests;
  for (const { outcome } of Object.values(await applied())) expect(outcome).toBe('Unchanged');
  expect(cluster.server.requests).toHaveLength(length);
});

describe('with controllers, that roll out what is written, storage comes first', () => {
  const PROVISIONER_PINS = { CSIADDONS_RBD_PROVISIONER_PORT: '9070', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' };

  async function rolledOutOn(port: number | undefined, options: ClusterOptions = {}): Promise<Bench> {
    const found = await bench(options);
    const raws = SLOT_SPECS.map(({ slot }) => [slot, rawWorkload(slot, port === undefined ? {} : { port })] as const);
    for (const [slot, raw] of raws) found.cluster.write(slot, rolledOut(raw));
    return found;
  }

  function refused(raw: RawWorkload): RawWorkload {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'pods "x" is forbidden' }];
    const status = { ...rolledOut(raw).status, updatedReplicas: 0, conditions };
    return { ...raw, status };
  }

  test('the node plugin and its key wait until the new pods of the provisioners exist, and follow at once', async () => {
    const { cluster, applied, port } = await rolledOutOn(9070);
    const first = await applied();
    expect(first.rookConfig.keys).toEqual(PROVISIONER_PINS);
    expect(first).toMatchObject({
      cephfsProvisioner: { outcome: 'Applied', to: 9071 },
      rbdNodePlugin: { outcome: 'AwaitingPods', isSent: false },
    });
    expect(outcomes(await applied())).toEqual({
      rookConfig: 'Unchanged',
      rbdProvisioner: 'Unchanged',
      cephfsProvisioner: 'Unchanged',
      rbdNodePlugin: 'AwaitingPods',
    });
    // They need not run.
    const raw = rolledOut(rawWorkload('cephfsProvisioner'));
    const admitted = { ...raw, status: { ...raw.status, availableReplicas: 0 } };
    cluster.write('cephfsProvisioner', admitted);
    const { rookConfig, rbdNodePlugin } = await applied();
    expect([rookConfig.outcome, rookConfig.keys, rbdNodePlugin.outcome]).toEqual([
      'Applied',
      { CSIADDONS_PORT: '9072' },
      'Applied',
    ]);
    expect(port('rbdNodePlugin')).toBe(9072);
  });

  test('a node plugin that was right before is put back at once, whatever the pods of the provisioners do', async () => {
    const { cluster, applied, port } = await rolledOutOn(undefined, { config: PINS });
    await applied();
    cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner', { rolling: true })));
    cluster.write('rbdNodePlugin', rolledOut(nodePluginOn(9070)));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Applied', reverted: {} });
    expect(port('rbdNodePlugin')).toBe(9072);
  });

  test('one that another process had moved waits, as nobody knows it for reverted', async () => {
    const { cluster, applied } = await rolledOutOn(undefined, { config: PINS });
    cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner', { rolling: true })));
    cluster.write('rbdNodePlugin', rolledOut(nodePluginOn(9070)));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'AwaitingPods' });
  });

  test('while pods of a slot are refused, nothing else is moved, and no key is pinned for it', async () => {
    const { cluster, applied } = await rolledOutOn(undefined, {
      config: PINS,
      spec: { ports: { rbdProvisioner: 9170, rbdNodePlugin: 9172 } },
    });
    cluster.write('cephfsProvisioner', refused(rawWorkload('cephfsProvisioner')));
    const awaiting = { rbdProvisioner: 'AwaitingPods', rbdNodePlugin: 'AwaitingPods' };
    expect(outcomes(await applied())).toMatchObject({ rookConfig: 'Unchanged', ...awaiting });
    expect(cluster.writes()).toEqual([]);

    cluster.write('cephfsProvisioner', rolledOut(rawWorkload('cephfsProvisioner')));
    const next = await applied();
    expect(next.rookConfig.keys).toEqual({ CSIADDONS_RBD_PROVISIONER_PORT: '9170' });
    expect(outcomes(next)).toMatchObject({ rbdProvisioner: 'Applied', rbdNodePlugin: 'AwaitingPods' });
  });

  test('the slot whose pods are refused is moved itself: another port may be allowed', async () => {
    const { cluster, applied, port } = await rolledOutOn(undefined, {
      config: PINS,
      spec: { ports: { cephfsProvisioner: 9171 } },
    });
    cluster.write('cephfsProvisioner', refused(rawWorkload('cephfsProvisioner')));
    await applied();
    expect(port('cephfsProvisioner')).toBe(9171);
  });

  test('DryRun asks for all of them at once', async () => {
    const { applied } = await rolledOutOn(9070, { spec: { mode: 'DryRun' } });
    expect(outcomes(await applied())).toMatchObject({ cephfsProvisioner: 'Accepted', rbdNodePlugin: 'Accepted' });
  });
});

describe('the other modes', () => {
  test('Paused sends nothing', async () => {
    const { cluster, applied } = await bench({ spec: { mode: 'Paused' } });
    expect(new Set(Object.values(outcomes(await applied())))).toEqual(new Set(['Unchanged']));
    expect(cluster.server.requests).toEqual([]);
  });

  test.each(['Paused', 'Enforce'] as const)(
    'a sidecar with too many arguments to be read is rejected in %s',
    async (mode) => {
      const args = Array.from({ length: 1_001 }, () => '--v=5');
      const { applied, sent } = await bench({ spec: { mode }, workloads: { rbdNodePlugin: { sidecar: { args } } } });
      expect((await applied()).rbdNodePlugin).toMatchObject({
        outcome: 'Rejected',
        isSent: false,
        cause: expect.stringContaining('1001 arguments and ports') as string,
      });
      expect(sent('csi-rbdplugin')).toBe(0);
    },
  );

  test('DryRun asks with dryRun=All, keeps nothing of the responses, and begins no hold for Rook', async () => {
    const { cluster, applied, port } = await bench({ spec: { mode: 'DryRun' }, rookAlive: true });
    const accepted = { rookConfig: 'Accepted', cephfsProvisioner: 'Accepted', rbdNodePlugin: 'Accepted' };
    for (const time of [1, 2]) {
      expect(outcomes(await applied()), `time ${time}`).toMatchObject({ ...accepted, rbdProvisioner: 'Unchanged' });
    }
    expect(cluster.server.requests.map(({ query }) => query.dryRun)).toEqual(Array(6).fill('All'));
    expect([port('rbdNodePlugin'), cluster.observed().rookConfig?.keys, cluster.changed]).toEqual([9070, {}, []]);
  });

  test('DryRun does not wait for Rook: what it asks restarts nothing', async () => {
    const { cluster, applied } = await bench({ ...ONE_DRIFTED, spec: { mode: 'DryRun' }, rookAlive: true });
    await applied();
    cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Accepted', isSent: true });
  });

  test('DryRun is no write that could make an object contested, and nothing is reverted by it', async () => {
    const { applied } = await bench({ ...ONE_DRIFTED, spec: { mode: 'DryRun' } });
    for (let time = 0; time < 6; time += 1) {
      const { rbdNodePlugin } = await applied();
      expect(rbdNodePlugin).not.toHaveProperty('contest');
      expect(rbdNodePlugin).not.toHaveProperty('reverted');
    }
  });

  test('DryRun reports what would be rejected, and what a policy would change', async () => {
    const { cluster, applied } = await bench({ spec: { mode: 'DryRun' } });
    cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
    const raw = rawWorkload('cephfsProvisioner', { port: 9555 });
    cluster.answers.set(CEPHFS, (exchange) => exchange.json(200, raw));
    const rows = await applied();
    expect(outcomes(rows)).toMatchObject({ rbdNodePlugin: 'Rejected', cephfsProvisioner: 'Rejected' });
    expect(rows.cephfsProvisioner.cause).toContain('an admission policy or webhook changed what was sent');
    expect(cluster.changed).toEqual([]);
  });
});

describe('Rook', () => {
  test('a running Rook gets three seconds after the pin before anything is patched', async () => {
    const { cluster, clock, applied } = await bench({ rookAlive: true });
    const waiting = { outcome: 'WaitingForRook', isSent: false };
    expect(await applied()).toMatchObject({
      rookConfig: { outcome: 'Applied', keys: PINS },
      rbdNodePlugin: { ...waiting, requeueAfterMs: 3_000 },
    });
    clock.ms += 2_999;
    expect(await applied()).toMatchObject({
      rookConfig: { outcome: 'Unchanged' },
      rbdNodePlugin: { ...waiting, requeueAfterMs: 1 },
    });
    expect(cluster.writes()).toEqual(['PATCH rook-ceph-operator-config']);
    clock.ms += 1;
    expect(await applied()).toMatchObject({
      cephfsProvisioner: { to: 9071, outcome: 'Applied' },
      rbdNodePlugin: { outcome: 'Applied' },
    });
  });

  test("somebody else's change of the settings, whatever the key, is left to Rook first", async () => {
    const { cluster, applied } = await bench({ ...ONE_DRIFTED, rookAlive: true });
    await applied();
    cluster.write('rbdNodePlugin', nodePluginOn(9070));
    cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'WaitingForRook', requeueAfterMs: 3_000 });
  });

  test('a pin that somebody was faster than is read again, and Rook is given time for what they wrote', async () => {
    const { cluster, clock, applied } = await bench({ rookAlive: true });
    // What is seen first is no change.
    cluster.answers.set(CONFIG, (exchange) => exchange.reject(500, 'InternalError'));
    cluster.answers.set('PATCH /apis/apps', (exchange) => exchange.reject(500, 'InternalError'));
    await applied();
    cluster.answers.clear();
    cluster.configureUnseen({ CSI_LOG_LEVEL: '5' });
    // By the outdated plan nothing else is written.
    const outdated = await applied();
    expect(outdated).toMatchObject({ rookConfig: { outcome: 'Outdated', isSent: true, error: { status: 409 } } });
    expect(outdated).not.toHaveProperty('rbdNodePlugin');
    expect(cluster.changed).toEqual([NAMESPACE]);
    clock.ms += 2_000;
    expect(await applied()).toMatchObject({
      rookConfig: { outcome: 'Applied', keys: PINS },
      rbdNodePlugin: { outcome: 'WaitingForRook', requeueAfterMs: 3_000 },
    });
  });

  test.each([
    ['does not run', { rookAlive: false }, undefined],
    ['runs, if the pin failed', { rookAlive: true }, 500],
  ])('nothing waits for a Rook that %s', async (_, options, code) => {
    const { cluster, applied, port } = await bench(options);
    if (code !== undefined) cluster.answers.set(CONFIG, (exchange) => exchange.reject(code, 'InternalError'));
    expect(await applied()).toMatchObject({ rookConfig: { outcome: code === undefined ? 'Applied' : 'Failed' } });
    expect([port('cephfsProvisioner'), port('rbdNodePlugin')]).toEqual([9071, 9072]);
  });

  test('a workload that differs only after Rook has nothing more to do is patched at once', async () => {
    const { cluster, applied } = await bench({ rookAlive: true, config: PINS, workloads: ON_THEIR_PORTS });
    await applied();
    cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
    await applied();
    cluster.write('rbdNodePlugin', nodePluginOn(9070));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Applied' });
  });

  test('while Rook is waited for, what was rejected before stays so, and is not sent', async () => {
    const { cluster, applied, sent } = await bench({ ...ONE_DRIFTED, rookAlive: true });
    cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
    await applied();
    cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Rejected', isSent: false });
    expect(sent('csi-rbdplugin')).toBe(1);
  });
});

describe('a write that is rejected', () => {
  const CAUSES = { details: { causes: [{ field: 'spec', message: 'no' }] } };
  const advice = (object: string): string => ` (if this is RBAC, allow: patch ${object} in namespace rook-ceph)`;

  test.each([
    ['by validation', 422, CAUSES, ''],
    ['by a webhook', 400, {}, ''],
    ['as too large', 413, {}, ''],
    ['by RBAC or a policy', 403, {}, advice('daemonsets.apps/csi-rbdplugin')],
  ])('%s does not keep the other workload from its port', async (_, code, more, suffix) => {
    const { cluster, applied, port } = await bench();
    cluster.answers.set(RBD, (exchange) => exchange.reject(code, 'Rejected', more));
    const { rbdNodePlugin } = await applied();
    const cause = `${RBD}: ${code} Rejected said the server${suffix}`;
    expect(rbdNodePlugin).toMatchObject({ outcome: 'Rejected', isSent: true, cause, requeueAfterMs: 30_000 });
    expect(rbdNodePlugin).not.toHaveProperty('error');
    expect([port('cephfsProvisioner'), port('rbdNodePlugin')]).toEqual([9071, 9070]);
  });

  test('of the settings names the right that RBAC has to give, and the workloads are patched all the same', async () => {
    const { cluster, applied, port } = await bench({ rookAlive: true });
    cluster.answers.set(CONFIG, (exchange) => exchange.reject(403, 'Forbidden'));
    const { rookConfig } = await applied();
    expect(rookConfig).toMatchObject({ outcome: 'Rejected', isSent: true, keys: PINS, requeueAfterMs: 30_000 });
    expect(rookConfig.cause).toContain(advice('configmaps/rook-ceph-operator-config'));
    expect([port('cephfsProvisioner'), port('rbdNodePlugin')]).toEqual([9071, 9072]);
  });

  test('is sent again after 30 s, and until then reported with its cause', async () => {
    const { cluster, clock, applied, sent } = await bench();
    cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
    const { cause } = (await applied()).rbdNodePlugin;
    clock.ms += 29_999;
    expect((await applied()).rbdNodePlugin).toMatchObject({
      outcome: 'Rejected',
      isSent: false,
      cause,
      requeueAfterMs: 1,
    });
    expect(sent('csi-rbdplugin')).toBe(1);
    clock.ms += 1;
    await applied();
    expect(sent('csi-rbdplugin')).toBe(2);
  });

  test('is another one once the workload is, and not because pods come and go', async () => {
    const { cluster, applied, sent } = await bench();
    cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
    const raw = nodePluginOn(9070);
    await applied();
    cluster.write('rbdNodePlugin', { ...raw, status: { ...raw.status, pods: 1 } });
    await applied();
    expect(sent('csi-rbdplugin')).toBe(1);
    cluster.write('rbdNodePlugin', { ...raw, metadata: { ...raw.metadata, generation: 99 } });
    await applied();
    expect(sent('csi-rbdplugin')).toBe(2);
    cluster.write('rbdNodePlugin', { ...raw, metadata: { ...raw.metadata, generation: 99, uid: 'made again' } });
    await applied();
    expect(sent('csi-rbdplugin')).toBe(3);
  });

  test('is another one once the port keys are, and not because of another key', async () => {
    const { cluster, applied, sent } = await bench();
    cluster.answers.set(CONFIG, (exchange) => exchange.reject(403, 'Forbidden'));
    await applied();
    cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' });
    await applied();
    expect(sent('rook-ceph-operator-config')).toBe(1);
    cluster.configure({ CSIADDONS_PORT: 'abc' });
    await applied();
    expect(sent('rook-ceph-operator-config')).toBe(2);
  });

  test('is over once it is not needed any more: a later revert is put back at once', async () => {
    const { cluster, applied, port } = await bench(ONE_DRIFTED);
    cluster.answers.set(RBD, (exchange) => exchange.reject(403, 'Forbidden'));
    await applied();
    cluster.answers.delete(RBD);
    cluster.write('rbdNodePlugin', nodePluginOn(9072));
    await applied();
    cluster.write('rbdNodePlugin', nodePluginOn(9070));
    await applied();
    expect(port('rbdNodePlugin')).toBe(9072);
  });
});

describe('a write that a policy changes', () => {
  /** Each write moves the workload, and appends one more argument. */
  async function changing(): Promise<Bench> {
    const found = await bench(ONE_DRIFTED);
    let tries = 0;
    found.cluster.answers.set(RBD, (exchange) => {
      tries += 1;
      const args = Array.from({ length: tries + 1 }, () => '--controller-port=9070');
      const raw = rawWorkload('rbdNodePlugin', { sidecar: { args } });
      const { generation } = found.cluster.observed().workloads.rbdNodePlugin!.rollout;
      const metadata = { ...raw.metadata, generation: generation + 1, resourceVersion: String(9_000 + tries) };
      exchange.json(200, { ...raw, metadata });
    });
    return found;
  }

  test('is rejected, and its response taken into the store', async () => {
    const { cluster, applied } = await changing();
    const { rbdNodePlugin } = await applied();
    expect(rbdNodePlugin).toMatchObject({ outcome: 'Rejected', isSent: true, requeueAfterMs: 30_000 });
    expect(rbdNodePlugin.cause).toContain('an admission policy or webhook changed what was sent');
    expect(cluster.observed().workloads.rbdNodePlugin?.resourceVersion).toBe('9001');
    expect(cluster.changed).toEqual([NAMESPACE]);
  });

  test('is sent every 30 s, though each makes the workload another one: it restarts pods; the fifth makes it contested', async () => {
    const { clock, applied, sent } = await changing();
    const seconds: number[] = [];
    for (let second = 0; second < 600; second += 5) {
      const before = sent('csi-rbdplugin');
      await applied();
      if (sent('csi-rbdplugin') > before) seconds.push(second);
      clock.ms += 5_000;
    }
    expect(seconds).toEqual([0, 30, 60, 90, 120, 150, 210, 330, 570]);
  });
});

describe('an object that changed meanwhile', () => {
  test('a patch whose guard fails is planned again from what is read', async () => {
    const { cluster, applied, port } = await bench(ONE_DRIFTED);
    const stored = cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)!;
    cluster.write('rbdNodePlugin', nodePluginOn(9071));
    cluster.watches.workloads.rbdNodePlugin.replace([stored]);
    cluster.changed.length = 0;
    const { rbdNodePlugin } = await applied();
    expect(rbdNodePlugin).toMatchObject({ outcome: 'Outdated', isSent: true, error: { isGuardFailure: true } });
    expect([port('rbdNodePlugin'), cluster.changed]).toEqual([9071, [NAMESPACE]]);
    await applied();
    expect(port('rbdNodePlugin')).toBe(9072);
  });

  test('one that cannot be read again leaves the store as it was, and is a failure all the same', async () => {
    const { cluster, applied } = await bench();
    cluster.answers.set(RBD, (exchange) => exchange.reject(422, 'Invalid'));
    cluster.answers.set('GET', (exchange) => exchange.reject(404, 'NotFound'));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Outdated', error: { status: 422 } });
    expect(cluster.watches.workloads.rbdNodePlugin.get(NAMESPACE)?.resourceVersion).toBe('4711');
  });

  test("a response that holds somebody else's edit is no rejection, and is planned from", async () => {
    const { cluster, applied, port } = await bench(ONE_DRIFTED);
    const edited = nodePluginOn(9070);
    const metadata = { ...edited.metadata, resourceVersion: '5000', generation: edited.metadata.generation + 2 };
    cluster.answers.set(RBD, (exchange) => exchange.json(200, { ...edited, metadata }));
    const { rbdNodePlugin } = await applied();
    expect(rbdNodePlugin).toMatchObject({
      outcome: 'Outdated',
      isSent: true,
      error: { message: 'daemonsets.apps/csi-rbdplugin was changed by others while it was being written' },
    });
    expect(cluster.changed).toEqual([NAMESPACE]);
    cluster.answers.clear();
    await applied();
    expect(port('rbdNodePlugin')).toBe(9072);
  });

  test('a change that is seen while the write is on its way brings the namespace back', async () => {
    const { cluster, applied } = await bench(ONE_DRIFTED);
    cluster.beforeAnswer('daemonsets', () => cluster.configure({ ROOK_LOG_LEVEL: 'DEBUG' }));
    await applied();
    expect(cluster.changed).toEqual([NAMESPACE]);
  });
});

describe('a passing fault', () => {
  test.each([404, 429, 500])('%i is reported with its error', async (code) => {
    const { cluster, applied, port } = await bench();
    cluster.answers.set(CEPHFS, (exchange) => exchange.reject(code, 'Passing'));
    const { cephfsProvisioner } = await applied();
    const cause = `${CEPHFS}: ${code} Passing said the server`;
    expect(cephfsProvisioner).toMatchObject({ outcome: 'Failed', isSent: true, cause, error: { status: code } });
    expect(cephfsProvisioner).not.toHaveProperty('requeueAfterMs');
    expect(port('rbdNodePlugin')).toBe(9072);
    cluster.answers.clear();
    await applied();
    expect(port('cephfsProvisioner')).toBe(9071);
  });

  test('an API server that is away is one, of each object', async () => {
    const { cluster, applied } = await bench();
    await cluster.server[Symbol.asyncDispose]();
    const failed = { outcome: 'Failed', error: { name: 'UnreachableError' } };
    expect(await applied()).toMatchObject({ rookConfig: failed, cephfsProvisioner: failed, rbdNodePlugin: failed });
  });
});

test.each<[string, ClusterOptions, string[]]>([
  ['an absent ConfigMap', { config: 'none', workloads: ON_THEIR_PORTS }, []],
  [
    'the settings of an assignment that leaves them alone',
    { spec: { rookConfig: 'Leave' }, workloads: ON_THEIR_PORTS },
    [],
  ],
  [
    'a workload on its way out',
    { config: PINS, workloads: { ...ON_THEIR_PORTS, rbdNodePlugin: { port: 9070, deleting: true } } },
    [],
  ],
  [
    'a workload on the pod network',
    { config: PINS, workloads: { ...ON_THEIR_PORTS, rbdNodePlugin: { port: 9070, hostNetwork: false } } },
    [],
  ],
])('%s is not written', async (_, options, writes) => {
  const { cluster, applied } = await bench(options);
  await applied();
  expect(cluster.writes()).toEqual(writes);
});

describe('a revert', () => {
  const argocd = (port: number): RawWorkload =>
    rawWorkload('rbdNodePlugin', { port, managers: [{ name: 'argocd', ownsPort: true }] });

  test('is reported only if this process had seen the object at its port', async () => {
    const { cluster, applied } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    cluster.write('rbdNodePlugin', argocd(9070));
    expect((await applied()).rbdNodePlugin).not.toHaveProperty('reverted');
    cluster.write('rbdNodePlugin', argocd(9070));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Applied', reverted: { manager: 'argocd' } });
  });

  test('of an object that was right when it was first seen is one, too', async () => {
    const { cluster, applied } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    await applied();
    cluster.write('rbdNodePlugin', nodePluginOn(9070));
    expect((await applied()).rbdNodePlugin).toMatchObject({ outcome: 'Applied', reverted: {} });
  });

  test('is none if the port is another one by a new edit of the spec', async () => {
    const { cluster, applied, port } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    await applied();
    cluster.edit({ ports: { rbdNodePlugin: 9172 } });
    cluster.watches.assignments.put(await cluster.writer.readAssignment(NAMESPACE));
    const { rbdNodePlugin } = await applied();
    expect([rbdNodePlugin.outcome, rbdNodePlugin.reverted, port('rbdNodePlugin')]).toEqual([
      'Applied',
      undefined,
      9172,
    ]);
  });

  test('of a pinned key is one of the settings', async () => {
    const { cluster, applied } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    await applied();
    cluster.configure({ CSIADDONS_PORT: null });
    const row = { outcome: 'Applied', keys: { CSIADDONS_PORT: '9072' }, reverted: {} };
    expect((await applied()).rookConfig).toMatchObject(row);
  });
});

describe('a fight', () => {
  const reverts: [string, (cluster: Cluster, time: number) => void][] = [
    ['changed back', ({ write }) => write('rbdNodePlugin', nodePluginOn(9070))],
    [
      'deleted and made again',
      ({ write }, time) => {
        const raw = nodePluginOn(9070);
        write('rbdNodePlugin', { ...raw, metadata: { ...raw.metadata, uid: `uid-${time}` } });
      },
    ],
  ];

  test.each(reverts)('a workload that is %s again and again is written five times and then held', async (_, revert) => {
    const { cluster, clock, applied, sent, port } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    await applied();
    for (let time = 1; time <= 5; time += 1) {
      revert(cluster, time);
      expect((await applied()).rbdNodePlugin.outcome, `time ${time}`).toBe('Applied');
    }
    revert(cluster, 6);
    const contest = { lastWriteTime: '2026-11-22T10:00:01Z', backoffSeconds: 30 };
    for (const [waited, outcome] of [
      [0, 'BackingOff'],
      [29_999, 'BackingOff'],
      [30_000, 'Applied'],
    ] as const) {
      clock.ms = 1_000 + waited;
      expect((await applied()).rbdNodePlugin).toMatchObject({
        outcome,
        ...(outcome === 'Applied' ? {} : { isSent: false, requeueAfterMs: 30_000 - waited, contest }),
      });
    }
    expect([sent('csi-rbdplugin'), port('rbdNodePlugin')]).toEqual([6, 9072]);
  });

  test('over one workload holds no other, and stays reported until ten minutes after the last write', async () => {
    const { cluster, clock, applied, port } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    for (let time = 0; time < 6; time += 1) {
      cluster.write('rbdNodePlugin', nodePluginOn(9070));
      await applied();
    }
    cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { port: 9070 }));
    expect(outcomes(await applied())).toMatchObject({ cephfsProvisioner: 'Applied', rbdNodePlugin: 'BackingOff' });
    expect(port('cephfsProvisioner')).toBe(9071);
    cluster.write('rbdNodePlugin', nodePluginOn(9072));
    clock.ms += 599_999;
    expect((await applied()).rbdNodePlugin).toMatchObject({
      outcome: 'Unchanged',
      contest: { backoffSeconds: 30 },
      requeueAfterMs: 1,
    });
    clock.ms += 1;
    expect((await applied()).rbdNodePlugin).not.toHaveProperty('contest');
  });

  test('over one key holds no other: a bad value of any stops Rook', async () => {
    const { cluster, applied } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    for (let time = 0; time < 5; time += 1) {
      cluster.configure({ CSIADDONS_PORT: null });
      await applied();
    }
    cluster.configure({ CSIADDONS_PORT: null });
    const contest = { keys: ['CSIADDONS_PORT'], backoffSeconds: 30 };
    expect((await applied()).rookConfig).toMatchObject({ outcome: 'BackingOff', requeueAfterMs: 30_000, contest });
    cluster.configure({ CSIADDONS_RBD_PROVISIONER_PORT: 'abc' });
    const { rookConfig } = await applied();
    expect(rookConfig).toMatchObject({ outcome: 'Applied', keys: { CSIADDONS_RBD_PROVISIONER_PORT: '9070' }, contest });
    const { keys } = cluster.observed().rookConfig!;
    expect([keys.CSIADDONS_RBD_PROVISIONER_PORT?.value, keys.CSIADDONS_PORT]).toEqual(['9070', undefined]);
    // For the key that is held.
    expect(rookConfig.requeueAfterMs).toBe(30_000);
  });

  test('over one key is no revert of another that is pinned for the first time', async () => {
    const { cluster, applied } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner', { hostNetwork: false }));
    for (let time = 0; time < 6; time += 1) {
      await applied();
      cluster.configure({ CSIADDONS_PORT: null, CSIADDONS_CEPHFS_PROVISIONER_PORT: null });
    }
    expect((await applied()).rookConfig).toMatchObject({ outcome: 'BackingOff', reverted: {} });
    cluster.write('cephfsProvisioner', rawWorkload('cephfsProvisioner'));
    const { rookConfig } = await applied();
    expect(rookConfig).toMatchObject({ outcome: 'Applied', keys: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' } });
    expect(rookConfig).not.toHaveProperty('reverted');
  });

  test('ends with a new edit of the spec: what it asks for is written at once', async () => {
    const { cluster, applied, port } = await bench({ config: PINS, workloads: ON_THEIR_PORTS });
    for (let time = 0; time < 6; time += 1) {
      cluster.write('rbdNodePlugin', nodePluginOn(9070));
      await applied();
    }
    cluster.edit({});
    cluster.watches.assignments.put(await cluster.writer.readAssignment(NAMESPACE));
    expect((await applied()).rbdNodePlugin).not.toHaveProperty('contest');
    expect(port('rbdNodePlugin')).toBe(9072);
  });
});
