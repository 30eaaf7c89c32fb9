/** One reconcile of one namespace: observe -> plan -> apply -> status -> events. */
import { notices } from '../domain/notices.js';
import { plan, type Observed } from '../domain/plan.js';
import { undonePatches } from '../domain/reverts.js';
import type { Reconciled } from '../domain/outcome.js';
import { statusOf } from '../domain/status.js';
import type { Slot } from '../domain/slots.js';
import type { Writer } from '../kube/writer.js';
import type { Applied, Applier } from './apply.js';
import type { Log } from './log.js';
import type { Notifier } from './notifier.js';
import { statusPatch } from './status-patch.js';
import type { Watches } from './watches.js';

export interface ReconcilerDependencies {
  readonly watches: Watches;
  readonly applier: Applier;
  readonly writer: Writer;
  readonly notifier: Notifier;
  readonly logger: Log;
  readonly now: () => Date;
}

export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  /** Per namespace, undone patches that no stored status counts yet. */
  readonly #uncounted = new Map<string, readonly Slot[]>();

  constructor(deps: ReconcilerDependencies) {
    this.#deps = deps;
  }

  /**
   * @returns after how many milliseconds to reconcile again though nothing changes
   * @throws the passing fault that kept it from finishing; the status is written all the same
   */
  async reconcile(namespace: string): Promise<number | undefined> {
    const { watches, applier } = this.#deps;
    const observed = watches.observe(namespace);
    if (observed === undefined) {
      applier.forget(namespace);
      this.#uncounted.delete(namespace);
      return undefined;
    }
    const before = plan(observed);
    const applied = await applier.apply(before, observed);
    this.#logChanges(namespace, applied);

    // What others did meanwhile is left to the next reconcile, which is queued: a status that told of it now would hide
    // from that one that it was a revert.
    const { answers, outcome } = applied;
    const after = plan({
      ...observed,
      ...answers,
      workloads: { ...observed.workloads, ...answers.workloads },
      patched: outcome.patched.map(({ slot }) => slot),
    });
    const previous = observed.assignment.status;
    await this.#report(observed, {
      generation: observed.assignment.generation,
      ...(previous === undefined ? {} : { previous }),
      before,
      after,
      outcome,
      // While Rook is waited for, it is our own pin that makes it write.
      undone: outcome.waitingForRook ? [] : this.#undone(namespace, undonePatches(previous, before)),
      now: wholeSeconds(this.#deps.now()),
    });
    if (applied.error !== undefined) throw applied.error as Error;
    return applied.againInMs;
  }

  #undone(namespace: string, found: readonly Slot[]): Slot[] {
    return [...new Set([...(this.#uncounted.get(namespace) ?? []), ...found])];
  }

  async #report(observed: Observed, reconciled: Reconciled): Promise<void> {
    const { writer, watches, notifier, logger } = this.#deps;
    const { namespace } = observed.assignment;
    const status = statusOf(reconciled);
    // Also where the status cannot be written: what was done will not be done again.
    notifier.notify(notices(reconciled, status), observed);
    const patch = statusPatch(observed.assignment.status, status);
    if (patch === undefined) return;
    this.#uncounted.set(namespace, reconciled.undone);
    watches.assignments.putAnswer(await writer.patchStatus(observed.assignment, patch));
    this.#uncounted.delete(namespace);
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    logger.info({ namespace, ready: ready?.status, reason: ready?.reason, ports: status.ports }, 'Updated status');
  }

  #logChanges(namespace: string, { outcome }: Applied): void {
    const { logger } = this.#deps;
    if (Object.keys(outcome.pinned).length > 0) logger.info({ namespace, keys: outcome.pinned }, 'Pinned Rook config');
    for (const { slot, from, to } of outcome.patched) logger.info({ namespace, slot, from, to }, 'Patched workload');
    for (const [slot, cause] of Object.entries(outcome.rejections))
      logger.warn({ namespace, slot, cause }, 'Patch refused');
    if (outcome.pinRejection !== undefined) logger.warn({ namespace, cause: outcome.pinRejection }, 'Pin refused');
  }
}

/** metav1.Time has no fractions. */
function wholeSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
