/** Pods that wait for a port are stuck only if nothing moves that may hold it. */
import { describe, expect, it } from 'vitest';
import type { AssignmentSpec } from '../../../../src/domain/rules/api.js';
import type { HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { plan, type Plan } from '../../../../src/domain/rules/plan.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import type { RookWorld } from '../../../../src/domain/rules/rook-world.js';
import type { Slot } from '../../../../src/domain/rules/slots.js';
import { CALM_MS } from '../../../../src/domain/rules/stuck.js';
import { podOn, podsOf, rookPods } from '../pods.js';
import { observe, rookWorld, SETTLED, workloads } from '../worlds.js';
import { DONE, NOW, ROLLING, trouble, UNREADY } from './rollouts.js';

const OTHER = { rbdProvisioner: { port: 9073 }, cephfsProvisioner: { port: 9074 }, rbdNodePlugin: { port: 9075 } };

const WAITING = podOn([9070], {
  namespace: 'rook-ceph',
  kind: 'Deployment',
  name: 'csi-rbdplugin-provisioner',
  container: 'csi-addons',
  node: undefined,
  progress: trouble('Unschedulable'),
});

type Rollouts = Readonly<Partial<Record<Slot, RolloutFacts>>>;

/** Every other rollout is done. */
function rollingOut<World extends RookWorld>(world: World, rollouts: Rollouts): World {
  const found = Object.entries(world.workloads).map(([slot, workload]) => {
    return [slot, { ...workload, rollout: rollouts[slot as Slot] ?? DONE }];
  });
  return { ...world, workloads: Object.fromEntries(found) as World['workloads'] };
}

/** The RBD provisioner's pods wait for a node, and a Rook on the same nodes has these rollouts. */
function beside(rollouts: Rollouts, nodes = ['node-1']): Plan {
  const pods: HostNetworkPod[] = [WAITING, ...rookPods('rook-ceph', ['node-1']), ...rookPods('rook-z', nodes)];
  const other = rookWorld({ namespace: 'rook-z', created: '2026-11-02T00:00:00Z', workloads: workloads(OTHER) });
  const world = observe({ ...SETTLED, pods, others: [rollingOut(other, rollouts)], now: NOW });
  return plan(rollingOut(world, { rbdProvisioner: UNREADY }));
}

function stateIn({ workloads: rows }: Plan): string | undefined {
  return rows.find(({ slotSpec }) => slotSpec.slot === 'rbdProvisioner')?.state;
}

describe('pods that wait for a port', () => {
  it('are stuck if every other rollout is done', () => expect(stateIn(beside({}))).toBe('Stuck'));

  it('are not while a Rook on the same nodes moves', () => {
    expect(stateIn(beside({ rbdNodePlugin: ROLLING }))).toBe('RollingOut');
  });

  it('are while a Rook on other nodes moves', () => {
    expect(stateIn(beside({ rbdNodePlugin: ROLLING }, ['node-2']))).toBe('Stuck');
  });

  it('are if that of the other Rook stands still, too, which is looked at when it may', () => {
    expect(stateIn(beside({ rbdNodePlugin: { ...ROLLING, paused: true } }))).toBe('Stuck');
    const lately = { ...ROLLING, scheduled: 2, statusChangedAt: NOW - CALM_MS + 1_000 };
    const moving = beside({ rbdNodePlugin: lately });
    expect(stateIn(moving)).toBe('RollingOut');
    expect(moving.recheckAfterMs).toBe(1_000);
  });

  describe('that another workload is to leave', () => {
    /** The node plugin is still on the port for which the provisioner's pods wait. */
    function conflictIn(spec: AssignmentSpec, isAssigned = true): Plan {
      const pods = [WAITING, ...podsOf('rbdNodePlugin', ['node-1'], 9070)];
      const world = observe({
        ...SETTLED,
        spec,
        workloads: workloads({ rbdNodePlugin: { port: 9070 } }),
        pods,
        now: NOW,
      });
      return plan(rollingOut(world, { rbdProvisioner: UNREADY }), isAssigned);
    }

    it('are not stuck in Enforce', () => expect(stateIn(conflictIn({}))).toBe('RollingOut'));

    it.each(['DryRun', 'Paused'] as const)('are in %s, in which it never leaves', (mode) => {
      expect(stateIn(conflictIn({ mode }))).toBe('Stuck');
    });

    it('are without an assignment', () => expect(stateIn(conflictIn({}, false))).toBe('Stuck'));
  });
});
