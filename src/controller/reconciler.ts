/** One reconcile of one namespace: observe -> plan -> apply -> status -> events. */
import { contestedAgainInMs, recordUndoings, type ContestRules } from '../domain/contested.js';
import { heldBack, relevant } from '../domain/held.js';
import { notices } from '../domain/notices.js';
import { plan, type Observed } from '../domain/plan.js';
import { undoings, type Undoing } from '../domain/reverts.js';
import { knownRookKeys } from '../domain/rook-keys.js';
import type { Reconciled } from '../domain/outcome.js';
import { statusOf } from '../domain/status.js';
import { wholeSeconds } from '../domain/time.js';
import { ApiError } from '../kube/errors.js';
import type { Writer } from '../kube/writer.js';
import type { Applied, Applier } from './apply.js';
import type { Log } from './log.js';
import type { Notifier } from './notifier.js';
import { statusPatch } from './status-patch.js';
import type { Watches } from './watches.js';

/** Its event usually comes first, and then brings the namespace back at once. */
const STALE_RETRY_MS = 100;

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
  /** Per namespace, what was seen and is in no stored status yet. */
  readonly #untold = new Map<string, Pick<Reconciled, 'undone' | 'rookKeys'>>();

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
  }

  /**
   * @returns after how many milliseconds to reconcile again though nothing changes
   * @throws the passing fault that kept it from finishing; the status is written all the same
   */
  async reconcile(namespace: string): Promise<number | undefined> {
    const { watches, applier, contestRules } = this.#deps;
    const observed = watches.observe(namespace);
    if (observed === undefined) {
      applier.forget(namespace);
      this.#untold.delete(namespace);
      return undefined;
    }
    const before = plan(observed);
    const previous = observed.assignment.status;
    const found = undoings(previous, before, applier.isRookAnsweringPin(namespace));
    const undone = this.#withUntold(namespace, found);
    const now = this.#deps.now();
    const recent = recordUndoings(relevant(previous, before), undone, wholeSeconds(now), contestRules);
    const held = heldBack(before, recent, now.getTime());
    const applied = await applier.apply(before, observed, held);
    this.#log(namespace, applied, found);

    // What others did meanwhile is left to the next reconcile, which is queued: a status that told of it now would hide
    // from that one that it was a revert.
    const { answers, outcome } = applied;
    const after = plan({
      ...observed,
      ...answers,
      workloads: { ...observed.workloads, ...answers.workloads },
      patched: outcome.patched.map(({ slot }) => slot),
    });
    const rookKeys = knownRookKeys(before, previous) ?? this.#untold.get(namespace)?.rookKeys;
    const isStored = await this.#report(observed, {
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
    if (applied.error !== undefined) throw applied.error as Error;
    return soonest(applied.againInMs, contestedAgainInMs(recent, now.getTime()), isStored ? undefined : STALE_RETRY_MS);
  }

  #withUntold(namespace: string, found: readonly Undoing[]): Undoing[] {
    const earlier = this.#untold.get(namespace)?.undone ?? [];
    return [
      ...earlier,
      ...found.filter((one) => !earlier.some(({ kind, name }) => kind === one.kind && name === one.name)),
    ];
  }

  /** @returns false where the assignment was changed meanwhile: its newer version is on its way into the store */
  async #report(observed: Observed, reconciled: Reconciled): Promise<boolean> {
    const { writer, watches, notifier, logger } = this.#deps;
    const { namespace } = observed.assignment;
    const status = statusOf(reconciled);
    // Also where the status cannot be written: what was done will not be done again.
    notifier.notify(notices(reconciled, status), observed);
    const patch = statusPatch(observed.assignment.status, status);
    if (patch === undefined) return true;
    this.#untold.set(namespace, reconciled);
    try {
      watches.assignments.putAnswer(await writer.patchStatus(observed.assignment, patch));
    } catch (error) {
      if (!(error instanceof ApiError && error.isConflict)) throw error;
      logger.debug({ namespace }, 'Status not written: the assignment was changed meanwhile');
      return false;
    }
    this.#untold.delete(namespace);
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    logger.info({ namespace, ready: ready?.status, reason: ready?.reason, ports: status.ports }, 'Updated status');
    return true;
  }

  #log(namespace: string, { outcome }: Applied, undone: readonly Undoing[]): void {
    const { logger } = this.#deps;
    for (const { kind, name, manager } of undone) logger.info({ namespace, kind, name, manager }, 'Undone by others');
    if (Object.keys(outcome.pinned).length > 0) logger.info({ namespace, keys: outcome.pinned }, 'Pinned Rook config');
    for (const { slot, from, to } of outcome.patched) logger.info({ namespace, slot, from, to }, 'Patched workload');
    for (const [slot, cause] of Object.entries(outcome.rejections))
      logger.warn({ namespace, slot, cause }, 'Patch refused');
    if (outcome.pinRejection !== undefined) logger.warn({ namespace, cause: outcome.pinRejection }, 'Pin refused');
  }
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
