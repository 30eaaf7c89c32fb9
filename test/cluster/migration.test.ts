/** From Rook's own workloads to those of ceph-csi-operator, as a live switch goes: reported in the status, never written. */
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

/** With its CRD in place; gone again after the test. */
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
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => !write.includes('csiportassignments/status'))).toEqual([]);
  const status = await assignment.waitForReason('Ready', 'NothingToAssign');
  expect(status.workloads.map(({ state }) => state)).toEqual(['Absent', 'Absent', 'Absent']);
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'True', reason: 'NothingToAssign' });
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
  expect(await operator.reverts()).toBe(0);
  // What it pinned stays, for the way back.
  expect(await rook.config()).toMatchObject({ CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' });
  expect(operator.warnings).toEqual([]);

  await operator.stop();
  const restarted = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  expect(await cluster().writesUntilSettled(restarted, assignment)).toEqual([]);
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
  await upstream.deleteWorkloads(driver!);
  await rook.writePass();
  await assignment.waitUntilAssigned();
  await waitForProvider(assignment, 'Rook');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test('in the mode with namespaces Drivers are seen as they come, and as they go with their definition', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await waitForProvider(assignment, 'Rook');
  await createDrivers(upstream, rook, 'nvmeof');
  await waitForProvider(assignment, 'Mixed');

  await upstream.removeCrd();
  await waitForProvider(assignment, 'Rook');
  await assignment.waitUntilSettled();
  const requests = await cluster().requestsSince(mark);
  expect(requests.filter(({ namespace }) => namespace !== rook.namespace)).toEqual([]);
  expect(operator.warnings).toEqual([]);
});
