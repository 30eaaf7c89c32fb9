import { describe, expect, it } from 'vitest';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { knownRookKeys } from '../../../src/domain/rules/rook-keys.js';
import { SETTLED, observe, pinned, statusIn, workloads, type World } from './worlds.js';

const BY_ROOK = { managers: [{ name: 'rook', time: '2026-11-22T09:00:00Z', ownsPort: true }] };
const BY_US = { managers: [{ name: 'csi-port-operator', time: '2026-11-22T09:00:00Z', ownsPort: true }] };
const LATER_BY_ROOK = {
  managers: [
    { name: 'csi-port-operator', time: '2026-11-22T09:00:00Z', ownsPort: true },
    { name: 'rook', time: '2026-11-22T09:00:01Z', ownsPort: false },
  ],
};
const VERSION = { image: 'rook/ceph:v1.17.9' };

function known(world: World, previous?: Partial<AssignmentStatus>): string | undefined {
  return knownRookKeys(plan(observe({ rook: VERSION, ...world })), previous);
}

function provisioners(rbd: object, cephfs: object): World {
  return { ...SETTLED, workloads: workloads({ rbdProvisioner: rbd, cephfsProvisioner: cephfs }) };
}

it.each<[string, World, string | undefined]>([
  ['a provisioner on its own key by Rook: three', provisioners({}, BY_ROOK), 'Three'],
  ["a provisioner on the node plugin's key by Rook: one", provisioners({}, { ...BY_ROOK, port: 9072 }), 'One'],
  ['its own key, and Rook wrote the workload after us: three', provisioners({}, LATER_BY_ROOK), 'Three'],
  ['its own key, but by us: nothing', provisioners({}, BY_US), undefined],
  ["Rook's default, which it renders without any key: nothing", provisioners(BY_ROOK, BY_US), undefined],
  ['another port: nothing', provisioners({}, { ...BY_ROOK, port: 9500 }), undefined],
  ['on the pod network: nothing', provisioners({}, { ...BY_ROOK, hostNetwork: false }), undefined],
  ['keys that do not differ: nothing', { ...provisioners({}, BY_ROOK), config: pinned(9071, 9071, 9071) }, undefined],
  ['no keys: nothing', { workloads: workloads({ cephfsProvisioner: BY_ROOK }) }, undefined],
])('%s', (_name, world, keys) => expect(known(world)).toBe(keys));

describe('a port that Rook wrote before the keys were as they are', () => {
  const swapped = (time: string): World => {
    const managers = [{ name: 'csi-port-operator', time }];
    // The CephFS provisioner is where the node plugin is to go.
    return { ...provisioners({}, { ...BY_ROOK, port: 9071 }), config: { ...pinned(9070, 9072, 9071), managers } };
  };

  it('tells nothing, whatever key it happens to match', () => {
    expect(known(swapped('2026-11-22T09:00:01Z'))).toBeUndefined();
    expect(known(swapped('2026-11-22T09:00:01Z'), { rookKeys: 'Three', rookVersion: 'v1.17.9' })).toBe('Three');
  });

  it('tells where it may have been written after them', () => {
    expect(known(swapped('2026-11-22T09:00:00Z'))).toBe('One');
  });
});

describe('the default port, to which the node plugin was assigned', () => {
  const SPEC = { ports: { rbdNodePlugin: 9070 } };
  const config = pinned(9072, 9071, 9070);
  const onDefault: World = {
    spec: SPEC,
    config,
    workloads: workloads({
      rbdProvisioner: { ...BY_ROOK, port: 9070 },
      cephfsProvisioner: { ...BY_ROOK, port: 9070 },
      rbdNodePlugin: { port: 9070 },
    }),
  };
  const apart: World = {
    spec: SPEC,
    config,
    workloads: workloads({ rbdProvisioner: { port: 9072 }, rbdNodePlugin: { port: 9070 } }),
  };

  it('tells nothing before the keys were in effect', () => expect(known(onDefault)).toBeUndefined());

  it('tells of one key where Rook went back to it from a pinned port', () => {
    expect(known(onDefault, statusIn(apart))).toBe('One');
  });

  it('tells nothing where somebody else did', () => {
    const others = { managers: [{ name: 'kubectl-edit', ownsPort: true }], port: 9070 };
    const world = { ...onDefault, workloads: workloads({ rbdProvisioner: others, cephfsProvisioner: others }) };
    expect(known(world, statusIn(apart))).toBeUndefined();
  });
});

it('is remembered by the status for as long as Rook is the same', () => {
  const silent = provisioners({}, BY_US);
  expect(known(silent, { rookKeys: 'One', rookVersion: 'v1.17.9' })).toBe('One');
  expect(known(silent, { rookKeys: 'One', rookVersion: 'v1.16.4' })).toBeUndefined();
  expect(known(provisioners({}, BY_ROOK), { rookKeys: 'One', rookVersion: 'v1.17.9' })).toBe('Three');
});
