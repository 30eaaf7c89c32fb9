/** Worlds in which a port is held, a rollout stands still, or another namespace matters, and reports of them. */
import { plan } from '../../../../src/domain/rules/plan.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import { POOL, type Slot } from '../../../../src/domain/rules/slots.js';
import type { Workload } from '../../../../src/domain/rules/workload.js';
import type { Report } from '../../../../src/domain/report/conditions.js';
import { podOn, podsOf } from '../pods.js';
import { CONFLICTING, SETTLED, observe, reportOf, workloads, type ReportOptions, type World } from '../worlds.js';

/** The port of the spec is held by a stranger on the workload's own node. */
export const HELD: World = {
  ...SETTLED,
  spec: { ports: { cephfsProvisioner: 9171 } },
  pods: [podOn([9171]), ...podsOf('cephfsProvisioner', ['node-1'], 9071)],
};

/** All collide, and no port of the pool is free. */
export const EXHAUSTED: World = { ...CONFLICTING, pods: [podOn(POOL)] };

/** The assignment is not where Rook is. */
export const ELSEWHERE: World = { namespace: 'default', rooksElsewhere: ['rook-ceph', 'rook-two'] };

/** Whether strangers hold ports is not known. */
export const UNKNOWN_PODS: World = { ...SETTLED, pods: 'unknown' };

/** What the workload's controller has counted, beside what a workload that is rolled out has. */
export type Rollouts = Readonly<Partial<Record<Slot, Partial<RolloutFacts>>>>;

/** Old pods are left, and nobody replaces them. */
export const PAUSED_ROLLOUT: Rollouts = { cephfsProvisioner: { paused: true, updated: 0 } };

export const REFUSED_ROLLOUT: Rollouts = {
  cephfsProvisioner: { updated: 0, replicaFailure: 'pods "csi-cephfsplugin-provisioner-x" is forbidden: policy' },
};

/** The report of a world whose workloads are rolled out but for these. */
export function reportOfRollouts(world: World, rollouts: Rollouts, options: ReportOptions = {}): Report {
  const observed = observe(world);
  const found = Object.entries(observed.workloads).map(([slot, workload]): [string, Workload] => {
    return [slot, { ...workload, rollout: { ...workload.rollout, ...rollouts[slot as Slot] } }];
  });
  return { ...reportOf(world, options), plan: plan({ ...observed, workloads: Object.fromEntries(found) }) };
}

/** The provisioners are where they belong, and the node plugin is still to follow. */
export const NODE_PLUGIN_LEFT: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
