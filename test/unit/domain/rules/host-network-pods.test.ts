import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostNetworkPods, type HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';

type Workload = readonly [string, string];
const WORKLOADS: readonly Workload[] = [
  ['DaemonSet', 'csi-rbdplugin'],
  ['Deployment', 'csi-rbdplugin-provisioner'],
  ['DaemonSet', 'rook-ceph.nfs.csi.ceph.com-nodeplugin'],
  ['DaemonSet', 'node-exporter'],
];
const NAMESPACES = ['a', 'b', 'c'];
const PORTS = [9070, 9071, 9100];

const LACKS_PORT = { reason: 'Unschedulable' as const, message: 'no free ports', lacksPort: true as const };

const aPod: fc.Arbitrary<HostNetworkPod> = fc
  .record({
    at: fc.nat(),
    namespace: fc.constantFrom(...NAMESPACES),
    workload: fc.constantFrom(...WORKLOADS),
    node: fc.constantFrom(undefined, 'n1', 'n2', 'n3'),
    isScheduled: fc.boolean(),
    progress: fc.constantFrom(undefined, { changedAt: 0, trouble: LACKS_PORT }),
    ports: fc.array(fc.record({ container: fc.constantFrom('x', 'y'), port: fc.constantFrom(...PORTS) })),
  })
  .map(({ at, namespace, workload: [kind, name], node, progress, ...rest }) => ({
    namespace,
    name: `${name}-${at}`,
    uid: String(at),
    resourceVersion: '1',
    workload: { namespace, kind, name },
    ...(node === undefined ? {} : { node }),
    ...(progress === undefined ? {} : { progress }),
    ...rest,
  }));

/** All that it can be asked. */
function contents(pods: HostNetworkPods): unknown {
  const byPort = PORTS.map((port) => new Set(pods.withPort(port)));
  const inNamespaces = NAMESPACES.map((namespace) => ({
    csi: new Set(pods.csiPodsIn(namespace)),
    neighbours: pods.neighboursOf(namespace),
    upstream: pods.upstreamNamespacesWith([9071]).includes(namespace),
    of: WORKLOADS.map(([kind, name]) => new Set(pods.of({ namespace, kind, name }))),
  }));
  return { byPort, inNamespaces };
}

test('what was added and removed leaves an index like one that is built anew', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(aPod, fc.boolean(), fc.nat())), (steps) => {
      const index = new HostNetworkPods();
      const there: HostNetworkPod[] = [];
      for (const [pod, isAdded, which] of steps) {
        if (isAdded || there.length === 0) {
          index.add(pod);
          there.push(pod);
        } else index.remove(there.splice(which % there.length, 1)[0]!);
        expect(contents(index)).toEqual(contents(HostNetworkPods.of(there)));
      }
      for (const pod of there) index.remove(pod);
      expect(contents(index)).toEqual(contents(new HostNetworkPods()));
    }),
  );
});

test('pods are found by port and by workload, and neighbours by the nodes of their slots', () => {
  const pod = (namespace: string, [kind, name]: Workload, node: string): HostNetworkPod => ({
    namespace,
    name: `${name}-${node}`,
    uid: `${namespace}-${name}-${node}`,
    resourceVersion: '1',
    workload: { namespace, kind, name },
    node,
    isScheduled: true,
    ports: [{ container: 'x', port: 9070 }],
  });
  const [plugin, provisioner, , stranger] = WORKLOADS as [Workload, Workload, Workload, Workload];
  const [one, two, three] = [pod('a', plugin, 'n1'), pod('b', provisioner, 'n1'), pod('c', stranger, 'n1')];
  const pods = HostNetworkPods.of([one, two, three, pod('c', plugin, 'n2')]);
  expect([...pods.withPort(9070)]).toHaveLength(4);
  expect([...pods.of(one.workload), ...pods.of(three.workload)]).toEqual([one]);
  expect(pods.csiPodsIn('b')).toEqual([two]);
  expect(NAMESPACES.map((namespace) => pods.neighboursOf(namespace))).toEqual([['b'], ['a'], []]);
});
