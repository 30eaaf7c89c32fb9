import { expect, test } from 'vitest';
import { keysOfPods } from '../../../src/controller/pod-keys.js';
import { pluginPod } from '../domain/drivers.js';
import { rookWorld } from '../domain/worlds.js';

test('that a pod finds no node for its port concerns the namespaces that may hold it, and so does that it does', () => {
  const pending = pluginPod({
    type: 'rbd',
    part: 'ctrlplugin',
    namespace: 'rook-two',
    node: undefined,
    csiAddons: 9070,
  });
  const before = { ...pending, progress: { changedAt: 0 } };
  const worlds = (): ReturnType<typeof rookWorld>[] => [rookWorld({})];
  expect(keysOfPods('rook-two', [before, pending], worlds)).toEqual(['rook-ceph']);
  expect(keysOfPods('rook-two', [pending, before], worlds)).toEqual(['rook-ceph']);
  expect(keysOfPods('rook-two', [pending, pending], worlds)).toEqual([]);
});
