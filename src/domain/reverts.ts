/** Which patches somebody undid, told from the stored status alone, so that a restart of the operator loses none. */
import type { AssignmentStatus } from './api.js';
import type { Plan, StoredStatus } from './plan.js';
import type { Slot } from './slots.js';

/**
 * A patch was undone where the status says that the workload had its assigned port, and now it has another one than
 * that, or declares another one beside it. A port that only the assignment moved away from is no revert.
 */
export function undonePatches(previous: StoredStatus | undefined, plan: Plan): Slot[] {
  if (plan.mode !== 'Enforce') return [];
  return plan.workloads
    .filter(({ state }) => state === 'Drifted')
    .filter(({ layout, currentPort, assignedPort }) => {
      const row = previous?.workloads?.find(({ slot }) => slot === layout.slot);
      const wasRight = row !== undefined && (row.state === 'Ready' || row.state === 'RollingOut');
      if (!wasRight || row.currentPort !== row.assignedPort) return false;
      return row.currentPort !== currentPort || row.assignedPort === assignedPort;
    })
    .map(({ layout }) => layout.slot);
}

export function countReverts(
  previous: StoredStatus | undefined,
  undone: readonly Slot[],
  now: string,
): AssignmentStatus['reverts'] {
  const before = previous?.reverts ?? { count: 0 };
  return undone.length === 0 ? before : { count: before.count + undone.length, lastTime: now };
}
