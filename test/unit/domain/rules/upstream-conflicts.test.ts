import { describe, expect, test } from 'vitest';
import { HostNetworkPods, type HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { upstreamConflicts } from '../../../../src/domain/rules/upstream-conflicts.js';
import { NO_FREE_PORTS, pluginPod, type PluginPod } from '../drivers.js';
import { podOn, podsOf } from '../pods.js';

const NAMESPACE = 'rook-ceph';
const RBD = 'rook-ceph.rbd.csi.ceph.com';

function ctrl(type: PluginPod['type'], node: string | undefined, csiAddons: number, more: object = {}): HostNetworkPod {
  return pluginPod({ type, part: 'ctrlplugin', node, csiAddons, ...more });
}

function node(type: PluginPod['type'], on: string, liveness?: number): HostNetworkPod {
  return pluginPod({ type, part: 'nodeplugin', node: on, ...(liveness === undefined ? {} : { liveness }) });
}

/** As "9070: name (container), ... on node-1". */
function found(...pods: HostNetworkPod[]): string[] {
  return upstreamConflicts(NAMESPACE, HostNetworkPods.of(pods)).map(({ port, holders, nodes = [] }) => {
    const names = holders.map(({ namespace, name, container }) => `${namespace}/${name} ${container}`);
    return `${port}: ${names.join(', ')} on ${nodes.join()}`;
  });
}

describe('RBD and NVMe-oF, both with 9070', () => {
  test('one replica without a node is a conflict with the pods that have the port', () => {
    const pods = [
      ctrl('rbd', 'n1', 9070),
      ctrl('rbd', 'n2', 9070),
      ctrl('nvmeof', 'n3', 9070),
      ctrl('nvmeof', undefined, 9070),
    ];
    expect(found(...pods)).toEqual([
      `9070: rook-ceph/rook-ceph.nvmeof.csi.ceph.com-ctrlplugin csi-addons, rook-ceph/${RBD}-ctrlplugin csi-addons on n1,n2,n3`,
    ]);
  });

  test('it ends when all pods run', () => {
    const pods = ['n1', 'n2'].map((on) => ctrl('rbd', on, 9070));
    expect(found(...pods, ctrl('nvmeof', 'n3', 9070), ctrl('nvmeof', 'n4', 9070))).toEqual([]);
  });

  test('a replica that only its own sibling keeps off is none', () => {
    expect(found(ctrl('rbd', 'n1', 9070), ctrl('rbd', undefined, 9070))).toEqual([]);
  });

  test('a pod that is not scheduled for another reason is none', () => {
    const trouble = { reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient cpu.' } as const;
    const waiting = { ...ctrl('nvmeof', undefined, 9070), progress: { changedAt: 0, trouble } };
    expect(found(ctrl('rbd', 'n1', 9070), waiting)).toEqual([]);
  });
});

describe('liveness ports, which are not declared', () => {
  test('are shared by the ctrlplugin and the node plugin on its node, and 9080 also by csi-addons of CephFS', () => {
    const pods = [
      ctrl('rbd', 'n1', 9070, { liveness: 9080 }),
      ctrl('cephfs', 'n1', 9080, { liveness: 9081 }),
      node('rbd', 'n1', 9080),
      node('cephfs', 'n1', 9081),
      node('cephfs', 'n2', 9081),
    ];
    const [first, second, ...more] = upstreamConflicts(NAMESPACE, HostNetworkPods.of(pods));
    expect(first).toMatchObject({ port: 9080, nodeCount: 1, nodes: ['n1'] });
    expect(first!.holders).toHaveLength(3);
    expect(second!.holders).toHaveLength(2);
    expect(more).toEqual([]);
  });

  test('keep no pod from being scheduled', () => {
    expect(found(node('rbd', 'n1', 9080), ctrl('cephfs', undefined, 9080))).toEqual([]);
  });

  test('of one container beside csi-addons in one pod', () => {
    expect(found(ctrl('cephfs', 'n1', 9080, { liveness: 9080 }))).toHaveLength(1);
  });
});

describe('others', () => {
  const theirs = { namespace: 'rook-two' };

  test("a Driver of another namespace that this Rook's sidecar keeps off", () => {
    const own = podsOf('rbdProvisioner', ['n1', 'n2'], 9070);
    expect(found(...own, ctrl('rbd', undefined, 9070, theirs), ctrl('rbd', 'n3', 9070, theirs))).toEqual([
      '9070: rook-two/rook-two.rbd.csi.ceph.com-ctrlplugin csi-addons, rook-ceph/csi-rbdplugin-provisioner csi-addons on n1,n2,n3',
    ]);
    expect(found(...own, ctrl('rbd', 'n3', 9070, theirs))).toEqual([]);
  });

  test('a Driver of another namespace that a stranger keeps off is not of this namespace', () => {
    const own = podsOf('rbdProvisioner', ['n1'], 9071);
    expect(found(...own, podOn([9070]), ctrl('rbd', undefined, 9070, theirs))).toEqual([]);
  });

  test("liveness ports of another namespace's Driver on the same node", () => {
    const own = podOn([9080], {
      namespace: NAMESPACE,
      name: 'csi-rbdplugin',
      container: 'liveness-prometheus',
      node: 'n1',
    });
    const foreign = pluginPod({ type: 'rbd', part: 'nodeplugin', node: 'n1', liveness: 9080, ...theirs });
    expect(found(own, foreign)).toHaveLength(1);
    expect(found(own, { ...foreign, node: 'n2' })).toEqual([]);
  });

  test('a stranger that keeps a Driver of this namespace off, and two legacy Rooks, which are no matter of upstream', () => {
    expect(found(podOn([9070], { node: 'n1' }), ctrl('rbd', undefined, 9070))).toEqual([
      `9070: rook-ceph/${RBD}-ctrlplugin csi-addons, default/node-agent agent on n1`,
    ]);
    expect(
      found(...podsOf('rbdNodePlugin', ['n1'], 9070), ...podsOf('rbdNodePlugin', ['n1'], 9070, 'rook-two')),
    ).toEqual([]);
  });

  test('a pod of a DaemonSet waits for its own node alone', () => {
    const waiting = {
      ...pluginPod({ type: 'rbd', part: 'nodeplugin', node: 'n1', csiAddons: 9071 }),
      isScheduled: false,
    };
    const pending = { ...waiting, progress: NO_FREE_PORTS };
    expect(found(pending, podOn([9071], { node: 'n2' }))).toEqual([]);
    expect(found(pending, podOn([9071], { node: 'n1' }))).toHaveLength(1);
  });
});

test('a thousand nodes are looked at in a time that grows with them, not with their square', () => {
  const nodes = Array.from({ length: 1000 }, (_, index) => `n${index}`);
  const pods = HostNetworkPods.of(nodes.flatMap((on) => [node('rbd', on, 9080), podOn([9080], { node: on })]));
  const start = performance.now();
  expect(upstreamConflicts(NAMESPACE, pods)).toMatchObject([{ port: 9080, nodeCount: 1000 }]);
  expect(performance.now() - start).toBeLessThan(500);
});
