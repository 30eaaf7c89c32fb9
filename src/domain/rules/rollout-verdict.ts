/** Whether a rollout moves or stands still, beside those of the other slots and of the Rooks on the same nodes. */
import { workloadsOf, type Surroundings } from './claims.js';
import type { Observed } from './observed.js';
import { isRolledOut } from './rollout.js';
import type { RookWorld } from './rook-world.js';
import { calmFrom, recheckAfterMs, stuckCause, type StuckCause } from './stuck.js';
import type { Workload } from './workload.js';
import type { WorkloadPlan } from './workload-plan.js';

const HELD_RECHECK_MS = 30_000;

/** What a rollout is judged beside. */
export interface Beside {
  /** Of all slots. */
  readonly rows: readonly WorkloadPlan[];
  readonly neighbours: readonly RookWorld[];
  /** Whether what differs is moved: in Enforce alone. */
  readonly isMoved: boolean;
}

/** A rollout that makes no progress is Stuck. One that waits for another one's ports is not, while that one moves. */
export function judgeRollout(
  row: WorkloadPlan,
  { rows, neighbours, isMoved }: Beside,
  observed: Observed,
): WorkloadPlan {
  if (row.state !== 'RollingOut') return row;
  const othersMoving =
    rows.some((other) => other !== row && isMoving(other, isMoved, observed)) ||
    neighbours.flatMap(workloadsOf).some((workload) => isRolling(workload, observed));
  const stuck = causeOf(row, observed, othersMoving);
  return stuck === undefined ? row : { ...row, state: 'Stuck', stuck };
}

/**
 * In how many milliseconds a verdict may change by time alone; Infinity if none does. Pods of Rooks that are no neighbours wake
 * nobody here: while one of these holds a port, it is looked at now and then.
 */
export function recheckOf(rows: readonly WorkloadPlan[], surroundings: Surroundings, { pods, now }: Observed): number {
  const { neighbours, inTheWay } = surroundings;
  const isHeldByRook = rows.some(({ heldBy = [] }) => heldBy.some(({ holder }) => inTheWay.has(holder.namespace)));
  const held = isHeldByRook ? HELD_RECHECK_MS : Infinity;
  const judged = rows.filter(({ state }) => state === 'RollingOut' || state === 'Stuck');
  if (judged.length === 0) return held;
  const workloads = [...judged.flatMap(({ workload }) => workload ?? []), ...neighbours.flatMap(workloadsOf)];
  const times = workloads.map((workload) => recheckAfterMs(workload.rollout, pods?.of(workload), now));
  // See rooksInTheWay.
  const calm =
    calmFrom(
      rows.flatMap(({ workload }) => workload ?? []),
      pods,
    ) - now;
  return Math.min(held, calm > 0 ? calm : Infinity, ...times.map((time) => time ?? Infinity));
}

function isMoving(row: WorkloadPlan, isMoved: boolean, observed: Observed): boolean {
  if (row.state === 'Drifted') return isMoved && row.patch !== undefined && row.awaits === undefined;
  return row.state === 'RollingOut' && causeOf(row, observed, false) === undefined;
}

/** Its old pods may hold what the pods of this Rook wait for. */
function isRolling(workload: Workload, { pods, now }: Observed): boolean {
  const { rollout } = workload;
  const context = { now, othersMoving: false };
  return !isRolledOut(rollout) && stuckCause(rollout, pods?.of(workload), context) === undefined;
}

function causeOf({ workload }: WorkloadPlan, { pods, now }: Observed, othersMoving: boolean): StuckCause | undefined {
  return workload && stuckCause(workload.rollout, pods?.of(workload), { now, othersMoving });
}
