/** What the keys in rook-ceph-operator-config do to the assignment, and what the pin does to them. */
import { expect, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import { waitUntilForbidden } from '../support/access.js';
import { useCluster, type RookOptions } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { rookOperatorConfig } from '../support/rook/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import {
  DEFAULT_PORTS,
  each,
  inOrder,
  keysOf,
  layoutOf,
  OTHER_PORTS,
  portsOf,
  PROVISIONERS,
  SLOTS,
  type Ports,
} from '../support/slots.js';
import { OPERATOR_USER } from '../support/operator-account.js';

const cluster = useCluster({ withholdsRights: true });

const PIN = 'patch configmaps rook-ceph-operator-config';
const RBD = 'CSIADDONS_RBD_PROVISIONER_PORT';
const CEPHFS = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';
const NODE = 'CSIADDONS_PORT';
const FIXED_PINS = keysOf(DEFAULT_PORTS);

interface Configured {
  rook: RookInstallation;
  assignment: Assignment;
  /** From before the operator's start. */
  mark: Mark;
}

/** The keys are the user's, and the workloads do not have them yet. */
async function withKeys(
  keys: Record<string, string>,
  spec: AssignmentSpec = {},
  options: RookOptions = {},
): Promise<Configured> {
  const { rook, assignment } = await cluster().installRookWithAssignment(options, spec);
  await cluster().controlPlane.api.patch(rook.configPath, { data: keys });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  return { rook, assignment, mark };
}

async function pinsSince({ mark, assignment }: Configured): Promise<string[]> {
  return (await cluster().writesUntilSettled(mark, assignment)).filter((write) => write.includes('configmaps'));
}

function storedConfig(rook: RookInstallation): Promise<KubeObject & { data: Record<string, string> }> {
  return cluster().controlPlane.api.get(rook.configPath);
}

/** The keys of the ConfigMap that the operator owns by managedFields. */
function ownKeys({ metadata }: KubeObject): string[] {
  const own = metadata.managedFields!.filter(({ manager }) => manager === 'csi-port-operator');
  return own.flatMap(({ fieldsV1 }) => Object.keys((fieldsV1 as Record<string, object>)['f:data']!)).sort();
}

test('the pin is one patch of the keys of provisioners, then one of the node plugin; the rest of the ConfigMap stays', async () => {
  const configured = await withKeys({ ROOK_LOG_LEVEL: 'DEBUG', [NODE]: '' });
  const { rook, assignment } = configured;
  const before = await rook.config();
  await assignment.waitUntilAssigned();
  expect(await pinsSince(configured)).toEqual([PIN, PIN]);

  const stored = await storedConfig(rook);
  expect(stored.data).toEqual({ ...before, ...FIXED_PINS });
  expect(ownKeys(stored)).toEqual(
    Object.keys(FIXED_PINS)
      .map((key) => `f:${key}`)
      .sort(),
  );
  const { annotations, labels, finalizers } = stored.metadata;
  expect([annotations, labels, finalizers]).toEqual([undefined, undefined, undefined]);
});

test('without the ConfigMap the workloads are patched alone and the status says so; once created it is pinned', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ operatorConfig: false });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  await assignment.waitForReason('Degraded', 'RookConfigAbsent');
  const { message } = await assignment.condition('Degraded');
  expect(message).toContain('ConfigMap rook-ceph-operator-config is absent');
  expect(message).toContain('create it, or set spec.rookConfig: Leave');
  await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf());
  expect(await pinsSince({ rook, assignment, mark })).toEqual([]);

  const created = await cluster().controlPlane.audit.mark();
  await cluster().controlPlane.api.create<object>(
    `/api/v1/namespaces/${rook.namespace}/configmaps`,
    rookOperatorConfig({ namespace: rook.namespace }),
  );
  await assignment.waitForReason('Degraded', 'AsExpected');
  expect(await rook.config()).toMatchObject(FIXED_PINS);
  const writes = await cluster().writesUntilSettled(created, assignment);
  expect(writes.filter((write) => !write.includes('status'))).toEqual([PIN]);
});

test("the user's own distinct keys are the assignment; they are not written, and stay the user's", async () => {
  const keys = keysOf(OTHER_PORTS);
  const configured = await withKeys(keys);
  const { rook, assignment } = configured;
  const { ports } = await assignment.waitUntilAssigned();
  expect(ports).toEqual(OTHER_PORTS);
  expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));
  expect(await pinsSince(configured)).toEqual([]);
  const stored = await storedConfig(rook);
  expect(stored.data).toMatchObject(keys);
  expect(ownKeys(stored)).toEqual([]);
});

test("a port of spec.ports comes before the user's key, which is pinned to it", async () => {
  const configured = await withKeys({ [CEPHFS]: '9171' }, { ports: { cephfsProvisioner: 9271 } });
  await configured.assignment.waitUntilAssigned();
  expect(await configured.rook.layout()).toEqual(layoutOf({ cephfsProvisioner: 9271 }));
  expect((await configured.rook.config())[CEPHFS]).toBe('9271');
});

test('clashing keys give no shared port: with Leave the status names the one set aside, and nothing is written', async () => {
  const configured = await withKeys({ [RBD]: '9171', [CEPHFS]: '9171' }, { rookConfig: 'Leave' });
  const { rook, assignment } = configured;
  const status = await assignment.waitForReason('Degraded', 'ClashingRookConfig');
  const { message } = await assignment.condition('Degraded');
  expect(message).toContain(CEPHFS);
  expect(message).toContain('give each a port of its own');
  await assignment.waitUntilAssigned();
  expect(new Set(Object.values(status.ports)).size).toBe(SLOTS.length);
  expect(await rook.layout()).toEqual(inOrder(status.ports as Ports));
  expect(await pinsSince(configured)).toEqual([]);
  expect(await rook.config()).toMatchObject({ [RBD]: '9171', [CEPHFS]: '9171' });
});

test('clashing keys are overwritten by the assignment with Pin', async () => {
  const configured = await withKeys(keysOf(each(9171)));
  const { rook, assignment } = configured;
  const { ports } = await assignment.waitUntilAssigned();
  const layout = inOrder(ports as Ports);
  expect(new Set(layout).size).toBe(SLOTS.length);
  expect(await rook.layout()).toEqual(layout);
  expect(await pinsSince(configured)).toEqual([PIN]);
  expect(await rook.config()).toMatchObject(keysOf(ports));
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
});

const INVALID = [
  { value: 'abc', consequence: 'stops managing all CSI workloads' },
  { value: '70000', consequence: 'stops managing all CSI workloads' },
  { value: '0', consequence: 'the API server rejects what Rook renders from it' },
  { value: '9080', consequence: 'liveness ports 9080 and 9081' },
];

test.each(INVALID)('the key "$value" is reported with Leave, and not written', async ({ value, consequence }) => {
  const configured = await withKeys({ [CEPHFS]: value }, { rookConfig: 'Leave' });
  const { rook, assignment } = configured;
  await assignment.waitForReason('Degraded', 'InvalidRookConfig');
  const { message } = await assignment.condition('Degraded');
  expect(message).toContain(`${CEPHFS}: "${value}" in rook-ceph-operator-config is not valid`);
  expect(message).toContain(consequence);
  expect(message).toContain('set it to a port from 1024 to 65535');
  await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf());
  expect(await pinsSince(configured)).toEqual([]);
  expect((await rook.config())[CEPHFS]).toBe(value);
});

test.each(INVALID)('the key "$value" is replaced with Pin, and nothing is left to report', async ({ value }) => {
  const configured = await withKeys({ [CEPHFS]: value });
  const { rook, assignment } = configured;
  await assignment.waitUntilAssigned();
  expect(await pinsSince(configured)).toEqual([PIN, PIN]);
  expect(await rook.config()).toMatchObject(FIXED_PINS);
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
});

test('Leave never writes the ConfigMap, whatever happens to ports and workloads', async () => {
  const configured = await withKeys({}, { rookConfig: 'Leave' });
  const { rook, assignment } = configured;
  const before = await storedConfig(rook);
  await assignment.waitUntilAssigned();
  await assignment.edit({ ports: { cephfsProvisioner: 9171 } });
  await assignment.waitUntilAssigned();
  await rook.writePass();
  await waitFor(
    'the repairs',
    async () => (await rook.layout()).join() === layoutOf({ cephfsProvisioner: 9171 }).join(),
  );
  await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf({ cephfsProvisioner: 9171 }));
  expect(await pinsSince(configured)).toEqual([]);
  expect(await storedConfig(rook)).toEqual(before);
});

const POD_NETWORK = { CSI_ENABLE_HOST_NETWORK: 'false' };

interface OutOfPlay {
  rule: string;
  keys: Record<string, string>;
  nodeKey: string | undefined;
}

test.each<OutOfPlay>([
  { rule: 'is not pinned', keys: {}, nodeKey: undefined },
  { rule: 'that would stop Rook is replaced by the port the pods have', keys: { [NODE]: 'abc' }, nodeKey: '9070' },
])('the key of a node plugin on the pod network $rule, and its pods stay', async ({ keys, nodeKey }) => {
  const installed = await cluster().installRookWithAssignment({ config: POD_NETWORK });
  const { rook, assignment } = installed;
  await cluster().controlPlane.api.patch(rook.configPath, { data: keys });
  const nodePlugin = await rook.workload('rbdNodePlugin');
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  const { workloads } = await assignment.waitUntilAssigned();

  expect(workloads.find(({ slot }) => slot === 'rbdNodePlugin')).toMatchObject({
    state: 'PodNetwork',
    hostNetwork: false,
  });
  const config = await rook.config();
  expect(config).toMatchObject(keysOf(portsOf(PROVISIONERS)));
  expect(config[NODE]).toBe(nodeKey);
  expect(await pinsSince({ rook, assignment, mark })).toEqual([PIN]);
  expect((await cluster().writesSince(mark)).filter((write) => write.includes('daemonsets'))).toEqual([]);
  expect((await rook.workload('rbdNodePlugin')).spec).toEqual(nodePlugin.spec);
});

test('a pin that the Role does not allow is reported with the missing rule, and the workloads are patched all the same', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${rook.namespace}/roles/csi-port-operator-writer`;
  const { rules } = await cluster().controlPlane.api.get<{ rules: { resources: string[] }[] }>(role);
  const allowed = rules.filter(({ resources }) => !resources.includes('configmaps'));
  expect(allowed).toHaveLength(rules.length - 1);
  await cluster().controlPlane.api.patch(role, { rules: allowed });
  const right = { verb: 'patch', group: '', resource: 'configmaps', name: 'rook-ceph-operator-config' };
  const { api } = cluster().controlPlane;
  await waitUntilForbidden(api, OPERATOR_USER, { ...right, namespace: rook.namespace });

  await cluster().startOperator();
  await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf());
  await assignment.waitForReason('Degraded', 'PinRejected');
  expect((await assignment.condition('Degraded')).message).toContain(
    `allow: patch configmaps/rook-ceph-operator-config in namespace ${rook.namespace}`,
  );
  expect(await rook.config()).not.toHaveProperty(NODE);
});
