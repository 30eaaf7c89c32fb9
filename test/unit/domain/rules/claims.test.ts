import { describe, expect, test } from 'vitest';
import { canMeet, claimsOn, hostPorts, type Claim, type Neighbour } from '../../../../src/domain/rules/claims.js';
import { HostNetworkPods } from '../../../../src/domain/rules/host-network-pods.js';
import type { Slot } from '../../../../src/domain/rules/slots.js';
import type { Workload } from '../../../../src/domain/rules/workload.js';
import { podOn, podsOf } from '../pods.js';
import { ROOK_ARGS, project, rawWorkload, type RawOptions } from '../raw-workload.js';
import { DEFAULT_PORTS, observe, rookConfig, unassigned, workloads, type World } from '../worlds.js';

const LIVE = { CSI_ENABLE_LIVENESS: 'true' } as const;
const TORN = { args: [...ROOK_ARGS, '--controller-port=9071'], ports: [{ containerPort: 9070 }] };

function workload(slot: Slot, options: RawOptions = {}): Workload {
  return project(rawWorkload(slot, options));
}

/** As "DaemonSet default/node-agent (agent)", with the nodes if they are known. */
function found(port: number, world: World, neighbours: readonly Neighbour[] = []): string[] {
  const observed = observe(world);
  return claimsOn(port, observed, { pods: observed.pods, neighbours }).map(({ holder, nodes, yields }) => {
    const { namespace, kind, name, container } = holder;
    const notes = [...(nodes === undefined ? [] : [`on ${nodes.join(', ')}`]), ...(yields ? ['yields'] : [])];
    return [`${kind} ${namespace}/${name} (${container})`, ...notes].join(' ');
  });
}

describe('the host ports of a workload', () => {
  test.each<[string, RawOptions, [container: string, port: number][]]>([
    [
      'what the sidecar listens on and declares',
      { sidecar: TORN },
      [
        ['csi-addons', 9070],
        ['csi-addons', 9071],
      ],
    ],
    [
      'those of other containers',
      { liveness: 9080 },
      [
        ['csi-addons', 9072],
        ['liveness-prometheus', 9080],
      ],
    ],
    ['without a sidecar', { sidecar: 'none', liveness: 9080 }, [['liveness-prometheus', 9080]]],
    ['none on the pod network', { hostNetwork: false, liveness: 9080 }, []],
    ['not one that the kernel chooses', { sidecar: { args: ['--controller-port=0'] } }, []],
    ['the highest port', { sidecar: { args: ['--controller-port=65535'] } }, [['csi-addons', 65535]]],
    ['nothing beyond the highest', { sidecar: { args: ['--controller-port=65536'] } }, []],
    ['none', { sidecar: {} }, []],
  ])('%s', (_, options, ports) => {
    expect(hostPorts(workload('rbdNodePlugin', options)).map(({ container, port }) => [container, port])).toEqual(
      ports,
    );
  });
});

describe('the claims on a port', () => {
  const AGENT = 'DaemonSet default/node-agent (agent)';

  test.each<[string, number, World, string[]]>([
    ['not those of the own slots', 9070, { workloads: workloads() }, []],
    [
      'those of other containers of the own pods',
      9075,
      { workloads: workloads({ rbdProvisioner: { liveness: 9075 } }) },
      ['Deployment rook-ceph/csi-rbdplugin-provisioner (liveness-prometheus)'],
    ],
    [
      "those of Rook's liveness settings",
      9081,
      { config: rookConfig({}, LIVE) },
      [
        'DaemonSet rook-ceph/csi-cephfsplugin (liveness-prometheus)',
        'Deployment rook-ceph/csi-cephfsplugin-provisioner (liveness-prometheus)',
      ],
    ],
    [
      "those that Rook has from its Deployment's environment",
      9071,
      { rook: { env: { ...LIVE, CSI_RBD_LIVENESS_METRICS_PORT: '9071' } } },
      [
        'DaemonSet rook-ceph/csi-rbdplugin (liveness-prometheus)',
        'Deployment rook-ceph/csi-rbdplugin-provisioner (liveness-prometheus)',
      ],
    ],
    ['none of liveness that is off', 9080, { config: rookConfig() }, []],
    [
      'pods, by workload',
      9071,
      { pods: [podOn([9071], { node: 'b' }), podOn([9071], { node: 'a' }), podOn([9071], { kind: 'Pod', name: 'x' })] },
      [`${AGENT} on a, b`, 'Pod default/x (agent) on node-1'],
    ],
    ['not pods without the port', 9071, { pods: [podOn([9072])] }, []],
    ['not pods that are not scheduled', 9071, { pods: [podOn([9071], { isScheduled: false })] }, []],
    ['not the pods of a slot', 9070, { pods: podsOf('rbdNodePlugin', ['a'], 9070, 'other') }, []],
    ['nothing of pods that cannot be listed', 9071, { pods: 'unknown' }, []],
  ])('%s', (_, port, world, claims) => expect(found(port, world)).toEqual(claims));
});

describe('the claims of a neighbour', () => {
  const world = { namespace: 'rook-b', workloads: workloads({ rbdProvisioner: { liveness: 9099 } }) };
  const neighbour = (
    rank: Neighbour['rank'],
    ports: Neighbour['ports'] = {},
    staying: Neighbour['staying'] = {},
  ): Neighbour => {
    return { ...unassigned(world), rank, ports, staying };
  };
  const NODE_PLUGIN = 'DaemonSet rook-b/csi-rbdplugin (csi-addons)';
  const LIVENESS = 'Deployment rook-b/csi-rbdplugin-provisioner (liveness-prometheus)';

  test.each<[string, Neighbour, number, string[]]>([
    ['of a fixed one what it has', neighbour('Fixed'), 9072, [NODE_PLUGIN]],
    ['of a younger one the same, and it yields', neighbour('Younger'), 9072, [`${NODE_PLUGIN} yields`]],
    ['of an older one what it is given', neighbour('Older', { rbdNodePlugin: 9085 }), 9085, [NODE_PLUGIN]],
    [
      'of an older one where it stays',
      neighbour('Older', { rbdNodePlugin: 9085 }, { rbdNodePlugin: 9072 }),
      9072,
      [NODE_PLUGIN],
    ],
    ['of an older one not what it leaves', neighbour('Older', { rbdNodePlugin: 9085 }), 9072, []],
    ['of any its other containers', neighbour('Older'), 9099, [LIVENESS]],
    ['of a younger one, too: these never yield', neighbour('Younger'), 9099, [LIVENESS]],
  ])('%s', (_, other, port, claims) => expect(found(port, {}, [other])).toEqual(claims));
});

describe('a claim and the pods of a workload', () => {
  const claim = (...nodes: string[]): Claim => {
    return { port: 9072, holder: { namespace: 'default', kind: 'Pod', name: 'x', container: 'x' }, nodes };
  };
  const everywhere: Claim = { port: 9072, holder: claim().holder };
  const node = workload('rbdNodePlugin');
  const pods = (...nodes: (string | undefined)[]): HostNetworkPods => {
    const { namespace, kind, name } = node;
    return HostNetworkPods.of(
      nodes.map((one) => podOn([DEFAULT_PORTS.rbdNodePlugin], { namespace, kind, name, node: one })),
    );
  };

  const [made] = pods(undefined).of(node);
  const trouble = { reason: 'Unschedulable' as const, message: 'no free ports', lacksPort: true as const };
  const waiting = HostNetworkPods.of([{ ...made!, progress: { changedAt: 0, trouble } }]);

  test.each<[string, Claim, HostNetworkPods | undefined, boolean]>([
    ['on one node', claim('a', 'b'), pods('b', 'c'), true],
    ['on different nodes', claim('a'), pods('b'), false],
    ['on nodes that are not known', everywhere, pods('b'), true],
    ['a workload without pods', claim('a'), pods(), true],
    ['a pod that was only just made', claim('a'), pods('b', undefined), false],
    ['a pod for which no node has the port free', claim('a'), waiting, true],
    ['pods that cannot be listed', claim('a'), undefined, true],
  ])('%s', (...[, one, known, meet]) => expect(canMeet(one, node, known)).toBe(meet));
});
