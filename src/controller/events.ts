/** Records the events of a reconcile on the assignment, and on the workload if an event is about one. */
import type { EventSpec } from '../domain/report/events.js';
import { API_GROUP, API_VERSION, ASSIGNMENT_KIND, type PortAssignment } from '../domain/rules/api.js';
import type { Observed } from '../domain/rules/observed.js';
import type { Workload } from '../domain/rules/workload.js';
import type { ObjectReference } from '../kube/event-series.js';
import type { EventRecorder } from '../kube/events.js';

/** The event of a workload is recorded twice, each object related to the other one. A workload that is gone has none. */
export function recordEvents(
  recorder: Pick<EventRecorder, 'record'>,
  specs: readonly EventSpec[],
  { assignment, workloads }: Pick<Observed, 'assignment' | 'workloads'>,
): void {
  const owner = assignmentReference(assignment);
  for (const spec of specs) {
    const found = spec.slot === undefined ? undefined : workloads[spec.slot];
    const workload = found && workloadReference(found);
    recorder.record(owner, spec, workload);
    if (workload !== undefined) recorder.record(workload, spec, owner);
  }
}

function assignmentReference({ namespace, name, uid }: PortAssignment): ObjectReference {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ASSIGNMENT_KIND, namespace, name, uid };
}

function workloadReference({ kind, namespace, name, uid }: Workload): ObjectReference {
  return { apiVersion: 'apps/v1', kind, namespace, name, uid };
}
