import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostPorts, sharedPorts } from '../../../src/domain/rules/host-ports.js';
import type { Workload } from '../../../src/domain/rules/workload.js';
import { anyWorld } from './arbitraries.js';
import { ROOK_ARGS, project, rawWorkload, type RawOptions } from './raw-workload.js';
import type { Slot } from '../../../src/domain/rules/slots.js';

const workload = (slot: Slot, options: RawOptions = {}): Workload => project(rawWorkload(slot, options));
const shown = (workloads: readonly Workload[]): string[] =>
  sharedPorts(workloads).map(({ port, holders }) =>
    [port, ...holders.map(({ workload: { name }, container }) => `${name}/${container}`)].join(' '),
  );

test('the sidecar holds the port that it listens on and those that it declares, the other containers theirs', () => {
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
  ['owned by a Driver', { driverOwned: true, port: 9070 }, [9070]],
  ['with a port that the kernel chooses', { sidecar: { args: ['--controller-port=0'] } }, []],
  ['with a port beyond the highest', { sidecar: { args: ['--controller-port=65536'] } }, []],
])('a workload %s holds its ports, if any', (_, options, ports) => {
  expect(hostPorts(workload('rbdNodePlugin', options)).map(({ port }) => port)).toEqual(ports);
});

test('a port is shared where two workloads hold it, not where two containers of one do', () => {
  const rbd = workload('rbdProvisioner', { port: 9070, liveness: 9080 });
  const cephfs = workload('cephfsProvisioner', { port: 9080, liveness: 9081 });
  const node = workload('rbdNodePlugin', { port: 9070, liveness: 9080 });
  const twice = workload('rbdNodePlugin', { port: 9072, liveness: 9072 });
  expect(shown([rbd, cephfs, node])).toEqual([
    '9070 csi-rbdplugin-provisioner/csi-addons csi-rbdplugin/csi-addons',
    '9080 csi-rbdplugin-provisioner/liveness-prometheus csi-cephfsplugin-provisioner/csi-addons ' +
      'csi-rbdplugin/liveness-prometheus',
  ]);
  expect(shown([rbd, twice])).toEqual([]);
  expect(shown([])).toEqual([]);
});

test('shared is exactly what two different workloads hold, lowest first, with all that hold it', () => {
  fc.assert(
    fc.property(anyWorld, ({ workloads = {} }) => {
      const all = Object.values(workloads).map(project);
      const shared = sharedPorts(all);
      const ports = shared.map(({ port }) => port);
      expect(ports).toEqual([...new Set(ports)].sort((a, b) => a - b));
      const holding = (port: number): Workload[] =>
        all.filter((one) => hostPorts(one).some((held) => held.port === port));
      for (const { port, holders } of shared) {
        expect(new Set(holders.map((holder) => holder.workload))).toEqual(new Set(holding(port)));
      }
      const held = new Set(all.flatMap(hostPorts).map(({ port }) => port));
      expect(ports).toEqual([...held].filter((port) => holding(port).length > 1).sort((a, b) => a - b));
    }),
  );
});
