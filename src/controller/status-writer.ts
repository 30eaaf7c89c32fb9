/**
 * Stores the status of assignments, at a pace: pods may roll by the thousand, and another writer may overwrite it without end. The
 * status of a namespace that was just repaired comes after the repairs of those that wait.
 */
import { ASSIGNMENT_PLURAL, type AssignmentStatus, type PortAssignment } from '../domain/rules/api.js';
import { ApiError } from '../kube/errors.js';
import type { StatusPatch, Writer } from '../kube/writer.js';
import { statusPatch } from './status-patch.js';
import type { Watches } from './watches.js';
import type { WorkResult } from './work-queue.js';

export interface StatusWriterDependencies {
  readonly writer: Pick<Writer, 'patchStatus' | 'readAssignment'>;
  readonly watches: Pick<Watches, 'assignments'>;
  readonly monotonicMs: () => number;
  /** Whether other namespaces wait to be reconciled. */
  readonly othersWait: () => boolean;
}

export interface StatusResult extends Pick<WorkResult, 'requeueAfterMs' | 'failure'> {
  /**
   * Deferred: the namespaces that wait come first. Overtaken: the assignment was changed meanwhile, and is read again, which brings the
   * namespace back.
   */
  readonly kind: 'Stored' | 'Unchanged' | 'Deferred' | 'Paced' | 'Overtaken' | 'Failed';
  /** Present if it failed for want of this right. */
  readonly missingRight?: string;
}

/** So many writes at once, and then one in so many milliseconds. What is held back is written in its turn, as it is then. */
const BURST = 20;
const EVERY_MS = 1_000;
/** Repairs that go on and on hold a status up no longer than this. */
const MAX_DEFERRAL_MS = 30_000;
const STATUS_RIGHT = `patch ${ASSIGNMENT_PLURAL}/status`;

export class StatusWriter {
  readonly #deps: StatusWriterDependencies;
  /** By namespace: when the writes so far would be over, if each took its time. */
  readonly #writtenUntil = new Map<string, number>();
  /** By namespace, by the same clock: since when its status waits for others' repairs. */
  readonly #deferredSince = new Map<string, number>();

  constructor(deps: StatusWriterDependencies) {
    this.#deps = deps;
  }

  /**
   * Writes what differs from the stored status, onto the version that the status speaks of. Never rejects.
   *
   * @param assignment as the plan was made from it
   * @param isRepaired whether this reconcile has made writes, and all of them were stored. Then the status may come later, by
   *   a reconcile that has none to make
   */
  async write(assignment: PortAssignment, status: AssignmentStatus, isRepaired: boolean): Promise<StatusResult> {
    const patch = statusPatch(assignment.status ?? assignment.invalidStatus, status);
    if (patch === undefined) return { kind: 'Unchanged' };
    // Behind those that wait: the queue is first in, first out.
    if (isRepaired && this.#mayDefer(assignment.namespace)) return { kind: 'Deferred', requeueAfterMs: 0 };
    this.#deferredSince.delete(assignment.namespace);
    const waitMs = this.#takeTurn(assignment.namespace);
    if (waitMs > 0) return { kind: 'Paced', requeueAfterMs: waitMs };
    return this.#send(assignment, patch);
  }

  async #send(assignment: PortAssignment, patch: StatusPatch): Promise<StatusResult> {
    const { writer, watches } = this.#deps;
    try {
      await watches.assignments.whileWriting(assignment.namespace, async () => {
        watches.assignments.putExpectedResponse(await writer.patchStatus(assignment, patch));
      });
      return { kind: 'Stored' };
    } catch (failure) {
      if (failure instanceof ApiError && failure.isConflict) return this.#readAgain(assignment, failure);
      const isMissingRight = failure instanceof ApiError && failure.isMissingRight;
      return { kind: 'Failed', failure, ...(isMissingRight ? { missingRight: STATUS_RIGHT } : {}) };
    }
  }

  #mayDefer(namespace: string): boolean {
    if (!this.#deps.othersWait()) return false;
    const now = this.#deps.monotonicMs();
    const since = this.#deferredSince.get(namespace) ?? now;
    this.#deferredSince.set(namespace, since);
    return now - since < MAX_DEFERRAL_MS;
  }

  /** @returns how long to wait for a turn, in milliseconds; 0 if one was taken */
  #takeTurn(namespace: string): number {
    const now = this.#deps.monotonicMs();
    const until = Math.max(this.#writtenUntil.get(namespace) ?? 0, now);
    const waitMs = until - (BURST - 1) * EVERY_MS - now;
    if (waitMs > 0) return waitMs;
    this.#writtenUntil.set(namespace, until + EVERY_MS);
    return 0;
  }

  forget(namespace: string): void {
    this.#writtenUntil.delete(namespace);
    this.#deferredSince.delete(namespace);
  }

  async #readAgain({ namespace, resourceVersion }: PortAssignment, conflict: ApiError): Promise<StatusResult> {
    try {
      const current = await this.#deps.writer.readAssignment(namespace);
      // Then it is not the version that is in the way, and nothing else would bring the namespace back.
      if (current.resourceVersion === resourceVersion) return { kind: 'Failed', failure: conflict };
      this.#deps.watches.assignments.putResponse(current);
      return { kind: 'Overtaken' };
    } catch (failure) {
      return { kind: 'Failed', failure };
    }
  }
}
