import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostPorts } from '../../../../src/domain/rules/claims.js';
import { findConflicts, type Conflicts } from '../../../../src/domain/rules/conflicts.js';
import type { HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { surroundingsOf } from '../../../../src/domain/rules/neighbours.js';
import { SLOT_SPECS, type Slot } from '../../../../src/domain/rules/slots.js';
import type { Workload } from '../../../../src/domain/rules/workload.js';
import { anyWorld } from '../arbitraries.js';
import { podOn, podsOf, rookPods } from '../pods.js';
import { rawWorkload, type RawOptions } from '../raw-workload.js';
import { SLOTS, allWorkloads, observe, rookConfig, rookWorld, workloads, type World } from '../worlds.js';

type List = keyof Conflicts;
/** As "9070 by csi-rbdplugin, default/node-agent (agent) on node-1 of 1". */
type Told = string[];

function conflictsIn(world: World): Conflicts {
  const observed = observe(world);
  return findConflicts(observed, surroundingsOf(observed, observed.others, observed.pods));
}

function told(world: World, list: List): Told {
  return conflictsIn(world)[list].map(({ port, holders, nodes, nodeCount }) => {
    const named = holders.map(({ namespace, name, container }) => {
      const place = namespace === 'rook-ceph' ? name : `${namespace}/${name}`;
      return container === 'csi-addons' ? place : `${place} (${container})`;
    });
    return `${port} by ${named.join(', ')}${nodes === undefined ? '' : ` on ${nodes.join(', ')} of ${nodeCount}`}`;
  });
}

const [RBD, CEPHFS, NODE] = SLOT_SPECS.map(({ workload }) => workload) as [string, string, string];
const node = (options: RawOptions): World => ({
  workloads: workloads({ rbdNodePlugin: options }),
});
const LEFTOVER = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9071 }] };
const TORN = { args: ['--controller-port=9070'], ports: [{ containerPort: 9071 }] };
const SHARED = [...rookPods('rook-ceph', ['n1']), ...rookPods('rook-b', ['n1'])];
const APART = [...rookPods('rook-ceph', ['n1']), ...rookPods('rook-b', ['n2'])];
const OTHER = [rookWorld({ namespace: 'rook-b', workloads: workloads() })];

describe('conflicts of sidecars', () => {
  test.each<[string, World, Told]>([
    ['nothing there', {}, []],
    ['each on its own port', { workloads: workloads() }, []],
    [
      "Rook's default: all on one port",
      { workloads: allWorkloads({ port: 9070 }) },
      [`9070 by ${RBD}, ${CEPHFS}, ${NODE}`],
    ],
    ['two of them', { workloads: workloads({ cephfsProvisioner: { port: 9070 } }) }, [`9070 by ${RBD}, ${CEPHFS}`]],
    ['not with one on the pod network', node({ port: 9070, hostNetwork: false }), []],
    ["not with a Driver's", node({ port: 9070, driverOwned: true }), []],
    ['by a leftover declaration', node({ sidecar: LEFTOVER }), [`9071 by ${CEPHFS}, ${NODE}`]],
    [
      'on two ports, the lowest first',
      node({ sidecar: TORN }),
      [`9070 by ${RBD}, ${NODE}`, `9071 by ${CEPHFS}, ${NODE}`],
    ],
    ['with a container of its own pod', node({ liveness: 9072 }), [`9072 by ${NODE}, ${NODE} (liveness-prometheus)`]],
    [
      'with a liveness container of another pod',
      { workloads: workloads({ rbdProvisioner: { liveness: 9072 } }) },
      [`9072 by ${RBD} (liveness-prometheus), ${NODE}`],
    ],
    [
      'with a stranger, and where',
      { workloads: workloads(), pods: ['d', 'c', 'b', 'a'].map((name) => podOn([9072], { node: name })) },
      [`9072 by ${NODE}, default/node-agent (agent) on a, b, c of 4`],
    ],
    [
      'not with one on other nodes',
      { workloads: workloads(), pods: [podOn([9072]), ...podsOf('rbdNodePlugin', ['a'], 9072)] },
      [],
    ],
    [
      'not with one that is not scheduled',
      { workloads: workloads(), pods: [podOn([9072], { isScheduled: false })] },
      [],
    ],
    [
      'with the Rook next door',
      { workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin') }, others: OTHER, pods: SHARED },
      [`9072 by ${NODE}, rook-b/${NODE}`],
    ],
    ['not with one on other nodes', { workloads: workloads(), others: OTHER, pods: APART }, []],
    [
      'with what the settings announce, if pods cannot be listed',
      { ...node({ port: 9081 }), pods: 'unknown', config: rookConfig({}, { CSI_ENABLE_LIVENESS: 'true' }) },
      [`9081 by ${NODE}, csi-cephfsplugin (liveness-prometheus), ${CEPHFS} (liveness-prometheus)`],
    ],
  ])('%s', (_, world, conflicts) => expect(told(world, 'sidecars')).toEqual(conflicts));

  test('of holders their namespace, kind, name and container', () => {
    const { sidecars } = conflictsIn({ workloads: workloads(), pods: [podOn([9071])] });
    expect(sidecars).toEqual([
      {
        port: 9071,
        holders: [
          { namespace: 'rook-ceph', kind: 'Deployment', name: CEPHFS, container: 'csi-addons' },
          { namespace: 'default', kind: 'DaemonSet', name: 'node-agent', container: 'agent' },
        ],
        nodes: ['node-1'],
        nodeCount: 1,
      },
    ]);
  });
});

describe('conflicts of other containers', () => {
  const LIVE = { rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080 } };
  const cephfs = { namespace: 'rook-ceph', name: 'csi-cephfsplugin', container: 'liveness-prometheus' };
  const b07: World = {
    config: rookConfig({}, { CSI_ENABLE_LIVENESS: 'true' }),
    workloads: { cephfsProvisioner: rawWorkload('cephfsProvisioner', { liveness: 9081 }) },
  };
  const BOTH = `9081 by ${CEPHFS} (liveness-prometheus), csi-cephfsplugin (liveness-prometheus)`;

  test.each<[string, World, Told]>([
    ['two', { workloads: workloads(LIVE) }, [`9080 by ${RBD} (liveness-prometheus), ${NODE} (liveness-prometheus)`]],
    [
      "not with a Driver's",
      { workloads: workloads({ ...LIVE, rbdNodePlugin: { liveness: 9080, driverOwned: true } }) },
      [],
    ],
    [
      'not with one on the pod network',
      { workloads: workloads({ ...LIVE, rbdNodePlugin: { liveness: 9080, hostNetwork: false } }) },
      [],
    ],
    ['b07: CephFS, by its pods', { ...b07, pods: [podOn([9081], cephfs)] }, [`${BOTH} on node-1 of 1`]],
    ['b07: CephFS, by the settings if pods cannot be listed', { ...b07, pods: 'unknown' }, [BOTH]],
  ])('%s', (_, world, conflicts) => expect(told(world, 'liveness')).toEqual(conflicts));

  test('no more holders are named than the schema takes, nor more of a name', () => {
    const { workloads: found, ...observed } = observe({ workloads: workloads() });
    const crowded = (slot: Slot, container: string): Workload => ({
      ...found[slot]!,
      otherPorts: Array.from({ length: 80 }, (_, at) => ({ container: `${at}${container}`, port: 9500 })),
    });
    const others = {
      rbdProvisioner: crowded('rbdProvisioner', 'a'.repeat(200)),
      rbdNodePlugin: crowded('rbdNodePlugin', 'b'),
    };
    const { liveness } = findConflicts({ ...observed, workloads: { ...found, ...others } }, { neighbours: [] });
    expect(liveness[0]!.holders).toHaveLength(64);
    expect(liveness[0]!.holders[0]!.container).toBe(`0${'a'.repeat(62)}`);
  });
});

describe("conflicts of ceph-csi-operator's pods", () => {
  const rbd = (port: number, options: object = {}): HostNetworkPod => {
    const name = 'rook-ceph.rbd.csi.ceph.com-ctrlplugin';
    return podOn([port], { namespace: 'rook-ceph', kind: 'Deployment', name, container: 'csi-addons', ...options });
  };
  const words = "1 node(s) didn't have free ports for the requested pod ports";
  const UNSCHEDULABLE = {
    node: undefined,
    progress: { changedAt: 0, trouble: { reason: 'Unschedulable', message: words, lacksPort: true } },
  } as const;
  const NAME = 'rook-ceph.rbd.csi.ceph.com-ctrlplugin';

  test.each<[string, World['pods'], Told]>([
    ['none', [rbd(9070)], []],
    [
      'on one node with a stranger',
      [rbd(9070), podOn([9070])],
      [`9070 by ${NAME}, default/node-agent (agent) on node-1 of 1`],
    ],
    ['not on another node', [rbd(9070), podOn([9070], { node: 'b' })], []],
    [
      'kept off by a stranger',
      [rbd(9070, UNSCHEDULABLE), podOn([9070])],
      [`9070 by ${NAME}, default/node-agent (agent) on node-1 of 1`],
    ],
    ['not kept off by its own pods: that is its rollout', [rbd(9070, UNSCHEDULABLE), rbd(9070)], []],
    [
      'with a sidecar of Rook',
      [rbd(9072), ...podsOf('rbdNodePlugin', ['node-1'], 9072)],
      [`9072 by ${NAME}, ${NODE} on node-1 of 1`],
    ],
    ['not in another namespace', [rbd(9070, { namespace: 'other' }), podOn([9070])], []],
    ['not if pods cannot be listed', 'unknown', []],
  ])('%s', (_, pods, conflicts) => expect(told({ pods: pods! }, 'upstream')).toEqual(conflicts));
});

test('in any world every conflict has two holders, of which one is of this Rook, and each is in one list', () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const observed = observe(world);
      const { sidecars, liveness } = conflictsIn(world);
      const ports = [...sidecars, ...liveness].map(({ port }) => port);
      expect(new Set(ports).size).toBe(ports.length);
      for (const { holders } of [...sidecars, ...liveness]) {
        expect(holders.length).toBeGreaterThan(1);
        expect(holders.some(({ namespace }) => namespace === 'rook-ceph')).toBe(true);
      }
      // Two sidecars of one Rook with the same port are always in conflict.
      const held = SLOTS.flatMap((slot) => observed.workloads[slot] ?? [])
        .filter(({ driverOwned }) => !driverOwned)
        .flatMap((one) =>
          hostPorts(one)
            .filter(({ container }) => container === 'csi-addons')
            .map(({ port }) => port),
        );
      const twice = held.filter((port, at) => held.indexOf(port) !== at);
      expect(sidecars.map(({ port }) => port)).toEqual(expect.arrayContaining(twice));
    }),
    { numRuns: 500 },
  );
});
