/** What public bug reports show, as a dump of manifests: the operator's diagnosis, without pods and without a status. */
import { expect, test } from 'vitest';
import type { RookSurvey } from '../../../../src/cli/survey.js';
import { containing, readObjects, reasonsOf, rookIn } from './dumps.js';
import { assignment, foreignDaemonSet, manifest, rook, sidecar, workload, type Raw } from './raw-objects.js';

function conflictsOf({ status }: RookSurvey): Readonly<Record<number, readonly string[]>> {
  const found = (status.conflicts ?? []).map(({ port, holders }) => [
    port,
    holders.map(({ namespace, kind, name, container }) => `${namespace} ${kind} ${name} ${container}`).sort(),
  ]);
  return Object.fromEntries(found) as Record<number, readonly string[]>;
}

const sidecars = (namespace: string): string[] => [
  `${namespace} DaemonSet csi-rbdplugin csi-addons`,
  `${namespace} Deployment csi-cephfsplugin-provisioner csi-addons`,
  `${namespace} Deployment csi-rbdplugin-provisioner csi-addons`,
];

test('two Rooks on the same nodes get distinct ports', async () => {
  const survey = await readObjects([...rook(), ...rook({ namespace: 'rook-b' }), assignment(), assignment('rook-b')]);
  const ports = survey.rooks.flatMap(({ status }) => Object.values(status.ports));
  expect(new Set(ports).size).toBe(6);
  for (const namespace of ['rook-b', 'rook-ceph']) {
    expect(conflictsOf(rookIn(survey, namespace))).toEqual({ 9070: [...sidecars('rook-b'), ...sidecars('rook-ceph')] });
  }
});

test('a port of a stranger is given to nobody', async () => {
  const survey = await readObjects([foreignDaemonSet(9071), ...rook({ version: 'v1.16.4' }), assignment()]);
  expect(rookIn(survey).status.ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9073, rbdNodePlugin: 9072 });
});

test('a port that the assignment asks for and a stranger holds is PortInUse, with the holder and without a node', async () => {
  const spec = { ports: { cephfsProvisioner: 9071 } };
  const survey = await readObjects([foreignDaemonSet(9071), ...rook(), assignment('rook-ceph', spec)]);
  const { status } = rookIn(survey);
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({
    reason: 'PortInUse',
    message: containing('DaemonSet default/node-agent (agent)'),
  });
  expect(ready?.message).not.toContain('*');
});

test('distinct ports of one’s own are left alone', async () => {
  const data = { CSIADDONS_RBD_PROVISIONER_PORT: '9071' };
  const survey = await readObjects([
    ...rook({ data, ports: { rbdProvisioner: 9071, rbdNodePlugin: 9070 } }),
    assignment(),
  ]);
  const found = rookIn(survey);
  expect(reasonsOf(found)).toMatchObject({ Ready: 'PortsAssigned', Degraded: 'AsExpected' });
  expect(found.plan.workloads.flatMap(({ patch }) => patch ?? [])).toEqual([]);
});

test('liveness of CephFS, of which Rook gives its DaemonSet the same port', async () => {
  const containers = [
    { name: 'liveness-prometheus', image: 'cephcsi', args: ['--type=liveness', '--metricsport=9081'] },
  ];
  const nodePlugin = workload('DaemonSet', 'csi-cephfsplugin', 'rook-ceph', { hostNetwork: true, containers });
  const data = { CSI_ENABLE_LIVENESS: 'true' };
  const objects = rook({ data, ports: { cephfsProvisioner: 9070 }, liveness: { cephfsProvisioner: 9081 } });
  const found = rookIn(await readObjects([...objects, nodePlugin, assignment()]));
  expect(reasonsOf(found).Degraded).toBe('LivenessConflict');
  expect(conflictsOf(found)[9081]).toEqual([
    'rook-ceph DaemonSet csi-cephfsplugin liveness-prometheus',
    'rook-ceph Deployment csi-cephfsplugin-provisioner liveness-prometheus',
  ]);
});

test('Drivers that were left behind, and their pods beside those of Rook', async () => {
  const liveness = { rbdProvisioner: 9080, rbdNodePlugin: 9080 };
  const containers = [
    { name: 'liveness-prometheus', image: 'cephcsi', args: ['--type=liveness', '--metricsport=9080'] },
  ];
  const driver = 'rook-ceph.rbd.csi.ceph.com';
  const upstream: Raw[] = [
    manifest(['csi.ceph.io/v1', 'Driver'], driver, 'rook-ceph'),
    workload('DaemonSet', `${driver}-nodeplugin`, 'rook-ceph', { hostNetwork: true, containers }),
  ];
  const data = { CSI_ENABLE_LIVENESS: 'true', ROOK_USE_CSI_OPERATOR: 'false' };
  const found = rookIn(await readObjects([...rook({ version: 'v1.18.0', data, liveness }), ...upstream, assignment()]));
  expect(found.plan.upstream.leftBehind).toEqual([driver]);
  expect(reasonsOf(found).Ready).toBe('UpstreamConflict');
  expect(conflictsOf(found)[9080]).toEqual(
    expect.arrayContaining([`rook-ceph DaemonSet ${driver}-nodeplugin liveness-prometheus`]),
  );
});

test('an assignment beside Rook’s namespace is NoRook, and names the right one', async () => {
  const survey = await readObjects([...rook({ namespace: 'rook-ceph-system' }), assignment('rook-ceph')]);
  const misplaced = rookIn(survey, 'rook-ceph');
  expect(reasonsOf(misplaced).Ready).toBe('NoRook');
  expect(misplaced.plan.rooksElsewhere).toEqual(['rook-ceph-system']);
  const found = rookIn(survey, 'rook-ceph-system');
  expect(found.isAssigned).toBe(false);
  expect(conflictsOf(found)).toEqual({ 9070: sidecars('rook-ceph-system') });
});

test('a port from the environment is resolved', async () => {
  const env = [{ name: 'CONTROLLER_PORT', value: '9070' }];
  const containers = [sidecar(['--controller-port=$(CONTROLLER_PORT)'], 9070, { env })];
  const [config, operator] = rook({ ports: {} });
  const provisioner = workload('Deployment', 'csi-rbdplugin-provisioner', 'rook-ceph', {
    hostNetwork: true,
    containers,
  });
  const found = rookIn(await readObjects([config!, operator!, provisioner, assignment()]));
  expect(found.status.workloads[0]).toMatchObject({ currentPort: 9070, assignedPort: 9070, state: 'Ready' });
});

test('a default Rook off the host network has no conflict, and nothing is moved', async () => {
  const onPods = rook({ hostNetwork: false, ports: { rbdProvisioner: 9070, cephfsProvisioner: 9070 } });
  const [, , nodePlugin] = rook({ ports: { rbdNodePlugin: 9070 } });
  const found = rookIn(await readObjects([...onPods, nodePlugin!, assignment()]));
  expect(found.status).toMatchObject({ ports: { rbdNodePlugin: 9070 } });
  expect(conflictsOf(found)).toEqual({});
  expect(reasonsOf(found).Ready).toBe('PortsAssigned');
});

test('ports of liveness that were moved to those of the sidecars are given to nobody', async () => {
  const data = {
    CSI_ENABLE_LIVENESS: 'true',
    CSI_RBD_LIVENESS_METRICS_PORT: '9072',
    CSI_CEPHFS_LIVENESS_METRICS_PORT: '9071',
  };
  const liveness = { rbdProvisioner: 9072, cephfsProvisioner: 9071, rbdNodePlugin: 9072 };
  const { ports } = rookIn(await readObjects([...rook({ data, liveness }), assignment()])).status;
  expect(ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9073, rbdNodePlugin: 9074 });
});
