/**
 * Stores the status of assignments. What changes for people is written at once; what only counts up is written together
 * with the next such change, or ten seconds later: otherwise each repair would cost a second request. Where somebody else
 * writes the status again and again, a pace keeps the two from writing as fast as the API server can.
 */
import type { AssignmentStatus, PortAssignment } from '../domain/rules/api.js';
import type { Observed } from '../domain/rules/plan.js';
import { ApiError } from '../kube/errors.js';
import type { StatusPatch, Writer } from '../kube/writer.js';
import { statusPatch } from './status-patch.js';
import type { Watches } from './watches.js';
import type { WorkResult } from './work-queue.js';
import { WritePace } from './write-pace.js';

/** What was seen and done up to a status that is not stored must not be lost, nor be told twice. */
interface Unstored {
  readonly uid: string;
  readonly status: AssignmentStatus;
  /** Since when only counts differ, by the monotonic clock; undefined: the rest differs, too. */
  readonly countsSince: number | undefined;
  /** Why the last try failed; undefined where it did not, or there was none. */
  readonly failure?: unknown;
}

export interface StatusWriterDependencies {
  readonly writer: Pick<Writer, 'patchStatus' | 'readAssignment'>;
  readonly watches: Pick<Watches, 'assignments'>;
  readonly monotonicMs: () => number;
  /** How long counts may wait, in milliseconds. */
  readonly countsDelayMs?: number | undefined;
}

export interface StoreResult extends Pick<WorkResult, 'requeueAfterMs' | 'failure'> {
  /** Overtaken: the assignment was changed meanwhile, and is read again, which brings the namespace back. */
  readonly kind: 'Stored' | 'Unchanged' | 'Later' | 'Overtaken' | 'Failed';
}

const COUNTS_DELAY_MS = 10_000;
/** No edit and no rollout asks for more; a fight does. */
const PACE = { burst: 30, everyMs: 1_000 };

export class StatusWriter {
  readonly #deps: StatusWriterDependencies;
  readonly #unstored = new Map<string, Unstored>();
  readonly #pace: WritePace;

  constructor(deps: StatusWriterDependencies) {
    this.#deps = deps;
    this.#pace = new WritePace({ ...PACE, monotonicMs: deps.monotonicMs });
  }

  /** With what the operator said last, whether or not it could be stored. */
  withLastStatus(found: Observed): Observed {
    const { namespace, uid } = found.assignment;
    const unstored = this.#unstored.get(namespace);
    if (unstored?.uid !== uid) return found;
    return { ...found, assignment: { ...found.assignment, status: unstored.status } };
  }

  /**
   * Never rejects.
   *
   * @param assignment as it is stored
   */
  async store(assignment: PortAssignment, status: AssignmentStatus): Promise<StoreResult> {
    const { namespace, uid } = assignment;
    const patch = statusPatch(storedStatus(assignment), status);
    if (patch === undefined) {
      this.#unstored.delete(namespace);
      return { kind: 'Unchanged' };
    }
    const countsSince = this.#countsSince(assignment, patch);
    const failure = this.#unstored.get(namespace)?.failure;
    const unstored = { uid, status, countsSince, failure };
    this.#unstored.set(namespace, unstored);
    const paceMs = this.#pace.waitMs(namespace);
    // The queue backs off from a failure, and would begin anew with anything else.
    if (paceMs > 0 && failure !== undefined) return { kind: 'Failed', failure };
    const waitMs = Math.max(this.#waitMs(countsSince), paceMs);
    if (waitMs > 0) return { kind: 'Later', requeueAfterMs: waitMs };
    const result = await this.#write(assignment, patch);
    if (result.kind === 'Stored') this.#unstored.delete(namespace);
    else this.#unstored.set(namespace, { ...unstored, failure: result.failure });
    return result;
  }

  /** Writes what is waiting: for the end of the process. Never rejects. */
  async flush(): Promise<void> {
    await Promise.all([...this.#unstored.keys()].map((namespace) => this.#flush(namespace)));
  }

  forget(namespace: string): void {
    this.#unstored.delete(namespace);
    this.#pace.forget(namespace);
  }

  async #flush(namespace: string): Promise<void> {
    const unstored = this.#unstored.get(namespace);
    const assignment = this.#deps.watches.assignments.get(namespace);
    if (unstored === undefined || assignment?.uid !== unstored.uid) return;
    const patch = statusPatch(storedStatus(assignment), unstored.status);
    if (patch === undefined) return;
    const { kind } = await this.#write(assignment, patch);
    // Edited after the watches had ended: nobody would bring the namespace back. (One that was made again is not taken up.)
    const isEdited = kind === 'Overtaken' && this.#deps.watches.assignments.get(namespace) !== assignment;
    if (isEdited) await this.#flush(namespace);
  }

  #countsSince({ namespace, uid }: PortAssignment, patch: StatusPatch): number | undefined {
    if (Object.keys(patch).some((field) => field !== 'reverts')) return undefined;
    const before = this.#unstored.get(namespace);
    return (before?.uid === uid ? before.countsSince : undefined) ?? this.#deps.monotonicMs();
  }

  #waitMs(countsSince: number | undefined): number {
    if (countsSince === undefined) return 0;
    const { monotonicMs, countsDelayMs = COUNTS_DELAY_MS } = this.#deps;
    return countsSince + countsDelayMs - monotonicMs();
  }

  async #write(assignment: PortAssignment, patch: StatusPatch): Promise<StoreResult> {
    const { writer, watches } = this.#deps;
    this.#pace.wrote(assignment.namespace);
    try {
      await watches.assignments.whileWriting(assignment.namespace, async () => {
        watches.assignments.putExpectedAnswer(await writer.patchStatus(assignment, patch));
      });
      return { kind: 'Stored' };
    } catch (failure) {
      if (!(failure instanceof ApiError && failure.isConflict)) return { kind: 'Failed', failure };
      return this.#readAgain(assignment, failure);
    }
  }

  async #readAgain({ namespace, resourceVersion }: PortAssignment, conflict: ApiError): Promise<StoreResult> {
    try {
      const current = await this.#deps.writer.readAssignment(namespace);
      // Then it is not the version that is in the way, and nobody else would bring the namespace back.
      if (current.resourceVersion === resourceVersion) return { kind: 'Failed', failure: conflict };
      this.#deps.watches.assignments.putAnswer(current);
      return { kind: 'Overtaken' };
    } catch (failure) {
      return { kind: 'Failed', failure };
    }
  }
}

function storedStatus({ status, invalidStatus }: PortAssignment): object | undefined {
  return status ?? invalidStatus;
}
