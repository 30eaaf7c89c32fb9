/** Whether a rollout moves or stands still, beside those of the other slots and of the Rooks on the same nodes. */
import { workloadsOf } from './claims.js';
import type { Observed } from './observed.js';
import { isRolledOut } from './rollout.js';
import type { RookWorld } from './rook-world.js';
import { recheckAfterMs, stuckCause, type StuckCause } from './stuck.js';
import type { Workload } from './workload.js';
import type { WorkloadPlan } from './workload-plan.js';

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

/** In how many milliseconds a verdict may change by time alone; Infinity if none does. */
export function recheckOf(
  rows: readonly WorkloadPlan[],
  neighbours: readonly RookWorld[],
  { pods, now }: Observed,
): number {
  const judged = rows.filter(({ state }) => state === 'RollingOut' || state === 'Stuck');
  if (judged.length === 0) return Infinity;
  const workloads = [...judged.flatMap(({ workload }) => workload ?? []), ...neighbours.flatMap(workloadsOf)];
  const times = workloads.map((workload) => recheckAfterMs(workload.rollout, pods?.of(workload), now));
  return Math.min(...times.map((time) => time ?? Infinity));
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
