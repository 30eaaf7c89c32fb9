/** The status that a reconcile leaves behind, as a whole. Equal worlds give equal statuses. */
import type { AssignmentStatus, Provider, WorkloadStatus } from '../rules/api.js';
import type { Plan } from '../rules/plan.js';
import type { WorkloadPlan } from '../rules/workload-plan.js';
import { advice } from './compatibility.js';
import { conditions, type Report } from './conditions.js';
import { portsInForce } from './held-ports.js';
import { rejectedWorkloads } from './write-result.js';

/** The schema's limit, which three workloads do not come near. */
const MAX_CONFLICTS = 64;

export function statusOf(report: Report): AssignmentStatus {
  const { plan, results, generation } = report;
  const { sidecars, liveness, upstream } = plan.conflicts;
  const conflicts = [...sidecars, ...liveness, ...upstream].sort((a, b) => a.port - b.port).slice(0, MAX_CONFLICTS);
  const rejected = new Set(rejectedWorkloads(results).map(({ slot }) => slot));
  const remedy = advice(plan.rookVersion, lastingProvider(plan));
  return {
    observedGeneration: generation,
    provider: plan.provider,
    ...(plan.rookVersion === undefined ? {} : { rookVersion: plan.rookVersion }),
    ports: portsInForce(plan.assignment),
    workloads: plan.workloads.map((row) => workloadStatus(row, rejected.has(row.slotSpec.slot))),
    ...(conflicts.length === 0 ? {} : { conflicts }),
    ...(remedy === undefined ? {} : { advice: remedy }),
    conditions: conditions(report),
  };
}

/** Rook renders the drivers again whose Drivers were left behind. */
function lastingProvider({ provider, upstream }: Plan): Provider {
  return provider === 'Mixed' && upstream.leftBehind.length > 0 ? 'Rook' : provider;
}

function workloadStatus(
  { slotSpec, workload, state, assignedPort, currentPort }: WorkloadPlan,
  isRejected: boolean,
): WorkloadStatus {
  return {
    kind: slotSpec.kind,
    name: slotSpec.workload,
    slot: slotSpec.slot,
    hostNetwork: workload?.hostNetwork ?? false,
    ...(assignedPort === undefined ? {} : { assignedPort }),
    ...(currentPort === undefined ? {} : { currentPort }),
    state: isRejected ? 'Rejected' : state,
  };
}
