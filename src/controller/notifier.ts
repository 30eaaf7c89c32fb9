/** Records a reconcile's notices as events, on the assignment and, where one is concerned, on the workload. */
import { API_GROUP, API_VERSION, ASSIGNMENT_KIND, type PortAssignment } from '../domain/api.js';
import type { Notice } from '../domain/notices.js';
import type { Observed } from '../domain/plan.js';
import type { Workload } from '../domain/workload.js';
import type { EventNotice, EventRecorder, ObjectReference } from '../kube/events.js';

/** More than this waits only where the API server takes no events for minutes. */
const MAX_WAITING = 200;

export class Notifier {
  readonly #recorder: EventRecorder;
  readonly #onLost: (reason: string, error: unknown) => void;
  #recording = Promise.resolve();
  #waiting = 0;

  /** @param onLost told of an event that could not be recorded: the status says the same, so nothing else is lost */
  constructor(recorder: EventRecorder, onLost: (reason: string, error: unknown) => void) {
    this.#recorder = recorder;
    this.#onLost = onLost;
  }

  /** Records them one after the other, in the background: events never hold up a repair. */
  notify(notices: readonly Notice[], { assignment, workloads }: Observed): void {
    const owner = assignmentReference(assignment);
    for (const { slot, type, reason, action, note } of notices) {
      const event = { type, reason, action, note };
      const workload = slot === undefined ? undefined : workloads[slot];
      this.#record(owner, event, workload && workloadReference(workload));
      if (workload !== undefined) this.#record(workloadReference(workload), event, owner);
    }
  }

  /** Resolves when everything is recorded that was notified so far. */
  async drained(): Promise<void> {
    await this.#recording;
  }

  #record(regarding: ObjectReference, event: EventNotice, related?: ObjectReference): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#onLost(event.reason, new Error(`${MAX_WAITING} events are waiting already`));
      return;
    }
    this.#waiting += 1;
    this.#recording = this.#recording
      .then(() => this.#recorder.record(regarding, event, related))
      .catch((error: unknown) => this.#onLost(event.reason, error))
      .finally(() => (this.#waiting -= 1));
  }
}

function assignmentReference({ namespace, name, uid }: PortAssignment): ObjectReference {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ASSIGNMENT_KIND, namespace, name, uid };
}

function workloadReference({ kind, namespace, name, uid }: Workload): ObjectReference {
  return { apiVersion: 'apps/v1', kind, namespace, name, uid };
}
