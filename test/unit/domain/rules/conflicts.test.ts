import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findConflicts, hostPorts } from '../../../../src/domain/rules/conflicts.js';
import { SLOT_SPECS, type Slot } from '../../../../src/domain/rules/slots.js';
import type { Workload } from '../../../../src/domain/rules/workload.js';
import { anyWorld } from '../arbitraries.js';
import { ROOK_ARGS, project, rawWorkload, type RawOptions } from '../raw-workload.js';
import { SLOTS, allWorkloads } from '../worlds.js';

const [RBD, CEPHFS, NODE] = [
  'Deployment csi-rbdplugin-provisioner',
  'Deployment csi-cephfsplugin-provisioner',
  'DaemonSet csi-rbdplugin',
];

function workload(slot: Slot, options: RawOptions = {}): Workload {
  return project(rawWorkload(slot, options));
}

/** Every slot on its default port, but for these. */
function all(options: Partial<Record<Slot, RawOptions>> = {}): Workload[] {
  return SLOTS.map((slot) => workload(slot, options[slot]));
}

describe('the host ports of a workload', () => {
  test('are those that the sidecar listens on and declares, and those of the other containers', () => {
    const sidecar = { args: [...ROOK_ARGS, '--controller-port=9071'], ports: [{ containerPort: 9070 }] };
    expect(hostPorts(workload('rbdNodePlugin', { sidecar, liveness: 9080 }))).toEqual([
      { container: 'csi-addons', port: 9070 },
      { container: 'csi-addons', port: 9071 },
      { container: 'liveness-prometheus', port: 9080 },
    ]);
  });

  test.each<[string, RawOptions, number[]]>([
    ['on the pod network', { hostNetwork: false, liveness: 9080 }, []],
    ['without a sidecar', { sidecar: 'none', liveness: 9080 }, [9080]],
    ['with a port that the kernel chooses', { sidecar: { args: ['--controller-port=0'] } }, []],
    ['with the highest port', { sidecar: { args: ['--controller-port=65535'] } }, [65535]],
    ['with a port beyond the highest', { sidecar: { args: ['--controller-port=65536'] } }, []],
    ['with no port', { sidecar: {} }, []],
    ['with one port said twice', { port: 9070 }, [9070]],
  ])('%s', (_, options, ports) => {
    expect(hostPorts(workload('rbdNodePlugin', options)).map(({ port }) => port)).toEqual(ports);
  });
});

describe('conflicts among sidecars', () => {
  const leftover = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9071 }] };
  const torn = { args: ['--controller-port=9070'], ports: [{ containerPort: 9071 }] };

  test.each<[string, Workload[], unknown]>([
    ['nothing there', [], []],
    ['each on its own port', all(), []],
    [
      "Rook's default: all on one port",
      Object.values(allWorkloads({ port: 9070 })).map(project),
      [{ port: 9070, holders: SLOT_SPECS.map(({ kind, workload: name }) => `${kind} ${name}`) }],
    ],
    ['two of them', all({ cephfsProvisioner: { port: 9070 } }), [{ port: 9070, holders: [RBD, CEPHFS] }]],
    ['not with one on the pod network', all({ rbdNodePlugin: { port: 9070, hostNetwork: false } }), []],
    ["not with a Driver's", all({ rbdNodePlugin: { port: 9070, driverOwned: true } }), []],
    ['not within one workload', [workload('rbdNodePlugin', { sidecar: torn, liveness: 9071 })], []],
    [
      'by a leftover declaration',
      all({ rbdNodePlugin: { sidecar: leftover } }),
      [{ port: 9071, holders: [CEPHFS, NODE] }],
    ],
    [
      'on two ports, the lowest first',
      all({ rbdNodePlugin: { sidecar: torn } }),
      [
        { port: 9070, holders: [RBD, NODE] },
        { port: 9071, holders: [CEPHFS, NODE] },
      ],
    ],
  ])('%s', (_, workloads, sidecars) => expect(findConflicts(workloads)).toEqual({ sidecars, liveness: [] }));
});

describe('conflicts with other containers', () => {
  const RBD_LIVENESS = `${RBD} (liveness-prometheus)`;
  const NODE_LIVENESS = `${NODE} (liveness-prometheus)`;

  test.each<[string, Workload[], unknown]>([
    [
      'two liveness containers',
      all({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080 } }),
      [{ port: 9080, holders: [RBD_LIVENESS, NODE_LIVENESS] }],
    ],
    [
      'a sidecar and a liveness container',
      all({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { port: 9080 } }),
      [{ port: 9080, holders: [RBD_LIVENESS, NODE] }],
    ],
    [
      "not with a Driver's",
      all({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080, driverOwned: true } }),
      [],
    ],
    [
      'not with one on the pod network',
      all({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080, hostNetwork: false } }),
      [],
    ],
  ])('%s', (_, workloads, liveness) => expect(findConflicts(workloads)).toEqual({ sidecars: [], liveness }));

  test('a port that two sidecars and a liveness container take is in both lists', () => {
    const workloads = all({ cephfsProvisioner: { port: 9070 }, rbdNodePlugin: { liveness: 9070 } });
    expect(findConflicts(workloads)).toEqual({
      sidecars: [{ port: 9070, holders: [RBD, CEPHFS] }],
      liveness: [{ port: 9070, holders: [RBD, CEPHFS, NODE_LIVENESS] }],
    });
  });

  test('no more holders are named than the schema takes, nor more of a name', () => {
    const crowded = (container: string): Workload => ({
      ...workload('rbdNodePlugin'),
      otherPorts: Array.from({ length: 80 }, () => ({ container, port: 9500 })),
    });
    const { liveness } = findConflicts([crowded('a'.repeat(200)), crowded('b')]);
    expect(liveness[0]!.holders).toHaveLength(64);
    expect(liveness[0]!.holders[0]).toBe(`${NODE} (${'a'.repeat(63)})`);
  });
});

test('in any world a port is in a list exactly if two workloads that no Driver owns hold it', () => {
  const ports = (found: readonly { readonly port: number }[]): number[] => found.map(({ port }) => port);
  fc.assert(
    fc.property(anyWorld, fc.constantFrom(undefined, 9070, 9080), ({ workloads = {} }, liveness) => {
      const found = Object.values(workloads)
        .map(project)
        .map((one): Workload =>
          liveness === undefined ? one : { ...one, otherPorts: [{ container: 'x', port: liveness }] },
        );
      const { sidecars, liveness: others } = findConflicts(found);
      const shared = (chosen: (container: string) => boolean): number[] => {
        const held = found
          .filter(({ driverOwned }) => !driverOwned)
          .flatMap((one) => [
            ...new Set(
              hostPorts(one)
                .filter(({ container }) => chosen(container))
                .map(({ port }) => port),
            ),
          ]);
        const twice = held.filter((port, at) => held.indexOf(port) !== at);
        return [...new Set(twice)].sort((a, b) => a - b);
      };
      expect(ports(sidecars)).toEqual(shared((container) => container === 'csi-addons'));
      expect(ports(others)).toEqual(
        shared(() => true).filter((port) => port === liveness || !ports(sidecars).includes(port)),
      );
    }),
  );
});
