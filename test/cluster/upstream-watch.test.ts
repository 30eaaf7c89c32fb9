/** The workloads of ceph-csi-operator: when they are watched, and that they are never written. */
import { expect, onTestFinished, test } from 'vitest';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import { useCluster } from '../support/cluster.js';
import type { AuditEntry, Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';

// Where drivers have names of their own, the Role has not these names.
const cluster = useCluster({ nodes: 0, withholdsRights: true });

const STATIC = [
  'watch configmaps rook-ceph-operator-config',
  'watch csiportassignments default',
  'watch daemonsets csi-rbdplugin',
  'watch deployments csi-cephfsplugin-provisioner',
  'watch deployments csi-rbdplugin-provisioner',
  'watch deployments rook-ceph-operator',
];
const DRIVERS = 'watch drivers';
const TRIO = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const;

function watchesOf(driver: string): string[] {
  return [
    `watch daemonsets ${driver}-nodeplugin`,
    `watch daemonsets ${driver}-nodeplugin-csi-addons`,
    `watch deployments ${driver}-ctrlplugin`,
  ];
}

function defaultWatches(namespace: string): string[] {
  return ['rbd', 'cephfs', 'nvmeof'].flatMap((type) => watchesOf(`${namespace}.${type}.csi.ceph.com`)).sort();
}

function describeRead({ verb, resource, requestUri }: AuditEntry): string {
  const name = /fieldSelector=metadata\.name(?:=|%3D)([^&]+)/.exec(requestUri)?.[1];
  return [verb, resource, ...(name === undefined ? [] : [name])].join(' ');
}

/** What the operator has read since the mark, each request once, sorted. */
async function reads(mark: Mark): Promise<string[]> {
  const requests = await cluster().requestsSince(mark);
  return requests
    .filter(({ verb }) => ['get', 'list', 'watch'].includes(verb))
    .map(describeRead)
    .sort();
}

/** Of Drivers and of ceph-csi-operator's workloads. */
async function upstreamReads(mark: Mark): Promise<string[]> {
  return (await reads(mark)).filter((read) => !STATIC.includes(read));
}

async function waitForReads(mark: Mark, expected: readonly string[]): Promise<void> {
  await waitFor(
    `the reads ${expected.join(', ')}`,
    async () => (await upstreamReads(mark)).join() === [...expected].sort().join(),
    { lastSeen: () => upstreamReads(mark) },
  );
}

async function writesToUpstream(mark: Mark): Promise<string[]> {
  return (await cluster().writesSince(mark)).filter((write) => /ctrlplugin|nodeplugin|drivers/.test(write));
}

/** With its CRD in place; gone again after the test. */
async function installCephCsiOperator(): Promise<CephCsiOperator> {
  const upstream = new CephCsiOperator(cluster().controlPlane);
  await upstream.installCrd();
  onTestFinished(() => upstream.removeCrd());
  return upstream;
}

test("without ceph-csi-operator, and with Rook's workloads in place, one request asks for Drivers and nothing is said", async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await operator.waitUntilReady();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();

  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  await waitForReads(mark, [DRIVERS]);
  expect(await reads(mark)).toEqual([...STATIC, DRIVERS].sort());
  const requests = await cluster().requestsSince(mark);
  expect(requests.filter(({ resource }) => resource === 'drivers').map(({ code }) => code)).toEqual([404]);
  expect(operator.warnings).toEqual([]);
  expect((await operator.probe('/readyz')).body).toContain('[+] Drivers of ceph-csi-operator ok');
});

test("where Rook's workloads are not all there, ceph-csi-operator's are watched by the names that Rook gives them", async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForReads(mark, [DRIVERS]);

  await cluster().controlPlane.api.delete(rook.workloadPath('cephfsProvisioner'));
  await waitForReads(mark, [DRIVERS, ...defaultWatches(rook.namespace)]);
  await assignment.waitForState('cephfsProvisioner', 'Absent');
  const requests = await cluster().requestsSince(mark);
  expect(requests.filter(({ code }) => code === 403)).toEqual([]);
  expect(operator.warnings).toEqual([]);

  await assignment.delete();
  await waitFor('the watches to be closed', async () => {
    return !(await operator.probe('/readyz')).body.includes('ctrlplugin');
  });
});

test('Drivers and their workloads are taken up as they appear, and never written', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForReads(mark, [DRIVERS]);

  const driver = await upstream.createDriver(rook.namespace, 'rbd');
  await waitForReads(mark, [DRIVERS, ...watchesOf(driver.name)]);
  // Ports that the node plugin and the controller plugin take from Rook's workloads on the same node.
  await upstream.write(driver, { hostNetwork: true, metricsPort: 9071 });
  await upstream.write(driver, { hostNetwork: true, metricsPort: 9072 });
  await assignment.waitUntilSettled();
  await assignment.waitUntilSettled();
  expect(await writesToUpstream(mark)).toEqual([]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);

  await upstream.removeCrd();
  await waitFor('the question for Drivers to be answered with 404', async () => {
    const requests = await cluster().requestsSince(mark);
    return requests.some(({ resource, code }) => resource === 'drivers' && code === 404);
  });
  await assignment.waitUntilSettled();
  expect(operator.warnings).toEqual([]);
  expect((await operator.probe('/readyz')).status).toBe(200);
  expect(await writesToUpstream(mark)).toEqual([]);
});

test("a namespace with ceph-csi-operator's workloads alone is left as it is by a restart", async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  for (const name of TRIO) await cluster().controlPlane.api.delete(rook.workloadPath(name));
  for (const type of ['rbd', 'cephfs'] as const) {
    await upstream.write(await upstream.createDriver(rook.namespace, type));
  }
  const first = await cluster().startOperator();
  await assignment.waitForState('rbdProvisioner', 'Absent');
  // Each is watched on its own.
  await waitFor('the six workloads of two drivers in the status', async () => {
    const { workloads } = await assignment.status();
    return workloads.filter(({ state }) => state === 'UpstreamManaged').length === 6;
  });
  await assignment.waitUntilSettled();
  await first.stop();

  const mark = await cluster().controlPlane.audit.mark();
  const second = await cluster().startOperator();
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  const drivers = ['rbd', 'cephfs'].map((type) => `${rook.namespace}.${type}.csi.ceph.com`);
  await waitForReads(mark, [DRIVERS, ...drivers.flatMap(watchesOf)]);
  expect(second.warnings).toEqual([]);
});

test('in the mode with namespaces the Drivers of each are watched', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const driver = await upstream.createDriver(rook.namespace, 'nvmeof');
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForReads(mark, [DRIVERS, ...watchesOf(driver.name)]);
  const requests = await cluster().requestsSince(mark);
  expect(requests.filter(({ namespace }) => namespace !== rook.namespace)).toEqual([]);
});

test('workloads whose names config/rbac does not know are warned of by name, and hold nothing up', async () => {
  const upstream = await installCephCsiOperator();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const driver = await upstream.createDriver(rook.namespace, 'rbd', 'storage');
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  await waitFor('a warning for each of the three', () => Promise.resolve(operator.warnings.length >= 3), {
    lastSeen: () => operator.log.slice(-10),
  });
  await operator.waitForWatchFailures(6);
  const remedies = operator.warnings.map(({ remedy }) => remedy).sort();
  expect(remedies).toEqual(
    watchesOf(driver.name).map((watched) => {
      const [, plural, name] = watched.split(' ');
      return `allow verbs list and watch on ${plural}.apps named ${name} in a Role in namespace ${rook.namespace}`;
    }),
  );
  expect((await operator.probe('/readyz')).status).toBe(200);
});
