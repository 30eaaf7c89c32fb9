/** Records a reconcile's notices as events, on the assignment and, where one is concerned, on the workload. */
import { API_GROUP, API_VERSION, ASSIGNMENT_KIND, type PortAssignment } from '../domain/rules/api.js';
import type { EventSpec } from '../domain/report/events.js';
import type { Observed } from '../domain/rules/plan.js';
import type { Workload } from '../domain/rules/workload.js';
import type { EventNotice, EventRecorder, ObjectReference, Occurrences } from '../kube/events.js';

/**
 * A restart of Rook, where it reverts the three ports of each of 500 namespaces, makes 3,000. More than this waits only where
 * the API server takes no events for minutes.
 */
const MAX_WAITING = 5_000;
/**
 * Events are told when nothing has happened for two seconds, at the latest ten seconds after the first: they must not
 * compete with repairs for the API server, and what happens again and again is one event with a count.
 */
const QUIET_MS = 2_000;
const LATEST_MS = 10_000;

export interface NotifierDependencies {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly now: () => Date;
  /** Told of an event that could not be recorded: the status says the same, so nothing else is lost. */
  readonly onLost: (reason: string, error: unknown) => void;
}

export class Notifier {
  readonly #deps: NotifierDependencies;
  /** Not told yet, by what makes two events the same. */
  #collected = new Map<string, Occurrences>();
  #quiet: NodeJS.Timeout | undefined;
  #latest: NodeJS.Timeout | undefined;
  #recording = Promise.resolve();
  #waiting = 0;

  constructor(deps: NotifierDependencies) {
    this.#deps = deps;
  }

  /** Takes them up to be recorded one after the other, in the background: events never hold up a repair. */
  notify(notices: readonly EventSpec[], { assignment, workloads }: Observed): void {
    if (notices.length === 0) return;
    const owner = assignmentReference(assignment);
    for (const { slot, type, reason, action, note } of notices) {
      const event = { type, reason, action, note };
      const workload = slot === undefined ? undefined : workloads[slot];
      this.#collect(owner, event, workload && workloadReference(workload));
      if (workload !== undefined) this.#collect(workloadReference(workload), event, owner);
    }
    this.#quiet = (this.#quiet ?? setTimeout(() => this.#tell(), QUIET_MS)).refresh();
    this.#latest ??= setTimeout(() => this.#tell(), LATEST_MS);
  }

  /** Resolves when everything is recorded that was notified so far. */
  async drained(): Promise<void> {
    this.#tell();
    await this.#recording;
  }

  #collect(regarding: ObjectReference, event: EventNotice, related?: ObjectReference): void {
    const identity = JSON.stringify([regarding.uid, event]);
    const now = this.#deps.now();
    const before = this.#collected.get(identity);
    if (before === undefined && this.#collected.size + this.#waiting >= MAX_WAITING) {
      this.#deps.onLost(event.reason, new Error(`${MAX_WAITING} events are waiting already`));
      return;
    }
    const { count = 0, first = now } = before ?? {};
    this.#collected.set(identity, { regarding, event, related, count: count + 1, first, last: now });
  }

  #tell(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#latest);
    this.#quiet = this.#latest = undefined;
    const { recorder, onLost } = this.#deps;
    for (const occurrences of this.#collected.values()) {
      this.#waiting += 1;
      this.#recording = this.#recording
        .then(() => recorder.record(occurrences))
        .catch((error: unknown) => onLost(occurrences.event.reason, error))
        .finally(() => (this.#waiting -= 1));
    }
    this.#collected = new Map();
  }
}

function assignmentReference({ namespace, name, uid }: PortAssignment): ObjectReference {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ASSIGNMENT_KIND, namespace, name, uid };
}

function workloadReference({ kind, namespace, name, uid }: Workload): ObjectReference {
  return { apiVersion: 'apps/v1', kind, namespace, name, uid };
}
