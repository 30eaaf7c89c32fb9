/** The status that a reconcile leaves behind, as a whole; equal worlds give equal statuses. */
import type { AssignmentStatus, WorkloadStatus } from './api.js';
import { conditions } from './conditions.js';
import type { Outcome } from './outcome.js';
import type { Plan, StoredStatus, WorkloadPlan } from './plan.js';
import { countReverts } from './reverts.js';
import type { Slot } from './slots.js';

export interface Reconciled {
  readonly generation: number;
  /** The status stored before. */
  readonly previous?: StoredStatus;
  /** The plan of the world as found. */
  readonly before: Plan;
  /** The plan of the world as it is after the writes of this reconcile. */
  readonly after: Plan;
  readonly outcome: Outcome;
  /** Slots whose patch somebody had undone, see reverts.ts. */
  readonly undone: readonly Slot[];
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

export function statusOf(reconciled: Reconciled): AssignmentStatus {
  const { after, outcome, previous, undone, now, generation } = reconciled;
  return {
    observedGeneration: generation,
    provider: after.provider,
    ...(after.rookVersion === undefined ? {} : { rookVersion: after.rookVersion }),
    ports: after.assignment.ports,
    workloads: after.workloads.map((row) => workloadStatus(row, outcome)),
    reverts: countReverts(previous, undone, now),
    conditions: conditions(reconciled),
  };
}

function workloadStatus(
  { layout, workload, state, assignedPort, currentPort }: WorkloadPlan,
  outcome: Outcome,
): WorkloadStatus {
  return {
    kind: layout.kind,
    name: layout.workload,
    slot: layout.slot,
    hostNetwork: workload?.hostNetwork ?? false,
    assignedPort,
    ...(currentPort === undefined ? {} : { currentPort }),
    state: outcome.rejections[layout.slot] === undefined ? state : 'Rejected',
  };
}
