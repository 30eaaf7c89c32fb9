import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostNetworkPods, type HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { podOn } from '../pods.js';

const PROVISIONER = { kind: 'Deployment', name: 'csi-rbdplugin-provisioner' };
const PLUGIN = { kind: 'DaemonSet', name: 'csi-rbdplugin' };
const LACKS_PORT = { reason: 'Unschedulable' as const, message: 'no free ports', lacksPort: true as const };

const placed = (namespace: string, node: string, workload = PLUGIN, port = 9070): HostNetworkPod =>
  podOn([port], { namespace, ...workload, node });
const waiting = (namespace: string, workload = PROVISIONER, port = 9070): HostNetworkPod => ({
  ...podOn([port], { namespace, ...workload, node: undefined }),
  progress: { changedAt: 0, trouble: LACKS_PORT },
});
const neighbours = (...pods: HostNetworkPod[]): string[][] =>
  ['a', 'b', 'c'].map((namespace) => HostNetworkPods.of(pods).neighboursOf(namespace));

test.each<[string, HostNetworkPod[], string[][]]>([
  ['Rooks on one node are neighbours', [placed('a', '1'), placed('b', '1'), placed('c', '2')], [['b'], ['a'], []]],
  [
    'a Rook whose pods no node takes is a neighbour of those that have the port',
    [placed('a', '1'), waiting('b'), placed('c', '2', PLUGIN, 9072)],
    [['b'], ['a'], []],
  ],
  [
    'but not where its own node plugin has the port: that is what is in the way',
    [placed('a', '1'), placed('b', '2'), waiting('b')],
    [[], [], []],
  ],
  [
    'a pod of the same workload is no explanation',
    [placed('a', '1'), placed('b', '2', PROVISIONER), waiting('b')],
    [['b'], ['a'], []],
  ],
  ['two that wait are none to each other', [waiting('a'), waiting('b')], [[], [], []]],
  [
    'one that was only just made is none',
    [placed('a', '1'), podOn([9070], { namespace: 'b', ...PROVISIONER, node: undefined })],
    [[], [], []],
  ],
])('%s', (_, pods, expected) => expect(neighbours(...pods)).toEqual(expected));

test('to be neighbours is mutual', () => {
  const anyPod = fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', undefined), fc.constantFrom(PLUGIN, PROVISIONER))
    .map(([namespace, node, workload]) =>
      node === undefined ? waiting(namespace, workload) : placed(namespace, node, workload),
    );
  fc.assert(
    fc.property(fc.array(anyPod), (pods) => {
      const index = HostNetworkPods.of(pods);
      for (const one of ['a', 'b', 'c'])
        for (const other of index.neighboursOf(one)) expect(index.neighboursOf(other)).toContain(one);
    }),
  );
});
