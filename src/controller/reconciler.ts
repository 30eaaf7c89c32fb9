/** One reconcile of one namespace: observe -> plan -> apply -> status -> events. */
import type { AssignmentStatus, PortAssignment } from '../domain/api.js';
import { contestedAgainInMs, recordUndoings, type ContestRules } from '../domain/contested.js';
import { heldBack, contestable } from '../domain/held.js';
import { notices } from '../domain/notices.js';
import { plan, type Observed } from '../domain/plan.js';
import { undoings, type Undoing } from '../domain/reverts.js';
import { knownRookKeys } from '../domain/rook-keys.js';
import type { Reconciled } from '../domain/outcome.js';
import { statusOf } from '../domain/status.js';
import { wholeSeconds } from '../domain/time.js';
import { ApiError } from '../kube/errors.js';
import type { StatusPatch, Writer } from '../kube/writer.js';
import type { Applied, Applier } from './apply.js';
import { withFields, type Log } from './log.js';
import type { Notifier } from './notifier.js';
import type { ReconcileObserver } from './observer.js';
import { statusPatch } from './status-patch.js';
import type { WorkResult } from './work-queue.js';
import type { Watches } from './watches.js';

/** A status that could not be stored: what was seen and done up to it must not be lost, nor be told twice. */
interface Unstored {
  readonly uid: string;
  readonly status: AssignmentStatus;
}

export interface ReconcilerDependencies {
  readonly watches: Watches;
  readonly applier: Applier;
  readonly writer: Writer;
  readonly notifier: Notifier;
  readonly logger: Log;
  readonly now: () => Date;
  readonly contestRules: ContestRules;
  readonly observer?: ReconcileObserver | undefined;
}

export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  readonly #unstored = new Map<string, Unstored>();

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
  }

  /**
   * Never rejects.
   *
   * @param reconcileID in each line that the log has of it
   * @returns when to reconcile again though nothing changes, and the passing fault that kept it from finishing: the rest
   *   is done all the same
   */
  async reconcile(namespace: string, reconcileID: string): Promise<WorkResult> {
    const { watches, applier, contestRules, observer } = this.#deps;
    const log = withFields(this.#deps.logger, { namespace, reconcileID });
    const found = watches.observe(namespace);
    if (found === undefined) {
      applier.forget(namespace);
      this.#unstored.delete(namespace);
      observer?.forgotten(namespace);
      return {};
    }
    const observed = this.#withLastStatus(found);
    const previous = observed.assignment.status;
    const before = plan(observed);
    const undone = undoings(previous, before, applier.isRookAnsweringPin(namespace));
    const now = this.#deps.now();
    const recent = recordUndoings(contestable(previous, before), undone, wholeSeconds(now), contestRules);
    const held = heldBack(before, recent, now.getTime());
    const applied = await applier.apply(before, observed, held);
    say(log, applied, undone);

    // What others did meanwhile is left to the next reconcile, which is queued: a status that told of it now would hide
    // from that one that it was a revert.
    const { answers, outcome } = applied;
    const workloads = { ...observed.workloads, ...answers.workloads };
    const patched = outcome.patched.map(({ slot }) => slot);
    const rookKeys = knownRookKeys(before, previous);
    const reconciled: Reconciled = {
      generation: observed.assignment.generation,
      ...(previous === undefined ? {} : { previous }),
      before,
      after: plan({ ...observed, ...answers, workloads, patched }),
      outcome,
      undone,
      recent,
      held,
      ...(rookKeys === undefined ? {} : { rookKeys }),
      now: wholeSeconds(now),
    };
    observer?.reconciled(namespace, reconciled);
    const statusFailure = await this.#report(found, reconciled, log);
    return {
      ...soonest(applied.againInMs, contestedAgainInMs(recent, now.getTime())),
      ...('failure' in applied ? { failure: applied.failure } : {}),
      ...statusFailure,
    };
  }

  /** With what the operator said last, whether or not it could be stored. */
  #withLastStatus(found: Observed): Observed {
    const { namespace, uid } = found.assignment;
    const unstored = this.#unstored.get(namespace);
    if (unstored?.uid !== uid) return found;
    return { ...found, assignment: { ...found.assignment, status: unstored.status } };
  }

  /** @returns what kept the status from being stored */
  async #report(observed: Observed, reconciled: Reconciled, log: Log): Promise<Pick<WorkResult, 'failure'>> {
    const { notifier } = this.#deps;
    const { namespace, uid, status: stored } = observed.assignment;
    const status = statusOf(reconciled);
    // Also where the status cannot be written: what was done will not be done again.
    notifier.notify(notices(reconciled, status), observed);
    const patch = statusPatch(stored, status);
    this.#unstored.set(namespace, { uid, status });
    if (patch !== undefined) {
      try {
        if (!(await this.#store(observed.assignment, patch, log))) return {};
      } catch (failure) {
        return { failure };
      }
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      log.info({ ready: ready?.status, reason: ready?.reason, ports: status.ports }, 'Updated status');
    }
    this.#unstored.delete(namespace);
    return {};
  }

  /** @returns false where the assignment was changed meanwhile: then it is read again, which brings the namespace back */
  async #store(assignment: PortAssignment, patch: StatusPatch, log: Log): Promise<boolean> {
    const { writer, watches } = this.#deps;
    const { namespace } = assignment;
    try {
      watches.assignments.putGuardedAnswer(await writer.patchStatus(assignment, patch));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError && error.isConflict)) throw error;
      log.debug({}, 'Status not written: the assignment was changed meanwhile');
      const current = await writer.readAssignment(namespace);
      // Then it is not the version that is in the way, and nobody else would bring the namespace back.
      if (current.resourceVersion === assignment.resourceVersion) throw error;
      watches.assignments.putAnswer(current);
      return false;
    }
  }
}

function say(log: Log, { outcome, refused }: Applied, undone: readonly Undoing[]): void {
  for (const { kind, name, manager } of undone) log.info({ kind, name, manager }, 'Undone by others');
  if (Object.keys(outcome.pinned).length > 0) log.info({ keys: outcome.pinned }, 'Pinned Rook config');
  for (const { slot, from, to } of outcome.patched) log.info({ slot, from, to }, 'Patched workload');
  for (const { name, cause } of refused) log.warn({ name, cause }, 'Write refused');
}

function soonest(...times: readonly (number | undefined)[]): Pick<WorkResult, 'againInMs'> {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { againInMs: Math.min(...known) };
}
