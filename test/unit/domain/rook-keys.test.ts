import { expect, it } from 'vitest';
import type { AssignmentStatus } from '../../../src/domain/api.js';
import { plan } from '../../../src/domain/plan.js';
import { knownRookKeys } from '../../../src/domain/rook-keys.js';
import { SETTLED, observe, pinned, workloads, type World } from './worlds.js';

const BY_ROOK = { managers: [{ name: 'rook', time: '2026-11-22T09:00:00Z', ownsPort: true }] };
const BY_US = { managers: [{ name: 'csi-port-operator', time: '2026-11-22T09:00:00Z', ownsPort: true }] };
const LATER_BY_ROOK = {
  managers: [
    { name: 'csi-port-operator', time: '2026-11-22T09:00:00Z', ownsPort: true },
    { name: 'rook', time: '2026-11-22T09:00:01Z', ownsPort: false },
  ],
};
const VERSION = { image: 'rook/ceph:v1.17.9' };

function known(world: World, previous?: Partial<AssignmentStatus>, passSeen = false): string | undefined {
  return knownRookKeys(plan(observe({ rook: VERSION, ...world })), previous, passSeen);
}

function provisioners(rbd: object, cephfs: object): World {
  return { ...SETTLED, workloads: workloads({ rbdProvisioner: rbd, cephfsProvisioner: cephfs }) };
}

it.each<[string, World, boolean, string | undefined]>([
  ['a provisioner on its own key by Rook: three', provisioners({}, BY_ROOK), false, 'Three'],
  ["a provisioner on the node plugin's key by Rook: one", provisioners({}, { ...BY_ROOK, port: 9072 }), false, 'One'],
  ['its own key, and Rook wrote the workload after us: three', provisioners({}, LATER_BY_ROOK), false, 'Three'],
  ['its own key, but by us: nothing', provisioners({}, BY_US), false, undefined],
  ['its own key, but by us, after a pass of Rook: nothing', provisioners(BY_US, BY_US), true, undefined],
  ["Rook's default, which it renders without any key: nothing", provisioners(BY_ROOK, BY_US), false, undefined],
  ['the default after a pass of Rook: three', provisioners(BY_ROOK, BY_US), true, 'Three'],
  ['another port: nothing', provisioners({}, { ...BY_ROOK, port: 9500 }), false, undefined],
  ['on the pod network: nothing', provisioners({}, { ...BY_ROOK, hostNetwork: false }), false, undefined],
  [
    'after a pass on the default, which the node plugin was given: one',
    {
      config: pinned(9072, 9071, 9070),
      workloads: workloads({
        rbdProvisioner: { ...BY_ROOK, port: 9070 },
        cephfsProvisioner: { ...BY_ROOK, port: 9070 },
        rbdNodePlugin: { port: 9070 },
      }),
      spec: { ports: { rbdNodePlugin: 9070 } },
    },
    true,
    'One',
  ],
  [
    'keys that do not differ: nothing',
    { ...provisioners({}, BY_ROOK), config: pinned(9071, 9071, 9071) },
    true,
    undefined,
  ],
  ['no keys: nothing', { workloads: workloads({ cephfsProvisioner: BY_ROOK }) }, true, undefined],
])('%s', (_name, world, passSeen, keys) => expect(known(world, undefined, passSeen)).toBe(keys));

it('is remembered by the status for as long as Rook is the same', () => {
  const silent = provisioners({}, BY_US);
  expect(known(silent, { rookKeys: 'One', rookVersion: 'v1.17.9' })).toBe('One');
  expect(known(silent, { rookKeys: 'One', rookVersion: 'v1.16.4' })).toBeUndefined();
  expect(known(provisioners({}, BY_ROOK), { rookKeys: 'One', rookVersion: 'v1.17.9' })).toBe('Three');
});
