/** The status that a reconcile leaves behind, as a whole; equal worlds give equal statuses. */
import type { AssignmentStatus, WorkloadStatus } from './api.js';
import { conditions } from './conditions.js';
import type { Outcome, Reconciled } from './outcome.js';
import type { WorkloadPlan } from './plan.js';
import { countReverts } from './reverts.js';

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
