import { expect, test } from 'vitest';
import { keysOfPods, type Known } from '../../../src/watched/pod-keys.js';
import { HostNetworkPods, type HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import { pluginPod } from '../domain/drivers.js';
import { podOn } from '../domain/pods.js';
import { rookWorld } from '../domain/worlds.js';

const known = (...pods: HostNetworkPod[]): Known => ({
  pods: HostNetworkPods.of(pods),
  assigned: () => [rookWorld({})],
  isAssigned: (namespace) => namespace === 'rook-ceph',
  near: () => [],
});
const ctrlplugin = (namespace: string, node?: string): HostNetworkPod =>
  pluginPod({ type: 'rbd', part: 'ctrlplugin', namespace, node, csiAddons: 9070 });

test('that a pod finds no node for its port concerns the namespaces that may hold it, and so does that it does', () => {
  const pending = ctrlplugin('rook-two');
  const before = { ...pending, progress: { changedAt: 0 } };
  expect(keysOfPods('rook-two', [before, pending], known())).toEqual(['rook-ceph']);
  expect(keysOfPods('rook-two', [pending, before], known())).toEqual(['rook-ceph']);
  expect(keysOfPods('rook-two', [pending, pending], known())).toEqual([]);
});

test('a stranger on a port that only a Driver of a namespace has concerns that namespace, coming and going', () => {
  const liveness = { ...ctrlplugin('rook-ceph', 'n1'), ports: [{ container: 'liveness', port: 19_080 }] };
  const stranger = podOn([19_080], { namespace: 'web', name: 'nginx', node: 'n1' });
  expect(keysOfPods('web', [stranger], known(liveness, stranger))).toEqual(['rook-ceph']);
  expect(keysOfPods('web', [stranger], known(liveness))).toEqual(['rook-ceph']);
  expect(keysOfPods('web', [stranger], known())).toEqual([]);
});
