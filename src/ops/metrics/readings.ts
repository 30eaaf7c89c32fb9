/**
 * Reads the gauges at each scrape from the current state, so that a series ends with its object. Those of an assignment
 * come from its stored status: one truth for people and for alerts.
 */
import type { Controller } from '../../controller/controller.js';
import type { Condition, ConditionType, PortAssignment } from '../../domain/rules/api.js';
import type { InformerState } from '../../kube/informer-state.js';
import type { Leadership } from '../../kube/leadership.js';
import { LEASE_NAME } from '../../kube/lease.js';
import { isWithheld } from '../../kube/watch-failures.js';
import type { Labels, NameOf } from './definitions.js';
import { CONTROLLER, QUEUE, type QueueMetrics } from './queue.js';
import { resourceOf } from './watches.js';

export type ControllerState = Pick<Controller, 'informers' | 'assignments'>;

export interface ReadFrom {
  readonly controller: ControllerState;
  /** Only the leader reports assignments. Undefined for the only replica. */
  readonly election: Pick<Leadership, 'isLeading'> | undefined;
  readonly queue: Pick<QueueMetrics, 'waiting' | 'working'>;
  /** By namespace, whether its last reconcile lacked a right. */
  readonly forbidden: ReadonlyMap<string, boolean>;
  readonly monotonicMs: () => number;
  readonly version: string;
  readonly maxConcurrentReconciles: number;
}

type Gauges = NameOf<'gauge'>;
export type Reading<N extends Gauges> = readonly (readonly [Labels<N>, number])[];
export type Readings = { readonly [N in Gauges]: () => Reading<N> };

export function readings(from: ReadFrom): Readings {
  const assignments = (): readonly PortAssignment[] =>
    from.election?.isLeading === false ? [] : from.controller.assignments;
  const working = (): number[] => from.queue.working;
  return {
    csiports_ready: () =>
      assignments().map((one) => [namespaceOf(one), conditionOf(one, 'Ready') === undefined ? 0 : 1]),
    csiports_degraded: () =>
      assignments().flatMap((one) => {
        const degraded = conditionOf(one, 'Degraded');
        return degraded === undefined ? [] : [[{ ...namespaceOf(one), reason: degraded.reason }, 1] as const];
      }),
    csiports_conflicts: () => assignments().map((one) => [namespaceOf(one), one.status?.conflicts?.length ?? 0]),
    csiports_reconcile_forbidden: () =>
      assignments().flatMap((one) => {
        const isForbidden = from.forbidden.get(one.namespace);
        return isForbidden === undefined ? [] : [[namespaceOf(one), isForbidden ? 1 : 0] as const];
      }),
    csiports_watch_up: () => {
      const isUp = ({ synced, lastError }: InformerState): number => (synced && lastError === undefined ? 1 : 0);
      return byResource(from.controller.informers, isUp, Math.min);
    },
    csiports_watch_last_event_age_seconds: () => {
      const now = from.monotonicMs();
      // What may not be read is no watch that has fallen silent; csiports_watch_up shows it.
      const watched = from.controller.informers.filter((informer) => !isWithheld(informer, informer.lastError));
      return byResource(watched, ({ lastEventAt }) => (now - lastEventAt) / 1000, Math.max);
    },
    csiports_build_info: () => [[{ version: from.version, node: process.version }, 1]],
    leader_election_master_status: () =>
      from.election === undefined ? [] : [[{ name: LEASE_NAME }, from.election.isLeading ? 1 : 0]],
    controller_runtime_max_concurrent_reconciles: () => [[CONTROLLER, from.maxConcurrentReconciles]],
    controller_runtime_active_workers: () => [[CONTROLLER, working().length]],
    workqueue_depth: () => [[QUEUE, from.queue.waiting]],
    workqueue_unfinished_work_seconds: () => [[QUEUE, working().reduce((sum, ms) => sum + ms, 0) / 1000]],
    workqueue_longest_running_processor_seconds: () => [[QUEUE, Math.max(0, ...working()) / 1000]],
  };
}

function namespaceOf({ namespace }: PortAssignment): { readonly namespace: string } {
  return { namespace };
}

/** The stored condition, if it is True. */
function conditionOf({ status }: PortAssignment, wanted: ConditionType): Condition | undefined {
  return status?.conditions?.find(({ type, status: value }) => type === wanted && value === 'True');
}

/** If a resource is watched in several namespaces, the worst of them counts. */
function byResource(
  informers: readonly InformerState[],
  valueOf: (informer: InformerState) => number,
  worst: (one: number, other: number) => number,
): (readonly [{ readonly resource: string }, number])[] {
  const values = new Map<string, number>();
  for (const informer of informers) {
    const resource = resourceOf(informer);
    const value = valueOf(informer);
    values.set(resource, worst(values.get(resource) ?? value, value));
  }
  return [...values].map(([resource, value]) => [{ resource }, value]);
}
