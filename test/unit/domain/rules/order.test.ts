import { describe, expect, test } from 'vitest';
import { plan } from '../../../../src/domain/rules/plan.js';
import type { Observed } from '../../../../src/domain/rules/observed.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import type { Slot } from '../../../../src/domain/rules/slots.js';
import { CALM_MS } from '../../../../src/domain/rules/stuck.js';
import { CONFLICTING, DEFAULT_PORTS, SLOTS, observe, workloads, type World } from '../worlds.js';

type Facts = Partial<Record<Slot, Partial<RolloutFacts>>>;

/** The world with other counters. */
function rolling(world: World, facts: Facts): Observed {
  const observed = observe(world);
  const changed = Object.entries(observed.workloads).map(([slot, workload]) => {
    return [slot, { ...workload, rollout: { ...workload.rollout, ...facts[slot as Slot] } }];
  });
  return { ...observed, workloads: Object.fromEntries(changed) as Observed['workloads'] };
}

/** By slot, what is waited for: a name, with "!" if its pods are refused. */
function awaited(world: World, facts: Facts = {}): Partial<Record<Slot, string>> {
  const rows = plan(rolling(world, facts)).workloads.filter(({ awaits }) => awaits !== undefined);
  return Object.fromEntries(
    rows.map(({ slotSpec, awaits }) => [slotSpec.slot, `${awaits!.name}${awaits!.isRefused ? '!' : ''}`]),
  );
}

const [RBD, CEPHFS, NODE] = ['csi-rbdplugin-provisioner', 'csi-cephfsplugin-provisioner', 'csi-rbdplugin'];
/** The provisioners are where they belong, and the node plugin is still to be moved. */
const NODE_LEFT: World = { ...CONFLICTING, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
/** Both provisioners are to be moved. */
const BOTH_LEFT: World = {
  workloads: workloads(),
  spec: { ports: { rbdProvisioner: 9085, cephfsProvisioner: 9086 } },
};
const REFUSED = { replicaFailure: 'denied by policy' };

describe('a move waits for', () => {
  test.each<[string, World, Facts, Partial<Record<Slot, string>>]>([
    ['a provisioner that is still to be moved', CONFLICTING, {}, { rbdNodePlugin: CEPHFS }],
    ['nothing once the provisioners have moved', NODE_LEFT, {}, {}],
    ['pods that are not made yet', NODE_LEFT, { cephfsProvisioner: { updated: 0 } }, { rbdNodePlugin: CEPHFS }],
    [
      'a controller that has not looked',
      NODE_LEFT,
      { cephfsProvisioner: { generation: 9 } },
      { rbdNodePlugin: CEPHFS },
    ],
    ['no pods that exist and do not run', NODE_LEFT, { cephfsProvisioner: { available: 0 } }, {}],
    [
      'no pods that cannot be made before an admin resumes the rollout',
      NODE_LEFT,
      { cephfsProvisioner: { updated: 0, paused: true } },
      {},
    ],
    [
      'no pods that another cause keeps away, such as an old one on a dead node',
      NODE_LEFT,
      { cephfsProvisioner: { updated: 0, deadlineExceeded: 'no progress' } },
      {},
    ],
    ['no controller that never looked', NODE_LEFT, { rbdProvisioner: { observedGeneration: 0, updated: 0 } }, {}],
    ['pods that are refused', NODE_LEFT, { rbdProvisioner: REFUSED }, { rbdNodePlugin: `${RBD}!` }],
    [
      'those of the node plugin, too',
      BOTH_LEFT,
      { rbdNodePlugin: { scheduled: 1, desired: 2, statusChangedAt: 0 } },
      { rbdProvisioner: `${NODE}!`, cephfsProvisioner: `${NODE}!` },
    ],
    [
      'nothing while these may still come',
      BOTH_LEFT,
      {
        rbdNodePlugin: { scheduled: 1, desired: 2, statusChangedAt: Date.parse('2026-11-22T10:00:00Z') - CALM_MS + 1 },
      },
      {},
    ],
    ['no refused pods of its own', NODE_LEFT, { rbdNodePlugin: { scheduled: 1, desired: 2, statusChangedAt: 0 } }, {}],
    [
      'no refused pods that are to be moved themselves: the new port may be what ends it',
      BOTH_LEFT,
      { rbdProvisioner: REFUSED, cephfsProvisioner: REFUSED },
      {},
    ],
    [
      'no provisioner that is not in play',
      {
        ...NODE_LEFT,
        workloads: workloads({ rbdNodePlugin: { port: 9070 }, cephfsProvisioner: { hostNetwork: false } }),
      },
      { cephfsProvisioner: REFUSED },
      {},
    ],
  ])('%s', (...[, world, facts, expected]) => expect(awaited(world, facts)).toEqual(expected));
});

test('the key of a workload that waits is pinned when it may move', () => {
  const { pin } = plan(observe(CONFLICTING));
  expect(pin).toEqual({ CSIADDONS_RBD_PROVISIONER_PORT: '9070', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' });
  expect(plan(observe(NODE_LEFT)).pin).toMatchObject({ CSIADDONS_PORT: '9072' });
});

test('a workload that waits keeps its patch and its port', () => {
  const node = plan(observe(CONFLICTING)).workloads[SLOTS.indexOf('rbdNodePlugin')]!;
  expect(node).toMatchObject({ state: 'Drifted', assignedPort: DEFAULT_PORTS.rbdNodePlugin, currentPort: 9070 });
  expect(node.patch).toBeDefined();
});
