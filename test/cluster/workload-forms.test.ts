/** The forms in which a workload can say its port, and those in which it has no port to compete for. No pods needed. */
import { expect, test } from 'vitest';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { Container, DaemonSet, Deployment } from '../support/rook/api-types.js';
import type { RookInstallation, WorkloadName } from '../support/rook/installation.js';
import { CSI_WORKLOADS } from '../support/rook/render.js';
import { DEFAULT_PORTS, each, inOrder, MOVED, patchOf, SLOTS } from '../support/slots.js';

const cluster = useCluster({ nodes: 0 });

function sidecarOf({ spec }: Deployment | DaemonSet): Container {
  return spec!.template.spec!.containers.find(({ name }) => name === 'csi-addons')!;
}

/** Stores the workload with another sidecar, as whoever edits it by hand would. */
async function editSidecar(rook: RookInstallation, name: WorkloadName, edit: (sidecar: Container) => void) {
  const workload = await rook.workload(name);
  edit(sidecarOf(workload));
  await cluster().controlPlane.api.replace<object>(rook.workloadPath(name), workload);
}

/** The template with the sidecar's arguments and ports blanked out: what the operator has no business with. */
async function restOf(rook: RookInstallation, name: WorkloadName): Promise<object> {
  const { spec } = await rook.workload(name);
  const template = structuredClone(spec!.template);
  const sidecar = template.spec!.containers.find(({ name: container }) => container === 'csi-addons')!;
  delete sidecar.args;
  delete sidecar.ports;
  return template;
}

test('a hostPort that is stored in the template moves along with the argument and the declared port', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ storedHostPort: true });
  expect(await rook.ports('rbdNodePlugin')).toEqual({ argument: 9070, containerPort: 9070, hostPort: 9070 });
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');

  for (const slot of SLOTS) {
    const port = DEFAULT_PORTS[slot];
    expect(await rook.ports(slot)).toEqual({ argument: port, containerPort: port, hostPort: port });
  }
});

const V = '--v=0';
const ENDPOINT = '--csi-addons-address=$(CSIADDONS_ENDPOINT)';

test.each([
  { form: 'no argument for the port', before: [V, ENDPOINT], after: [V, ENDPOINT, '--controller-port=9071'] },
  { form: 'no arguments at all', before: undefined, after: ['--controller-port=9071'] },
  { form: 'one dash', before: ['-controller-port=9070', V], after: ['-controller-port=9071', V] },
  { form: 'two elements', before: [V, '--controller-port', '9070'], after: [V, '--controller-port', '9071'] },
  { form: 'one dash and two elements', before: ['-controller-port', '9070'], after: ['-controller-port', '9071'] },
  {
    form: 'the argument twice, of which the last one counts',
    before: ['--controller-port=9071', V, '--controller-port=9070'],
    after: ['--controller-port=9071', V, '--controller-port=9071'],
  },
  {
    form: 'both forms at once',
    before: ['--controller-port=9075', '-controller-port', '9070'],
    after: ['--controller-port=9071', '-controller-port', '9071'],
  },
  { form: 'a flag whose value is missing', before: [V, '--controller-port'], after: [V, '--controller-port', '9071'] },
  { form: 'a variable for a value', before: ['--controller-port=$(PORT)'], after: ['--controller-port=9071'] },
  {
    form: 'a longer flag that only begins alike',
    before: ['--controller-port-extra=9070'],
    after: ['--controller-port-extra=9070', '--controller-port=9071'],
  },
])('$form: the argument is put on the port in its own form, and nothing else changes', async ({ before, after }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await editSidecar(rook, 'cephfsProvisioner', (sidecar) => {
    if (before === undefined) delete sidecar.args;
    else sidecar.args = before;
  });
  const rest = await restOf(rook, 'cephfsProvisioner');
  await cluster().startOperator();
  await assignment.waitForState('cephfsProvisioner', 'RollingOut');

  const sidecar = sidecarOf(await rook.workload('cephfsProvisioner'));
  expect(sidecar.args).toEqual(after);
  expect(sidecar.ports).toEqual([{ containerPort: 9071, protocol: 'TCP' }]);
  expect(await restOf(rook, 'cephfsProvisioner')).toEqual(rest);
});

test.each([
  { form: 'the old and the new port', before: [9070, 9071], after: [9071] },
  { form: 'the new port and a left-over one', before: [9071, 9072], after: [9071] },
  { form: "a port that is not the listener's", before: [9070, 8443], after: [9071, 8443] },
  { form: 'no port', before: [], after: undefined },
])('$form declared: one declared port is the assigned one', async ({ before, after }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await editSidecar(rook, 'cephfsProvisioner', (sidecar) => {
    sidecar.ports = before.map((containerPort) => ({ containerPort, protocol: 'TCP' }));
  });
  await cluster().startOperator();
  await assignment.waitForState('cephfsProvisioner', 'RollingOut');

  const sidecar = sidecarOf(await rook.workload('cephfsProvisioner'));
  expect(sidecar.ports?.map(({ containerPort }) => containerPort)).toEqual(after);
  expect(sidecar.args).toContain('--controller-port=9071');
});

test.each([
  {
    world: 'without csi-addons',
    config: { CSI_ENABLE_CSIADDONS: 'false' },
    state: 'NoSidecar',
  },
  {
    world: 'on the pod network throughout',
    config: { ROOK_ENFORCE_HOST_NETWORK: 'false', CSI_ENABLE_HOST_NETWORK: 'false' },
    state: 'PodNetwork',
  },
])('$world there is nothing to assign, nothing is written, and that is Ready', async ({ config, state: wanted }) => {
  const { assignment } = await cluster().installRookWithAssignment({ config });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();

  const status = await assignment.waitForReason('Ready', 'NothingToAssign');
  expect(status.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => wanted));
  expect(status.provider).toBe('Rook');
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'True' });
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False' });
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write !== STATUS_WRITE)).toEqual([]);
});

test('a workload that becomes hostNetwork gets its port then', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({
    config: { ROOK_ENFORCE_HOST_NETWORK: 'false' },
  });
  const operator = await cluster().startOperator();
  await assignment.waitForState('cephfsProvisioner', 'PodNetwork');
  expect(await rook.ports('cephfsProvisioner')).toMatchObject({ argument: 9070 });

  await rook.rewrite('cephfsProvisioner', { ROOK_ENFORCE_HOST_NETWORK: 'true' });
  await assignment.waitForState('cephfsProvisioner', 'RollingOut');

  expect(await rook.ports('cephfsProvisioner')).toMatchObject({ argument: 9071, containerPort: 9071 });
  expect(await operator.reverts()).toBe(0);
});

test('workloads that come one by one get their port and their key as they come', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  // Without a garbage collector here a foreground deletion would never end.
  for (const name of CSI_WORKLOADS) await cluster().controlPlane.api.delete(rook.workloadPath(name));
  const operator = await cluster().startOperator();

  const empty = await assignment.waitForReason('Ready', 'NothingToAssign');
  expect(empty.provider).toBe('None');
  expect(empty.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'Absent'));
  const pinnedKeys = async (): Promise<string[]> =>
    Object.keys(await rook.config()).filter((key) => key.startsWith('CSIADDONS_'));
  expect(await pinnedKeys()).toEqual([]);

  // Rook with RBD alone, and CephFS enabled later.
  const steps = [
    // Alone it collides with nobody, and Rook's port stays.
    { name: 'rbdNodePlugin', port: 9070, keys: [] },
    { name: 'rbdProvisioner', port: 9070, keys: ['CSIADDONS_PORT', 'CSIADDONS_RBD_PROVISIONER_PORT'] },
    {
      name: 'cephfsProvisioner',
      port: 9071,
      keys: ['CSIADDONS_CEPHFS_PROVISIONER_PORT', 'CSIADDONS_PORT', 'CSIADDONS_RBD_PROVISIONER_PORT'],
    },
  ] as const;
  for (const { name, port, keys } of steps) {
    await rook.rewrite(name);
    await assignment.waitForState(name, 'RollingOut');
    expect(await rook.ports(name)).toMatchObject({ argument: port, containerPort: port });
    await assignment.waitUntilSettled();
    expect(await pinnedKeys()).toEqual(keys);
  }
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  expect(await assignment.status()).toMatchObject({ provider: 'Rook' });
  expect(await operator.reverts()).toBe(0);
});

test.each([
  {
    owned: SLOTS,
    provider: 'CephCSIOperator',
    states: each('UpstreamManaged'),
    writes: [],
  },
  {
    owned: ['rbdProvisioner'] as const,
    provider: 'Mixed',
    states: { ...each('RollingOut'), rbdProvisioner: 'UpstreamManaged' },
    writes: ['patch configmaps rook-ceph-operator-config', ...MOVED.map(patchOf)].sort(),
  },
])('$provider: what a Driver of csi.ceph.io owns is observed and never written', async (row) => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  // No such Driver exists: with a garbage collector here, the workload would be deleted.
  const driver = { apiVersion: 'csi.ceph.io/v1', kind: 'Driver', name: 'rook-ceph.rbd.csi.ceph.com', controller: true };
  const metadata = { ownerReferences: [{ ...driver, uid: 'e5e0c2a3-0000-4000-8000-000000000000' }] };
  for (const name of row.owned) await cluster().controlPlane.api.patch(rook.workloadPath(name), { metadata });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();

  const status = await assignment.waitForState('rbdProvisioner', 'UpstreamManaged');
  expect(status.provider).toBe(row.provider);
  expect(status.workloads.map(({ state }) => state)).toEqual(inOrder(row.states));
  const writes = await cluster().writesUntilSettled(mark, assignment);
  const targets = new Set(writes.filter((write) => write !== STATUS_WRITE));
  expect([...targets].sort()).toEqual(row.writes);
  expect(await rook.ports('rbdProvisioner')).toMatchObject({ argument: 9070 });
});
