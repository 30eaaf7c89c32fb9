/** The status that a reconcile leaves behind, as a whole; equal worlds give equal statuses. */
import type { AssignmentStatus, WorkloadStatus } from '../rules/api.js';
import { advice } from './compatibility.js';
import { conditions } from './conditions.js';
import { lastingConflicts } from './degraded.js';
import type { Outcome, Reconciled } from './outcome.js';
import type { WorkloadPlan } from '../rules/plan.js';
import { countReverts } from '../rules/reverts.js';
import { currentPort } from '../rules/sidecar-port.js';
import type { Workload } from '../rules/workload.js';

/** The schema's limits, which no namespace comes near: three of Rook's workloads, and three of each Driver. */
const MAX_WORKLOADS = 64;
const MAX_CONFLICTS = 64;

export function statusOf(reconciled: Reconciled): AssignmentStatus {
  const { after, outcome, previous, reverted, now, generation, recent, rookKeys } = reconciled;
  const conflicts = lastingConflicts(reconciled).slice(0, MAX_CONFLICTS);
  return {
    observedGeneration: generation,
    provider: after.provider,
    ...present('rookVersion', after.rookVersion),
    ...present('rookKeys', rookKeys),
    ports: after.assignment.ports,
    ...present('pinned', Object.keys(after.pinned).length === 0 ? undefined : after.pinned),
    workloads: [
      ...after.workloads.map((row) => workloadStatus(row, outcome)),
      ...after.upstream.map(upstreamStatus),
    ].slice(0, MAX_WORKLOADS),
    ...present('conflicts', conflicts.length === 0 ? undefined : conflicts),
    reverts: {
      ...countReverts(previous, reverted, now),
      ...present('recent', recent.length === 0 ? undefined : recent),
    },
    ...present('advice', advice(after.rookVersion, after.provider)),
    conditions: conditions(reconciled),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
}

function upstreamStatus({ kind, name, hostNetwork, sidecar }: Workload): WorkloadStatus {
  const port = sidecar === undefined ? undefined : currentPort(sidecar);
  return { kind, name, hostNetwork, ...present('currentPort', port), state: 'UpstreamManaged' };
}

function workloadStatus(
  { slotSpec, workload, state, assignedPort, currentPort }: WorkloadPlan,
  outcome: Outcome,
): WorkloadStatus {
  return {
    kind: slotSpec.kind,
    name: slotSpec.workload,
    slot: slotSpec.slot,
    hostNetwork: workload?.hostNetwork ?? false,
    assignedPort,
    ...(currentPort === undefined ? {} : { currentPort }),
    state: outcome.rejections[slotSpec.slot] === undefined ? state : 'Rejected',
  };
}
