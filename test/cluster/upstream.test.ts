/** What is wrong with the workloads of ceph-csi-operator, or with liveness ports: reported with the command that ends it. */
import { expect, onTestFinished, test } from 'vitest';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import type { DriverObject } from '../support/ceph-csi-operator/workloads.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Assignment } from '../support/assignment.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster();

/** With its CRD in place; gone again after the test. */
async function installCephCsiOperator(): Promise<CephCsiOperator> {
  const upstream = new CephCsiOperator(cluster().controlPlane);
  await upstream.installCrd();
  onTestFinished(() => upstream.removeCrd());
  return upstream;
}

type DriverSpec = Pick<DriverObject, 'type' | 'hostNetwork' | 'liveness'>;

/** Drivers and what is rendered of them. */
async function createDrivers(
  upstream: CephCsiOperator,
  { namespace }: Pick<RookInstallation, 'namespace'>,
  ...specs: DriverSpec[]
): Promise<DriverObject[]> {
  const drivers: DriverObject[] = [];
  for (const spec of specs) {
    const driver = { ...(await upstream.createDriver(namespace, spec.type)), ...spec };
    await upstream.write(driver);
    drivers.push(driver);
  }
  return drivers;
}

async function waitForMessage(assignment: Assignment, type: 'Ready' | 'Degraded', ...parts: string[]): Promise<string> {
  return waitFor(
    `${type} with ${parts.join(' and ')}`,
    async () => {
      const { message } = await assignment.condition(type);
      return parts.every((part) => message.includes(part)) && message;
    },
    { lastSeen: () => assignment.status() },
  );
}

/** Runs the command of a message that begins so, as a person would who copies it. */
async function runFrom(message: string, begin: string): Promise<void> {
  const command = message.slice(message.indexOf(begin));
  const [, args = '', patch] = /^kubectl ([^';]*)(?:'([^']*)')?/.exec(command)!;
  await cluster().controlPlane.kubectl([...args.trim().split(/\s+/), ...(patch === undefined ? [] : [patch])]);
}

test('Drivers that were left behind are named, with both ports that they share, until they are deleted', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment({
    version: '1.17.9',
    image: 'rook/ceph:v1.18.0',
    config: { ROOK_ENFORCE_HOST_NETWORK: 'false', CSI_ENABLE_LIVENESS: 'true', ROOK_USE_CSI_OPERATOR: 'false' },
  });
  const drivers = await createDrivers(
    upstream,
    rook,
    { type: 'rbd', liveness: 9080 },
    { type: 'cephfs', liveness: 9081 },
  );
  await cluster().startOperator();
  const command = `kubectl -n ${rook.namespace} delete drivers.csi.ceph.io`;
  const message = await waitForMessage(assignment, 'Degraded', 'host port 9080', 'host port 9081', command);
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'UpstreamConflict' });
  for (const { name } of drivers) expect(message).toContain(name);
  const { conflicts } = await assignment.status();
  expect(conflicts!.map(({ port, nodeCount }) => [port, nodeCount])).toEqual([
    [9080, 3],
    [9081, 3],
  ]);

  await runFrom(message, command);
  for (const driver of drivers) await upstream.deleteWorkloads(driver);
  await assignment.waitForReason('Degraded', 'AsExpected');
  expect(await assignment.status()).not.toHaveProperty('conflicts');
});

test('RBD and NVMe-oF on the host network: not Ready while a ctrlplugin pod is Pending for their port', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment({
    image: 'rook/ceph:v1.20.6',
    workloads: false,
  });
  await cluster().startOperator();
  const onHost = { hostNetwork: true } as const;
  const [, nvmeof] = await createDrivers(upstream, rook, { type: 'rbd', ...onHost }, { type: 'nvmeof', ...onHost });
  await assignment.waitForReason('Ready', 'UpstreamConflict');
  const message = await waitForMessage(assignment, 'Degraded', 'host port 9070', `${nvmeof!.name} --type=merge`);
  expect(message).toContain('"hostNetwork":false');

  await upstream.write({ ...nvmeof!, hostNetwork: false });
  await assignment.waitForReason('Ready', 'NothingToAssign');
  await assignment.waitForReason('Degraded', 'AsExpected');
});

test("another namespace's Driver that Rook's sidecar keeps off its port: the command gives it the port", async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  const other = await cluster().installRook({ workloads: false, operatorConfig: false });
  await cluster().startOperator();
  await cluster().waitUntilAtRest(rook);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);

  await createDrivers(upstream, other, { type: 'rbd', hostNetwork: true });
  await assignment.waitForReason('Ready', 'UpstreamConflict');
  const command = `kubectl -n ${rook.namespace} patch csiports default`;
  const message = await waitForMessage(
    assignment,
    'Degraded',
    `${other.namespace}.rbd.csi.ceph.com-ctrlplugin`,
    command,
  );
  // The operator moves nothing for a newcomer by itself.
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);

  await runFrom(message, command);
  await assignment.waitUntilAssigned();
  await assignment.waitForReason('Degraded', 'AsExpected');
  expect(await rook.layout()).toEqual([9073, 9071, 9072]);
});

test('liveness of CephFS alone: node plugin and provisioner are named', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({
    version: '1.17.9',
    config: { CSI_ENABLE_LIVENESS: 'true', ROOK_CSI_ENABLE_RBD: 'false' },
    workloads: false,
  });
  for (const name of ['cephfsNodePlugin', 'cephfsProvisioner'] as const) await rook.rewrite(name);
  await cluster().startOperator();
  const both = ['DaemonSet csi-cephfsplugin (', 'Deployment csi-cephfsplugin-provisioner (', 'CSI_ENABLE_LIVENESS'];
  await waitForMessage(assignment, 'Degraded', 'host port 9081', ...both);
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'LivenessConflict' });
});
