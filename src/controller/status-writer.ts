/** Stores the status of assignments. If somebody else overwrites it without end, a pace keeps the two from racing. */
import type { AssignmentStatus, PortAssignment } from '../domain/rules/api.js';
import { ApiError } from '../kube/errors.js';
import type { Writer } from '../kube/writer.js';
import { statusPatch } from './status-patch.js';
import type { Watches } from './watches.js';
import type { WorkResult } from './work-queue.js';

export interface StatusWriterDependencies {
  readonly writer: Pick<Writer, 'patchStatus' | 'readAssignment'>;
  readonly watches: Pick<Watches, 'assignments'>;
  readonly monotonicMs: () => number;
}

export interface StatusResult extends Pick<WorkResult, 'requeueAfterMs' | 'failure'> {
  /** Overtaken: the assignment was changed meanwhile, and is read again, which brings the namespace back. */
  readonly kind: 'Stored' | 'Unchanged' | 'Paced' | 'Overtaken' | 'Failed';
}

/** So many writes at once, and then one in so many milliseconds: only a fight over the status asks for more. */
const BURST = 30;
const EVERY_MS = 1_000;

export class StatusWriter {
  readonly #deps: StatusWriterDependencies;
  /** By namespace: when the writes so far would be over, if each took its time. */
  readonly #writtenUntil = new Map<string, number>();

  constructor(deps: StatusWriterDependencies) {
    this.#deps = deps;
  }

  /**
   * Writes what differs from the stored status, onto the version that the status speaks of. Never rejects.
   *
   * @param assignment as the plan was made from it
   */
  async write(assignment: PortAssignment, status: AssignmentStatus): Promise<StatusResult> {
    const patch = statusPatch(assignment.status ?? assignment.invalidStatus, status);
    if (patch === undefined) return { kind: 'Unchanged' };
    const { writer, watches, monotonicMs } = this.#deps;
    const now = monotonicMs();
    const until = Math.max(this.#writtenUntil.get(assignment.namespace) ?? 0, now);
    const waitMs = until - (BURST - 1) * EVERY_MS - now;
    if (waitMs > 0) return { kind: 'Paced', requeueAfterMs: waitMs };
    this.#writtenUntil.set(assignment.namespace, until + EVERY_MS);
    try {
      await watches.assignments.whileWriting(assignment.namespace, async () => {
        watches.assignments.putExpectedResponse(await writer.patchStatus(assignment, patch));
      });
      return { kind: 'Stored' };
    } catch (failure) {
      if (!(failure instanceof ApiError && failure.isConflict)) return { kind: 'Failed', failure };
      return this.#readAgain(assignment, failure);
    }
  }

  forget(namespace: string): void {
    this.#writtenUntil.delete(namespace);
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
