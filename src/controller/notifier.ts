/** Records a reconcile's notices as events, on the assignment and, where one is concerned, on the workload. */
import { API_GROUP, API_VERSION, ASSIGNMENT_KIND, type PortAssignment } from '../domain/api.js';
import type { Notice } from '../domain/notices.js';
import type { Observed } from '../domain/plan.js';
import type { Workload } from '../domain/workload.js';
import type { EventRecorder, ObjectReference } from '../kube/events.js';

export class Notifier {
  readonly #recorder: EventRecorder;
  readonly #onLost: (notice: Notice, error: unknown) => void;

  /** @param onLost told of an event that could not be recorded: the status says the same, so nothing else is lost */
  constructor(recorder: EventRecorder, onLost: (notice: Notice, error: unknown) => void) {
    this.#recorder = recorder;
    this.#onLost = onLost;
  }

  /** Never rejects. */
  async notify(notices: readonly Notice[], { assignment, workloads }: Observed): Promise<void> {
    const owner = assignmentReference(assignment);
    for (const notice of notices) {
      const workload = notice.slot === undefined ? undefined : workloads[notice.slot];
      const { type, reason, action, note } = notice;
      const event = { type, reason, action, note };
      try {
        await this.#recorder.record(owner, event, workload && workloadReference(workload));
        if (workload !== undefined) await this.#recorder.record(workloadReference(workload), event, owner);
      } catch (error) {
        this.#onLost(notice, error);
      }
    }
  }
}

function assignmentReference({ namespace, name, uid }: PortAssignment): ObjectReference {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ASSIGNMENT_KIND, namespace, name, uid };
}

function workloadReference({ kind, namespace, name, uid }: Workload): ObjectReference {
  return { apiVersion: 'apps/v1', kind, namespace, name, uid };
}
