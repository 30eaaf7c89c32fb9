/** One reconcile of one namespace: observe -> plan -> apply -> status -> events. */
import { contestedRequeueAfterMs, recordReverts, type ContestRules } from '../domain/rules/contested.js';
import { heldBack, contestable } from '../domain/rules/held.js';
import { notices } from '../domain/report/notices.js';
import { asksForMore, plan, type Observed } from '../domain/rules/plan.js';
import { reverts, type Revert } from '../domain/rules/reverts.js';
import { knownRookKeys } from '../domain/rules/rook-keys.js';
import type { Reconciled } from '../domain/report/outcome.js';
import { statusOf } from '../domain/report/status.js';
import { rfc3339Seconds } from '../domain/report/time.js';
import type { Answers, Applied, Applier } from './apply.js';
import { withFields, type Log } from '../log.js';
import type { Notifier } from './notifier.js';
import type { ReconcileObserver } from './observer.js';
import type { StatusWriter, StoreResult } from './status-writer.js';
import type { WorkResult } from './work-queue.js';
import type { Watches } from './watches.js';

export interface ReconcilerDependencies {
  readonly watches: Watches;
  readonly applier: Applier;
  readonly statusWriter: StatusWriter;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly logger: Log;
  readonly now: () => Date;
  readonly contestRules: ContestRules;
  readonly observer?: ReconcileObserver | undefined;
}

export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  /** Namespaces that this process has reconciled: what it writes there it knows of, whether or not the status could be stored. */
  readonly #begun = new Set<string>();

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
    const { watches, applier, statusWriter, contestRules, observer } = this.#deps;
    const log = withFields(this.#deps.logger, { namespace, reconcileID });
    const found = watches.observe(namespace);
    if (found === undefined) {
      applier.forget(namespace);
      statusWriter.forget(namespace);
      observer?.forgotten(namespace);
      this.#begun.delete(namespace);
      return {};
    }
    const observed = statusWriter.withLastStatus(found);
    const previous = observed.assignment.status;
    const before = plan(observed);
    const reverted = reverts(previous, before, {
      isAfterPin: applier.isRookAnsweringPin(namespace),
      mayBeUntold: !this.#begun.has(namespace),
    });
    this.#begun.add(namespace);
    const now = this.#deps.now();
    const recent = recordReverts(contestable(previous, before), reverted, rfc3339Seconds(now), contestRules);
    const held = heldBack(before, recent, now.getTime());
    const applied = await applier.apply(before, observed, held);
    say(log, applied, reverted);

    // What others did meanwhile is left to the next reconcile, which is queued: a status that told of it now would hide
    // from that one that it was a revert.
    const { answers, outcome } = applied;
    const workloads = { ...observed.workloads, ...answers.workloads };
    const patched = outcome.patched.map(({ slot }) => slot);
    const rookKeys = knownRookKeys(before, previous);
    const after = isAnswered(answers) ? plan({ ...observed, ...answers, workloads, patched }) : before;
    const reconciled: Reconciled = {
      generation: observed.assignment.generation,
      ...(previous === undefined ? {} : { previous }),
      before,
      after,
      outcome,
      reverted,
      recent,
      held,
      ...(rookKeys === undefined ? {} : { rookKeys }),
      now: rfc3339Seconds(now),
    };
    observer?.reconciled(namespace, reconciled);
    const told = await this.#report(found, reconciled, log);
    // An answer may hold an edit of somebody else's whose own event tells nothing new any more.
    const more = asksForMore(after, before) ? 0 : undefined;
    return {
      ...soonest(applied.requeueAfterMs, contestedRequeueAfterMs(recent, now.getTime()), told.requeueAfterMs, more),
      ...('failure' in applied ? { failure: applied.failure } : {}),
      ...('failure' in told ? { failure: told.failure } : {}),
    };
  }

  async #report(observed: Observed, reconciled: Reconciled, log: Log): Promise<StoreResult> {
    const { notifier, statusWriter } = this.#deps;
    const status = statusOf(reconciled);
    // Also where the status cannot be written: what was done will not be done again.
    notifier.notify(notices(reconciled, status), observed);
    const result = await statusWriter.store(observed.assignment, status);
    if (result.kind === 'Overtaken') log.debug({}, 'Status not written: the assignment was changed meanwhile');
    if (result.kind === 'Stored') {
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      log.info({ ready: ready?.status, reason: ready?.reason, ports: status.ports }, 'Updated status');
    }
    return result;
  }
}

function isAnswered({ rookConfig, workloads }: Answers): boolean {
  return rookConfig !== undefined || Object.keys(workloads).length > 0;
}

function say(log: Log, { outcome, rejected }: Applied, reverted: readonly Revert[]): void {
  for (const { kind, name, manager } of reverted) log.info({ kind, name, manager }, 'Reverted by others');
  if (Object.keys(outcome.pinned).length > 0) log.info({ keys: outcome.pinned }, 'Pinned Rook config');
  for (const { slot, from, to } of outcome.patched) log.info({ slot, from, to }, 'Patched workload');
  for (const { name, cause } of rejected) log.warn({ name, cause }, 'Write rejected');
}

function soonest(...times: readonly (number | undefined)[]): Pick<WorkResult, 'requeueAfterMs'> {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
}
