/** From Rook's own workloads to those of ceph-csi-operator, as a live switch goes: told by the status, never written. */
import { expect, onTestFinished, test } from 'vitest';
import type { AssignmentStatus } from '../../src/domain/rules/api.js';
import { useCluster } from '../support/cluster.js';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import type { DriverObject } from '../support/ceph-csi-operator/workloads.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Assignment } from '../support/assignment.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster();

const TRIO = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const;

async function installCephCsiOperator(): Promise<CephCsiOperator> {
  const upstream = new CephCsiOperator(cluster().controlPlane);
  await upstream.installCrd();
  onTestFinished(() => upstream.removeCrd());
  return upstream;
}

async function createDrivers(
  upstream: CephCsiOperator,
  { namespace }: RookInstallation,
  ...types: DriverObject['type'][]
): Promise<DriverObject[]> {
  const drivers = [];
  for (const type of types) drivers.push(await upstream.createDriver(namespace, type));
  return drivers;
}

async function waitForProvider(assignment: Assignment, provider: string): Promise<AssignmentStatus> {
  return waitFor(
    `the provider ${provider}`,
    async () => {
      const status = await assignment.status();
      return status.provider === provider && status;
    },
    { lastSeen: () => assignment.status() },
  );
}

/** Each object is watched on its own: what is there is not all seen at once. */
async function waitForUpstreamRows(assignment: Assignment, count: number): Promise<void> {
  await waitFor(
    `${count} workloads of ceph-csi-operator in the status`,
    async () => upstreamRows(await assignment.status()).length === count,
    { lastSeen: () => assignment.status() },
  );
}

/** As the garbage collector does it, which takes half a minute to learn of a new kind of owner. */
async function deleteWorkloads({ namespace, name }: DriverObject): Promise<void> {
  const { api } = cluster().controlPlane;
  await api.delete(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}-ctrlplugin`);
  for (const part of ['nodeplugin', 'nodeplugin-csi-addons']) {
    await api.delete(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}-${part}`);
  }
}

function upstreamRows({ workloads }: AssignmentStatus): string[] {
  return workloads
    .filter(({ slot }) => slot === undefined)
    .map(({ kind, name, hostNetwork, currentPort, state }) => {
      return [kind, name, hostNetwork ? 'host' : 'pods', currentPort ?? '-', state].join(' ');
    });
}

test('a live switch: Rook, then both, then ceph-csi-operator alone, without a write to anything but the status', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  const operator = await cluster().startOperator();
  expect((await assignment.waitUntilAssigned()).provider).toBe('Rook');
  await assignment.waitUntilSettled();

  const mark = await cluster().controlPlane.audit.mark();
  const drivers = await createDrivers(upstream, rook, 'rbd', 'cephfs');
  await rook.deleteWorkload('rbdProvisioner');
  await rook.deleteWorkload('rbdNodePlugin');
  for (const driver of drivers.slice(0, 1)) await upstream.write(driver);
  const mixed = await waitForProvider(assignment, 'Mixed');
  expect(mixed.workloads.find(({ slot }) => slot === 'cephfsProvisioner')).toMatchObject({ state: 'Ready' });
  await rook.deleteWorkload('cephfsProvisioner');
  for (const driver of drivers) await upstream.write(driver);

  await waitForProvider(assignment, 'CephCSIOperator');
  await waitForUpstreamRows(assignment, 6);
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => !write.includes('csiportassignments/status'))).toEqual([]);
  const status = await assignment.waitForReason('Ready', 'NothingToAssign');
  const prefix = rook.namespace;
  expect(upstreamRows(status)).toEqual([
    `DaemonSet ${prefix}.cephfs.csi.ceph.com-nodeplugin host - UpstreamManaged`,
    `DaemonSet ${prefix}.cephfs.csi.ceph.com-nodeplugin-csi-addons pods 9071 UpstreamManaged`,
    `DaemonSet ${prefix}.rbd.csi.ceph.com-nodeplugin host - UpstreamManaged`,
    `DaemonSet ${prefix}.rbd.csi.ceph.com-nodeplugin-csi-addons pods 9071 UpstreamManaged`,
    `Deployment ${prefix}.cephfs.csi.ceph.com-ctrlplugin pods 9080 UpstreamManaged`,
    `Deployment ${prefix}.rbd.csi.ceph.com-ctrlplugin pods 9070 UpstreamManaged`,
  ]);
  expect(status.workloads.slice(0, 3).map(({ state }) => state)).toEqual(['Absent', 'Absent', 'Absent']);
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'True', reason: 'NothingToAssign' });
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
  expect(await operator.reverts()).toBe(0);
  // What it pinned stays, for the way back.
  expect(await rook.config()).toMatchObject({ CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' });
  expect(operator.warnings).toEqual([]);
});

test('and back: Rook writes its workloads again, and they are parted at once', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  for (const name of TRIO) await rook.deleteWorkload(name);
  const [driver] = await createDrivers(upstream, rook, 'rbd');
  await upstream.write(driver!);
  await cluster().startOperator();
  await waitForProvider(assignment, 'CephCSIOperator');

  await upstream.deleteDriver(driver!);
  await deleteWorkloads(driver!);
  await rook.writePass();
  await assignment.waitUntilAssigned();
  const status = await waitForProvider(assignment, 'Rook');
  expect(upstreamRows(status)).toEqual([]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

interface Case {
  readonly name: string;
  readonly version: string;
  readonly types: DriverObject['type'][];
  readonly hostNetwork: boolean;
  readonly liveness?: Partial<Record<DriverObject['type'], number>>;
  readonly reason: string;
  readonly message: RegExp[];
}

test.each<Case>([
  {
    name: 'Rook 1.18.2 gives its Drivers liveness ports, and cephfs csi-addons is on that of rbd',
    version: '1.18.2',
    types: ['rbd', 'cephfs'],
    hostNetwork: true,
    liveness: { rbd: 9080, cephfs: 9081 },
    reason: 'UpstreamConflict',
    message: [
      /host port 9080 is shared by .*cephfs\.csi\.ceph\.com-ctrlplugin/,
      /host port 9081 is shared by/,
      /1\.18\.3/,
    ],
  },
  {
    name: 'Rook 1.20 with nvmeof and rbd on the host network: both on 9070',
    version: '1.20.3',
    types: ['rbd', 'nvmeof'],
    hostNetwork: true,
    reason: 'UpstreamConflict',
    message: [/host port 9070 is shared by .*nvmeof\.csi\.ceph\.com-ctrlplugin, .*rbd\.csi\.ceph\.com-ctrlplugin/],
  },
  {
    name: 'Rook 1.19.4 loses the host network that ROOK_ENFORCE_HOST_NETWORK asks for',
    version: '1.19.4',
    types: ['rbd', 'cephfs'],
    hostNetwork: false,
    reason: 'HostNetworkLost',
    message: [/rbd\.csi\.ceph\.com-ctrlplugin/, /1\.19\.1 to 1\.19\.10/],
  },
])('$name', async ({ version, types, hostNetwork, liveness = {}, reason, message }) => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment({
    image: `rook/ceph:v${version}`,
    workloads: false,
  });
  for (const driver of await createDrivers(upstream, rook, ...types)) {
    const metricsPort = liveness[driver.type];
    await upstream.write(driver, { hostNetwork, ...(metricsPort === undefined ? {} : { metricsPort }) });
  }
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  // The first workload that is seen to be in conflict gives the reason, the last one completes the message.
  await waitForUpstreamRows(assignment, 3 * types.length);
  const status = await assignment.waitForReason('Degraded', reason);
  const degraded = status.conditions.find(({ type }) => type === 'Degraded')!;
  for (const part of message) expect(degraded.message).toMatch(part);
  expect(status).toMatchObject({ provider: 'CephCSIOperator', rookVersion: `v${version}` });
  expect(status.advice).toContain(`Rook v${version}`);
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => !write.includes('csiportassignments/status'))).toEqual([]);
});
