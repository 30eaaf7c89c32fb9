/** One reconcile of one namespace: observe -> plan -> apply -> plan what is left -> status and events. */
import type { AssignmentStatus, Mode } from '../domain/rules/api.js';
import { lastSeenIn, plan, type Plan } from '../domain/rules/plan.js';
import type { LastSeen, Observed } from '../domain/rules/observed.js';
import { eventsOf } from '../domain/report/events.js';
import { missingRights, missingRightsEvent } from '../domain/report/missing-rights.js';
import { statusOf } from '../domain/report/status.js';
import { rfc3339Seconds } from '../domain/report/time.js';
import type { WriteOutcome, WriteResult } from '../domain/report/write-result.js';
import type { EventRecorder } from '../kube/events.js';
import { apply } from './apply.js';
import { recordEvents } from './events.js';
import { withFields, type Log } from '../log.js';
import type { WriteDependencies } from './send.js';
import type { StatusResult, StatusWriter } from './status-writer.js';
import type { WorkResult } from './work-queue.js';

export type ReconcileEvent =
  /** Before its status is stored. */
  | {
      readonly type: 'Reconciled';
      /** In which the writes were made. */
      readonly mode: Mode;
      readonly after: Plan;
      readonly results: readonly WriteResult[];
    }
  /** With its status, in so far as that could be stored. */
  | { readonly type: 'Finished'; readonly missingRights: readonly string[] }
  /** The namespace has no assignment (any more). */
  | { readonly type: 'Forgotten' };

/** Must not throw: it is called in the midst of a reconcile. */
export type OnReconcileEvent = (namespace: string, event: ReconcileEvent) => void;

export interface ReconcilerDependencies extends WriteDependencies {
  readonly statusWriter: StatusWriter;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly logger: Log;
  readonly now: () => Date;
  readonly onEvent: OnReconcileEvent;
}

export class Reconciler {
  readonly #deps: ReconcilerDependencies;
  /** By namespace. */
  readonly #lastSeen = new Map<string, LastSeen>();

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
    const { statusWriter, recorder, onEvent, now } = this.#deps;
    const log = withFields(this.#deps.logger, { namespace, reconcileID });
    const observed = this.#observe(namespace);
    if (observed === undefined) return this.#forget(namespace);

    const before = plan(observed);
    const results = await apply(before, observed, this.#deps);
    logWrites(log, results);
    this.#lastSeen.set(namespace, lastSeenIn(before));

    const left = this.#observe(namespace);
    // The assignment was deleted meanwhile: that event brings the namespace back.
    if (left === undefined) return {};
    const after = plan(left);
    this.#lastSeen.set(namespace, lastSeenIn(after));
    const { generation, status: stored } = left.assignment;
    recordEvents(recorder, eventsOf({ before, after, results, lastSeen: observed.lastSeen }), left);
    onEvent(namespace, { type: 'Reconciled', mode: before.mode, after, results });
    // Edited meanwhile: what was done belongs to the earlier spec.
    if (generation !== observed.assignment.generation) return { requeueAfterMs: 0 };
    const status = statusOf({ plan: after, results, generation, stored, now: rfc3339Seconds(now()) });
    const written = await statusWriter.write(left.assignment, status, isRepaired(results));
    logStatus(log, written, status);
    // Then nothing was asked for.
    if (written.kind !== 'Deferred') this.#reportMissingRights(left, results, written);
    return workResult(results, written, after);
  }

  /** Where the status says nothing of it, as it may not be written, the event or the metric does. */
  #reportMissingRights(observed: Observed, results: readonly WriteResult[], status: StatusResult): void {
    const { recorder, onEvent } = this.#deps;
    const { namespace } = observed;
    const missing = missingRights([...results, status]);
    const wasAsked = results.some(({ isSent, missingRight }) => isSent && missingRight !== undefined);
    if (wasAsked || status.missingRight !== undefined) {
      recordEvents(recorder, [missingRightsEvent(namespace, missing)], observed);
    }
    onEvent(namespace, { type: 'Finished', missingRights: missing });
  }

  #observe(namespace: string): Observed | undefined {
    const { watches, now } = this.#deps;
    const observed = watches.observe(namespace);
    const lastSeen = this.#lastSeen.get(namespace);
    return observed && { ...observed, now: now().getTime(), ...(lastSeen === undefined ? {} : { lastSeen }) };
  }

  /** The namespace has no assignment (any more). */
  #forget(namespace: string): WorkResult {
    const { backoff, statusWriter, onEvent } = this.#deps;
    this.#lastSeen.delete(namespace);
    backoff.forget(namespace);
    statusWriter.forget(namespace);
    onEvent(namespace, { type: 'Forgotten' });
    return {};
  }
}

function workResult(results: readonly WriteResult[], status: StatusResult, after: Plan): WorkResult {
  const failed = [...results.map(({ error }) => error), status.failure].find((error) => error !== undefined);
  const waits = [...results, status].flatMap(({ requeueAfterMs }) => requeueAfterMs ?? []);
  if (results.some((result) => isLeftOver(result, after))) waits.push(0);
  if (after.recheckAfterMs !== undefined) waits.push(after.recheckAfterMs);
  return {
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
    ...(failed === undefined ? {} : { failure: failed }),
  };
}

/**
 * Whether an object still differs though nothing holds its write back. The response to a write may hold an edit of somebody
 * else's, whose own event then brings nothing new. What had to wait may be due now.
 */
function isLeftOver({ outcome, slot }: WriteResult, { mode, pin, workloads }: Plan): boolean {
  if (mode !== 'Enforce' || !MAY_LEAVE.includes(outcome)) return false;
  if (slot === undefined) return Object.keys(pin).length > 0;
  return workloads.some(({ slotSpec, patch, awaits }) => slotSpec.slot === slot && patch !== undefined && !awaits);
}

/** What was not stored is in the status by the results of this very reconcile. */
function isRepaired(results: readonly WriteResult[]): boolean {
  const isStored = results.every(({ outcome }) => !NOT_STORED.includes(outcome));
  return isStored && results.some(({ outcome }) => outcome === 'Applied');
}

const NOT_STORED: readonly WriteOutcome[] = ['Rejected', 'Failed', 'Outdated'];

const MAY_LEAVE: readonly WriteOutcome[] = ['Applied', 'Unchanged', 'AwaitingPods'];

function logWrites(log: Log, results: readonly WriteResult[]): void {
  for (const { kind, name, slot, outcome, isSent, from, to, keys, cause, reverted } of results) {
    if (outcome === 'Rejected' && isSent) log.warn({ kind, name, cause }, 'Write rejected');
    if (outcome !== 'Applied') continue;
    const revertedBy = reverted && (reverted.manager ?? 'unknown');
    if (slot === undefined) log.info({ keys, revertedBy }, 'Pinned Rook config');
    else log.info({ slot, from, to, revertedBy }, 'Patched workload');
  }
}

function logStatus(log: Log, { kind }: StatusResult, { conditions, ports }: AssignmentStatus): void {
  log.debug({ status: kind }, 'Reconciled');
  if (kind !== 'Stored') return;
  const ready = conditions.find(({ type }) => type === 'Ready');
  log.info({ ready: ready?.status, reason: ready?.reason, ports }, 'Updated status');
}
