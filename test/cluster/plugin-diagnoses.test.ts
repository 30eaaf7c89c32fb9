/**
 * One truth: of each kind of cluster that bug reports are made of, kubectl csiports says what the operator says, live and from
 * a dump that the real kubectl wrote, also where the dump lacks the operator's own status.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { AssignmentStatus, Condition, ConditionType } from '../../src/domain/rules/api.js';
import type { DiagnosedAssignment } from '../../src/cli/commands/status.js';
import type { Assignment } from '../support/assignment.js';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import { runningPodsOf, release, silence } from '../support/csi-pods.js';
import { useCluster, type RookOptions } from '../support/cluster.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { Holder } from '../support/holders.js';
import { Plugin } from '../support/plugin.js';

const cluster = useCluster();

let plugin: Plugin;
beforeAll(() => {
  plugin = new Plugin(cluster().controlPlane);
});

const KINDS = 'deployments,daemonsets,configmaps,pods,csiportassignments';

/** What kubectl writes of the whole cluster; gone after the test. */
async function dump(kinds: string, change: (item: KubeObject) => void = () => undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plugin-dump-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { stdout } = await plugin.shell(`kubectl get ${kinds} -A -o json --show-managed-fields`);
  const list = JSON.parse(stdout) as { items: KubeObject[] };
  list.items.forEach(change);
  const file = join(folder, 'dump.json');
  await writeFile(file, JSON.stringify(list));
  return file;
}

function withoutStatus(item: KubeObject & { kind?: string; status?: unknown }): void {
  if (item.kind === 'CSIPortAssignment') delete item.status;
}

interface Said extends Pick<AssignmentStatus, 'conflicts' | 'workloads'> {
  readonly conditions: readonly Pick<Condition, 'type' | 'reason' | 'message'>[];
}

/** What live, dump and operator have in common. */
function diagnosis({ conditions, conflicts = [], workloads }: Said): object {
  const rows = workloads.map(({ slot, state, assignedPort, currentPort }) => {
    return { slot, state, assignedPort, currentPort };
  });
  const said = conditions.map(({ type, reason, message }) => ({ type, reason, message }));
  return { conditions: said.sort((a, b) => a.type.localeCompare(b.type)), conflicts, workloads: rows };
}

async function statusOf(namespace: string, ...args: string[]): Promise<DiagnosedAssignment> {
  const { document } = await plugin.document('status', ['-n', namespace, ...args]);
  expect(document.assignments).toHaveLength(1);
  return document.assignments[0]!;
}

async function expectOneTruth(assignment: Assignment, kinds = KINDS): Promise<void> {
  const { namespace } = assignment;
  const live = await statusOf(namespace);
  expect(live.operator).toBe('UpToDate');
  const stored = diagnosis(await assignment.status());
  expect(diagnosis(live)).toEqual(stored);
  expect(diagnosis(await statusOf(namespace, '-f', await dump(kinds)))).toEqual(stored);
  const computed = await statusOf(namespace, '-f', await dump(kinds, withoutStatus));
  expect(computed.operator).toBe('Silent');
  expect(diagnosis(computed)).toEqual(stored);
}

interface Case {
  readonly what: string;
  readonly rook: RookOptions;
  /** Before the assignment and the operator. */
  readonly arrange?: (namespace: string) => Promise<unknown>;
  /** Of check before the operator. */
  readonly before: 0 | 1;
  readonly end: readonly [ConditionType, string];
  /** Of check in the end. */
  readonly after: 0 | 1;
}

const LIVENESS = { CSI_ENABLE_LIVENESS: 'true' };

test.each<Case>([
  {
    what: "an admin's own distinct ports",
    rook: {
      version: '1.17.9',
      config: { CSIADDONS_RBD_PROVISIONER_PORT: '9071', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9073' },
    },
    before: 0,
    end: ['Ready', 'PortsAssigned'],
    after: 0,
  },
  {
    what: 'the provisioners on the pod network',
    rook: { version: '1.17.9', config: { ROOK_ENFORCE_HOST_NETWORK: 'false' } },
    before: 0,
    end: ['Ready', 'PortsAssigned'],
    after: 0,
  },
  {
    what: 'liveness ports that were moved onto the defaults of csi-addons',
    rook: {
      version: '1.17.9',
      config: { ...LIVENESS, CSI_RBD_LIVENESS_METRICS_PORT: '9072', CSI_CEPHFS_LIVENESS_METRICS_PORT: '9071' },
    },
    before: 1,
    end: ['Degraded', 'LivenessConflict'],
    after: 1,
  },
  {
    what: 'a stranger that holds a port',
    rook: { version: '1.17.9' },
    arrange: () => startHolder(9071),
    before: 1,
    end: ['Ready', 'PortsAssigned'],
    after: 0,
  },
])('$what', async ({ rook: options, arrange, before, end, after }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment(options);
  await arrange?.(rook.namespace);
  await runningPodsOf(rook, 'rbdNodePlugin', 3);
  expect((await plugin.run(['check', '-n', rook.namespace])).code).toBe(before);
  await cluster().startOperator();
  await assignment.waitForReason(...end);
  await assignment.waitForReason('Progressing', 'Settled');
  await rook.podsAtRest();
  await assignment.waitUntilSettled();
  await expectOneTruth(assignment);
  expect((await plugin.run(['check', '-n', rook.namespace])).code).toBe(after);
});

async function startHolder(port: number): Promise<void> {
  const holder = await Holder.start(cluster().controlPlane, { kind: 'DaemonSet', port });
  onTestFinished(() => holder.remove());
}

test('a port of the spec that is held', async () => {
  await startHolder(9075);
  const { assignment } = await cluster().installRookWithAssignment(
    { version: '1.17.9' },
    { ports: { cephfsProvisioner: 9075 } },
  );
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'PortInUse');
  await assignment.waitUntilSettled();
  const { document, code } = await plugin.document('check', ['-n', assignment.namespace]);
  expect({ code, verdict: document.verdict }).toEqual({ code: 1, verdict: 'Held' });
  const live = await statusOf(assignment.namespace);
  const { message } = await assignment.condition('Ready');
  expect(live.conditions).toContainEqual(expect.objectContaining({ reason: 'PortInUse', message }) as object);
});

test('two Rooks on the same nodes', async () => {
  const first = await cluster().installRookWithAssignment({ version: '1.17.9', namespace: 'rook-one' });
  const second = await cluster().installRookWithAssignment({ version: '1.17.9', namespace: 'rook-two' });
  const { code, document } = await plugin.document('check');
  expect(code).toBe(1);
  expect(document.rooks.map(({ namespace }) => namespace)).toEqual(['rook-one', 'rook-two']);
  await cluster().startOperator();
  for (const { rook, assignment } of [first, second]) {
    await assignment.waitUntilAssigned();
    await rook.podsAtRest();
    await assignment.waitUntilSettled();
  }
  for (const { assignment } of [first, second]) await expectOneTruth(assignment);
  expect((await plugin.run(['check'])).code).toBe(0);
});

test('liveness of CephFS alone', async () => {
  const config = { ...LIVENESS, ROOK_CSI_ENABLE_RBD: 'false' };
  const { rook, assignment } = await cluster().installRookWithAssignment({
    version: '1.17.9',
    config,
    workloads: false,
  });
  for (const name of ['cephfsNodePlugin', 'cephfsProvisioner'] as const) await rook.rewrite(name);
  await cluster().startOperator();
  await assignment.waitForReason('Degraded', 'LivenessConflict');
  await assignment.waitUntilSettled();
  const { code, document } = await plugin.document('check', ['-n', rook.namespace]);
  expect(code).toBe(1);
  expect(document.rooks[0]!.conflicts.map(({ port }) => port)).toEqual([9081]);
  await expectOneTruth(assignment);
});

test('Drivers of ceph-csi-operator that were left behind', async () => {
  const upstream = new CephCsiOperator(cluster().controlPlane);
  await upstream.installCrd();
  onTestFinished(() => upstream.removeCrd());
  const { rook, assignment } = await cluster().installRookWithAssignment({
    version: '1.17.9',
    image: 'rook/ceph:v1.18.0',
    config: { ...LIVENESS, ROOK_ENFORCE_HOST_NETWORK: 'false', ROOK_USE_CSI_OPERATOR: 'false' },
  });
  for (const [type, liveness] of [
    ['rbd', 9080],
    ['cephfs', 9081],
  ] as const)
    await upstream.write({ ...(await upstream.createDriver(rook.namespace, type)), type, liveness });
  await cluster().startOperator();
  await assignment.waitForReason('Degraded', 'UpstreamConflict');
  await assignment.waitUntilSettled();
  const { code, document } = await plugin.document('check', ['-n', rook.namespace]);
  expect(code).toBe(1);
  expect(document.rooks[0]!.conflicts.map(({ port }) => port)).toEqual([9080, 9081]);
  await expectOneTruth(assignment, `${KINDS},drivers.csi.ceph.io`);
});

test('an assignment in a namespace without Rook', async () => {
  const { rook } = await cluster().installRookWithAssignment({ namespace: 'rook-ceph-system' });
  const { api } = cluster().controlPlane;
  const namespace = 'rook-ceph-cluster';
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await cluster().allowWrites(namespace);
  const assignment = cluster().assignment(namespace);
  await assignment.create();
  onTestFinished(() => assignment.delete());
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'NoRook');
  await cluster().waitUntilAtRest(rook);
  await expectOneTruth(assignment);
});

test('a dead node holds up the node plugin', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  const dead = (await runningPodsOf(rook, 'rbdNodePlugin', 3)).find(({ spec }) => spec.nodeName === 'node-2')!;
  const { api } = cluster().controlPlane;
  await silence(api, dead);
  onTestFinished(() => release(api, dead).catch(() => undefined));
  await cluster().startOperator();
  await assignment.waitForState('rbdNodePlugin', 'Stuck');
  await assignment.waitForState('rbdProvisioner', 'Stuck');
  await assignment.waitUntilSettled();
  const live = await statusOf(rook.namespace);
  expect(live.operator).toBe('UpToDate');
  expect(live.workloads.map(({ slot, state }) => [slot, state])).toContainEqual(['rbdNodePlugin', 'Stuck']);
  expect(JSON.stringify(live.nextSteps)).toContain('node-2');
});

test('a namespace in which the operator may not write: the status is silent, and check has the conflict', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  expect((await assignment.get()).status).toBeUndefined();
  const status = await statusOf(rook.namespace);
  expect(status).toMatchObject({ operator: 'Silent', verdict: 'Conflict' });
  expect(status.operatorNote).toContain('kubectl csiports doctor');
});
