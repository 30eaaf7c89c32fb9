/** One reconcile of one namespace: observe -> plan -> apply -> status -> events. */
import { contestedAgainInMs, recordUndoings, type ContestRules } from '../domain/contested.js';
import { heldBack, contestable } from '../domain/held.js';
import { notices } from '../domain/notices.js';
import { plan, type Observed } from '../domain/plan.js';
import { undoings, type Undoing } from '../domain/reverts.js';
import { knownRookKeys } from '../domain/rook-keys.js';
import type { Reconciled } from '../domain/outcome.js';
import type { Slot } from '../domain/slots.js';
import { statusOf } from '../domain/status.js';
import { wholeSeconds } from '../domain/time.js';
import { ApiError } from '../kube/errors.js';
import type { Writer } from '../kube/writer.js';
import type { Applied, Applier } from './apply.js';
import type { Log } from './log.js';
import type { Notifier } from './notifier.js';
import { statusPatch } from './status-patch.js';
import type { WorkResult } from './work-queue.js';
import type { Watches } from './watches.js';

/** What was seen and done since the last status that could be stored. */
interface Untold extends Pick<Reconciled, 'undone' | 'rookKeys'> {
  readonly patched: readonly Slot[];
}

export interface ReconcilerDependencies {
  readonly watches: Watches;
  readonly applier: Applier;
  readonly writer: Writer;
  readonly notifier: Notifier;
  readonly logger: Log;
  readonly now: () => Date;
  readonly contestRules: ContestRules;
}

export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  /** Per namespace, what is in no stored status yet. */
  readonly #untold = new Map<string, Untold>();

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
  }

  /**
   * @returns when to reconcile again though nothing changes, and the passing fault that kept it from finishing: the status
   *   is written all the same
   * @throws what kept the status from being written
   */
  async reconcile(namespace: string): Promise<WorkResult> {
    const { watches, applier, contestRules } = this.#deps;
    const observed = watches.observe(namespace);
    if (observed === undefined) {
      applier.forget(namespace);
      this.#untold.delete(namespace);
      return {};
    }
    const before = plan(observed);
    const previous = observed.assignment.status;
    const found = undoings(previous, before, applier.isRookAnsweringPin(namespace));
    const undone = this.#withUntold(namespace, found);
    const now = this.#deps.now();
    const recent = recordUndoings(contestable(previous, before), undone, wholeSeconds(now), contestRules);
    const held = heldBack(before, recent, now.getTime());
    const applied = await applier.apply(before, observed, held);
    this.#log(namespace, applied, found);

    // What others did meanwhile is left to the next reconcile, which is queued: a status that told of it now would hide
    // from that one that it was a revert.
    const { answers, outcome } = applied;
    const untold = this.#untold.get(namespace);
    const patched = [...(untold?.patched ?? []), ...outcome.patched.map(({ slot }) => slot)];
    const after = plan({
      ...observed,
      ...answers,
      workloads: { ...observed.workloads, ...answers.workloads },
      patched,
    });
    const rookKeys = knownRookKeys(before, previous) ?? untold?.rookKeys;
    this.#untold.set(namespace, { undone, patched, ...(rookKeys === undefined ? {} : { rookKeys }) });
    await this.#report(observed, {
      generation: observed.assignment.generation,
      ...(previous === undefined ? {} : { previous }),
      before,
      after,
      outcome,
      undone,
      recent,
      held,
      ...(rookKeys === undefined ? {} : { rookKeys }),
      now: wholeSeconds(now),
    });
    return {
      ...soonest(applied.againInMs, contestedAgainInMs(recent, now.getTime())),
      ...('error' in applied ? { failure: applied.error } : {}),
    };
  }

  #withUntold(namespace: string, found: readonly Undoing[]): Undoing[] {
    const earlier = this.#untold.get(namespace)?.undone ?? [];
    return [
      ...earlier,
      ...found.filter((one) => !earlier.some(({ kind, name }) => kind === one.kind && name === one.name)),
    ];
  }

  async #report(observed: Observed, reconciled: Reconciled): Promise<void> {
    const { writer, watches, notifier, logger } = this.#deps;
    const { namespace } = observed.assignment;
    const status = statusOf(reconciled);
    // Also where the status cannot be written: what was done will not be done again.
    notifier.notify(notices(reconciled, status), observed);
    const patch = statusPatch(observed.assignment.status, status);
    if (patch !== undefined) {
      try {
        watches.assignments.putGuardedAnswer(await writer.patchStatus(observed.assignment, patch));
      } catch (error) {
        if (!(error instanceof ApiError && error.isConflict)) throw error;
        logger.debug({ namespace }, 'Status not written: the assignment was changed meanwhile');
        // The change brings the namespace back, whether the watch or this answer tells of it first.
        watches.assignments.putAnswer(await writer.readAssignment(namespace));
        return;
      }
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      logger.info({ namespace, ready: ready?.status, reason: ready?.reason, ports: status.ports }, 'Updated status');
    }
    this.#untold.delete(namespace);
  }

  #log(namespace: string, { outcome, refused }: Applied, undone: readonly Undoing[]): void {
    const { logger } = this.#deps;
    for (const { kind, name, manager } of undone) logger.info({ namespace, kind, name, manager }, 'Undone by others');
    if (Object.keys(outcome.pinned).length > 0) logger.info({ namespace, keys: outcome.pinned }, 'Pinned Rook config');
    for (const { slot, from, to } of outcome.patched) logger.info({ namespace, slot, from, to }, 'Patched workload');
    for (const { name, cause } of refused) logger.warn({ namespace, name, cause }, 'Write refused');
  }
}

function soonest(...times: readonly (number | undefined)[]): Pick<WorkResult, 'againInMs'> {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { againInMs: Math.min(...known) };
}
