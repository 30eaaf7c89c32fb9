import { describe, expect, it } from 'vitest';
import type { RookSettings } from '../../../support/rook/csi-parameters.js';
import { CONFLICT_CONFIG } from '../../../support/rook/operator.js';
import type { RookVersion } from '../../../support/rook/release.js';
import type { RookWorkloads } from '../../../support/rook/render.js';
import { renderRook } from '../../../support/rook/render.js';

const VERSIONS: RookVersion[] = ['1.16.4', '1.17.9', '1.19.10'];

describe.each(VERSIONS)('the workloads of Rook %s', (version) => {
  function render(config: RookSettings['config'] = {}, more: Partial<RookSettings> = {}): RookWorkloads {
    return renderRook({ namespace: 'rook-ceph', version, config: { ...CONFLICT_CONFIG, ...config }, ...more });
  }

  function pods(workloads: RookWorkloads) {
    return Object.values(workloads).map((workload) => workload.spec!.template.spec!);
  }

  it('come in the order in which Rook writes them', () => {
    expect(Object.values(render()).map(({ kind, metadata }) => `${kind!} ${metadata!.name!}`)).toEqual([
      'DaemonSet csi-rbdplugin',
      'Deployment csi-rbdplugin-provisioner',
      'DaemonSet csi-cephfsplugin',
      'Deployment csi-cephfsplugin-provisioner',
    ]);
  });

  it('survive a round trip through JSON', () => {
    const workloads = render({}, { owner: { name: 'rook-ceph-operator', uid: 'uid-1' } });

    expect(JSON.parse(JSON.stringify(workloads))).toStrictEqual(workloads);
  });

  it('are equal in each pass and share no object with the one before', () => {
    const first = render();
    first.rbdProvisioner.spec!.template.spec!.containers[0]!.args!.push('--foreign');
    first.rbdNodePlugin.spec!.template.spec!.volumes!.pop();

    expect(render()).not.toEqual(first);
    expect(render()).toEqual(render());
  });

  it.each([
    { enforce: 'true', node: 'true', expected: [true, true, true, true] },
    { enforce: 'false', node: 'true', expected: [true, undefined, true, undefined] },
    { enforce: 'true', node: 'false', expected: [undefined, true, undefined, true] },
    { enforce: 'sure', node: '1', expected: [true, undefined, true, undefined] },
  ])('are on the host network by ROOK_ENFORCE_HOST_NETWORK=$enforce, CSI_ENABLE_HOST_NETWORK=$node', (row) => {
    const workloads = render({ ROOK_ENFORCE_HOST_NETWORK: row.enforce, CSI_ENABLE_HOST_NETWORK: row.node });

    expect(pods(workloads).map((pod) => pod.hostNetwork)).toEqual(row.expected);
  });

  it('have by code default only the node plugins on the host network, without csi-addons and priority classes', () => {
    const bare = renderRook({ namespace: 'rook-ceph', version, config: {} });

    expect(pods(bare).map((pod) => pod.hostNetwork)).toEqual([true, undefined, true, undefined]);
    expect(pods(bare).map((pod) => pod.priorityClassName)).toEqual([undefined, undefined, undefined, undefined]);
    expect(JSON.stringify(bare)).not.toContain('--controller-port');
  });

  it('have the DNS policy of the host network on the node plugins only', () => {
    const policy = 'ClusterFirstWithHostNet';

    expect(pods(render()).map((pod) => pod.dnsPolicy)).toEqual([policy, undefined, policy, undefined]);
  });

  it('have the priority classes of the settings', () => {
    const [node, provisioner] = ['system-node-critical', 'system-cluster-critical'];

    expect(pods(render()).map((pod) => pod.priorityClassName)).toEqual([node, provisioner, node, provisioner]);
  });

  it('keep the replicas of a provisioner on different nodes', () => {
    const term = pods(render())[1]!.affinity!.podAntiAffinity!.requiredDuringSchedulingIgnoredDuringExecution![0];

    expect(term).toEqual({
      labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['csi-rbdplugin-provisioner'] }] },
      topologyKey: 'kubernetes.io/hostname',
    });
  });

  it.each([
    [undefined, 2],
    ['1', 1],
    ['3', 3],
    ['many', 2],
  ])('have CSI_PROVISIONER_REPLICAS=%s provisioners: %i', (value, expected) => {
    const { rbdProvisioner, cephfsProvisioner } = render(
      value === undefined ? {} : { CSI_PROVISIONER_REPLICAS: value },
    );

    expect([rbdProvisioner.spec!.replicas, cephfsProvisioner.spec!.replicas]).toEqual([expected, expected]);
    expect(rbdProvisioner.spec!.strategy).toEqual({ type: 'Recreate' });
  });

  it('roll one node at a time, or not at all with OnDelete', () => {
    const { rbdNodePlugin, cephfsNodePlugin } = render({ CSI_RBD_PLUGIN_UPDATE_STRATEGY: 'ondelete' });

    expect(rbdNodePlugin.spec!.updateStrategy).toEqual({ type: 'OnDelete' });
    expect(cephfsNodePlugin.spec!.updateStrategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 1 },
    });
  });

  it('carry an owner reference, no label, and an annotation on Deployments only', () => {
    const { rbdNodePlugin, rbdProvisioner } = render({}, { owner: { name: 'rook-ceph-operator', uid: 'uid-1' } });
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'rook-ceph-operator',
      uid: 'uid-1',
      controller: true,
      blockOwnerDeletion: false,
    };

    expect(rbdNodePlugin.metadata).toStrictEqual({
      name: 'csi-rbdplugin',
      namespace: 'rook-ceph',
      ownerReferences: [owner],
    });
    expect(rbdProvisioner.metadata).toStrictEqual({
      name: 'csi-rbdplugin-provisioner',
      namespace: 'rook-ceph',
      ownerReferences: [owner],
      annotations: { 'banzaicloud.com/last-applied': expect.stringMatching(/^[\w+/]{1500,3500}=*$/) as string },
    });
  });

  it('name their driver after the namespace', () => {
    const text = JSON.stringify(renderRook({ namespace: 'storage', version, config: CONFLICT_CONFIG }));

    expect(text).toContain('--drivername=storage.rbd.csi.ceph.com');
    expect(text).toContain('--leader-election-namespace=storage');
    expect(text).not.toContain('rook-ceph.rbd');
  });
});

describe('the releases', () => {
  it('differ in the arguments that 1.17 added, and in no other', () => {
    const argumentsOf = (version: RookVersion) => {
      const workloads = renderRook({ namespace: 'rook-ceph', version, config: CONFLICT_CONFIG });
      return Object.entries(workloads).flatMap(([workload, { spec }]) =>
        spec!.template.spec!.containers.flatMap(({ name, args }) => args!.map((arg) => `${workload} ${name} ${arg}`)),
      );
    };
    const [old, recent] = [argumentsOf('1.16.4'), argumentsOf('1.17.9')];

    expect(old.filter((argument) => !recent.includes(argument))).toEqual([]);
    expect(recent.filter((argument) => !old.includes(argument))).toEqual([
      'rbdProvisioner csi-provisioner --feature-gates=CrossNamespaceVolumeDataSource=false',
      'rbdProvisioner csi-rbdplugin --setmetadata=true',
      'cephfsProvisioner csi-provisioner --feature-gates=CrossNamespaceVolumeDataSource=false',
      'cephfsProvisioner csi-cephfsplugin --setmetadata=true',
    ]);
  });

  it.each([
    ['1.16.4', {}, false],
    ['1.16.4', { CSI_ENABLE_METADATA: 'true' }, true],
    ['1.17.9', {}, true],
    ['1.17.9', { CSI_ENABLE_METADATA: 'false' }, false],
  ] as const)('%s with %o sets metadata: %s', (version, config, expected) => {
    const text = JSON.stringify(renderRook({ namespace: 'rook-ceph', version, config }));

    expect(text.includes('--setmetadata=true')).toBe(expected);
  });
});
