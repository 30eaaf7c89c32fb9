import { expect, test } from 'vitest';
import type { Condition } from '../../../../src/domain/rules/api.js';
import { conditions } from '../../../../src/domain/report/conditions.js';
import type { HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { rawWorkload } from '../raw-workload.js';
import { podOn } from '../pods.js';
import { reportOf, rookConfig, type World } from '../worlds.js';

const CONTAINER = 'liveness-prometheus';
const ENABLED = rookConfig({}, { CSI_ENABLE_LIVENESS: 'true' });
const CEPHFS_ONLY: World = {
  config: ENABLED,
  rook: { image: 'rook/ceph:v1.17.9' },
  workloads: { cephfsProvisioner: rawWorkload('cephfsProvisioner', { port: 9070, liveness: 9081 }) },
};
const RBD_NODES: World = {
  ...CEPHFS_ONLY,
  workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070, liveness: 9080 }) },
};

function livenessPod(kind: string, name: string, port: number, node: string): HostNetworkPod {
  return podOn([port], { namespace: 'rook-ceph', kind, name, container: CONTAINER, node });
}

function degraded(world: World): Condition {
  return conditions(reportOf(world)).find(({ type }) => type === 'Degraded')!;
}

const PROVISIONER = livenessPod('Deployment', 'csi-cephfsplugin-provisioner', 9081, 'n1');
const BOTH =
  'host port 9081 is shared by Deployment csi-cephfsplugin-provisioner (liveness-prometheus), DaemonSet csi-cephfsplugin (liveness-prometheus)';

test.each<[string, World['pods']]>([
  ['the pods', [PROVISIONER, livenessPod('DaemonSet', 'csi-cephfsplugin', 9081, 'n1')]],
  ["Rook's settings, if the pods are not known", 'unknown'],
])('of CephFS, known from %s', (_, pods = []) => {
  const { status, reason, message } = degraded({ ...CEPHFS_ONLY, pods });
  expect({ status, reason }).toEqual({ status: 'True', reason: 'LivenessConflict' });
  expect(message).toContain(BOTH);
  expect(message).toContain('set CSI_ENABLE_LIVENESS to "false"');
});

test.each<[string, World]>([
  ['no pod of csi-cephfsplugin is there', { ...CEPHFS_ONLY, pods: [PROVISIONER] }],
  [
    'it is on another node',
    { ...CEPHFS_ONLY, pods: [PROVISIONER, livenessPod('DaemonSet', 'csi-cephfsplugin', 9081, 'n2')] },
  ],
  ['it is off', { ...CEPHFS_ONLY, config: rookConfig(), pods: 'unknown' }],
])('there is none if %s', (_, world) => expect(degraded(world).reason).not.toBe('LivenessConflict'));

test('with a stranger the port of that driver is to be changed', () => {
  const pods = [livenessPod('DaemonSet', 'csi-rbdplugin', 9080, 'n1'), podOn([9080], { node: 'n1' })];
  const { message } = degraded({ ...RBD_NODES, pods });
  expect(message).toContain(
    'set CSI_RBD_LIVENESS_METRICS_PORT in rook-ceph-operator-config to another port that DaemonSet default/node-agent (agent) does not take',
  );
  expect(message).not.toContain('no version of Rook');
});

test('of another container the workload has to change', () => {
  const raw = rawWorkload('rbdNodePlugin', { port: 9070 });
  const { spec } = raw.spec.template;
  const injected = { name: 'mesh', image: 'mesh:1', ports: [{ containerPort: 15000 }] };
  const template = { ...raw.spec.template, spec: { ...spec, containers: [...spec.containers, injected] } };
  const world = { ...CEPHFS_ONLY, workloads: { rbdNodePlugin: { ...raw, spec: { template } } } };
  const pods = [
    podOn([15000], { namespace: 'rook-ceph', name: 'csi-rbdplugin', container: 'mesh', node: 'n1' }),
    podOn([15000], { node: 'n1' }),
  ];
  expect(degraded({ ...world, pods }).message).toContain('another port in its own manifest');
});

test('of workloads that Rook renders no more, ceph-csi-operator has to render them', () => {
  const pods = [PROVISIONER, livenessPod('DaemonSet', 'csi-cephfsplugin', 9081, 'n1')];
  const { message } = degraded({ ...CEPHFS_ONLY, rook: { image: 'rook/ceph:v1.20.6' }, pods });
  expect(message).toContain('docs/admin/migrate.md#workloads-left-on-rook-120');
});
