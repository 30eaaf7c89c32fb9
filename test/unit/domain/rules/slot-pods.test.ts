import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostNetworkPods, type HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { podOn } from '../pods.js';

const PROVISIONER = { kind: 'Deployment', name: 'csi-rbdplugin-provisioner' };
const PLUGIN = { kind: 'DaemonSet', name: 'csi-rbdplugin' };
const NAMESPACES = ['a', 'b', 'c'];

const pod = (namespace: string, node: string | undefined, workload = PLUGIN): HostNetworkPod =>
  podOn([9070], { namespace, ...workload, node });

test.each<[string, HostNetworkPod[], string[][]]>([
  ['on one node', [pod('a', '1'), pod('b', '1', PROVISIONER), pod('c', '2')], [['b'], ['a'], []]],
  ['without a node', [pod('a', '1'), pod('b', undefined, PROVISIONER)], [[], [], []]],
  ['of no slot', [pod('a', '1'), pod('b', '1', { kind: 'DaemonSet', name: 'csi-cephfsplugin' })], [[], [], []]],
])('neighbours by pods %s', (_, pods, expected) => {
  const index = HostNetworkPods.of(pods);
  expect(NAMESPACES.map((namespace) => index.neighboursOf(namespace))).toEqual(expected);
});

test('beside a pod are its own namespace and those with pods of slots on its node', () => {
  const index = HostNetworkPods.of([pod('a', '1'), pod('b', '2')]);
  expect(['1', '2', '3', undefined].map((node) => index.namespacesBeside(pod('c', node)))).toEqual([
    ['c', 'a'],
    ['c', 'b'],
    ['c'],
    ['c'],
  ]);
});

test('to be neighbours is mutual', () => {
  const anyPod = fc
    .tuple(fc.constantFrom(...NAMESPACES), fc.constantFrom('1', '2', undefined), fc.constantFrom(PLUGIN, PROVISIONER))
    .map(([namespace, node, workload]) => pod(namespace, node, workload));
  fc.assert(
    fc.property(fc.array(anyPod), (pods) => {
      const index = HostNetworkPods.of(pods);
      for (const one of NAMESPACES)
        for (const other of index.neighboursOf(one)) expect(index.neighboursOf(other)).toContain(one);
    }),
  );
});
