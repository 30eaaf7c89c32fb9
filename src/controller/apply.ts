/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { PortAssignment } from '../domain/rules/api.js';
import type { Held } from '../domain/rules/held.js';
import type { Outcome, PatchedWorkload } from '../domain/report/outcome.js';
import { NOTHING_DONE } from '../domain/report/outcome.js';
import type { Observed, Plan, WorkloadPlan } from '../domain/rules/plan.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../domain/rules/rook-config.js';
import type { Pin } from '../domain/rules/pin.js';
import { movePort, type JsonPatch } from '../domain/rules/sidecar-port.js';
import type { ConfigKey, Slot } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import type { Writer } from '../kube/writer.js';
import { messageOf } from '../log.js';
import type { ReconcileObserver, WrittenKind } from './observer.js';
import { Rejections } from './rejections.js';
import { RookTime, type RookTimeLeft, type Settings } from './rook-time.js';
import { isOutdated, sendUnlessRejected, writeResult, type Target, type Written } from './send.js';
import type { Watches } from './watches.js';
import type { WorkResult } from './work-queue.js';

/** When to reconcile again though nothing changes, and the passing fault that outcome.failure tells of, are the queue's. */
export interface Applied extends WorkResult {
  readonly outcome: Outcome;
  /** The objects as the answers to the writes have them. */
  readonly answers: Answers;
  /** What the API server rejected just now: names of objects, and why. */
  readonly rejected: readonly { readonly name: string; readonly cause: string }[];
}

export type Answers = Pick<Observed, 'rookConfig' | 'workloads'>;

interface PatchWritten {
  readonly row: Drifted;
  readonly written: Written<Workload>;
}

interface Attempted {
  readonly plan: Plan;
  readonly patches: readonly PatchWritten[];
  /** Undefined where nothing waits for Rook. */
  readonly rookTime: RookTimeLeft | undefined;
}

type Drifted = WorkloadPlan & { readonly workload: Workload; readonly patch: JsonPatch };

export class Applier {
  readonly #writer: Writer;
  readonly #watches: Watches;
  readonly #rookTime: RookTime;
  readonly #rejections: Rejections;
  readonly #observer: ReconcileObserver | undefined;

  constructor(writer: Writer, watches: Watches, monotonicMs: () => number, observer?: ReconcileObserver) {
    this.#writer = writer;
    this.#watches = watches;
    this.#rookTime = new RookTime(monotonicMs);
    this.#rejections = new Rejections(monotonicMs);
    this.#observer = observer;
  }

  /** Whether Rook is being given time after a pin: what it writes now is no revert. */
  isRookAnsweringPin(namespace: string): boolean {
    return this.#rookTime.isAfterPin(namespace);
  }

  /**
   * Never rejects: what went wrong is in the outcome.
   *
   * @param held what is not written for now
   */
  async apply(plan: Plan, observed: Observed, held: Held): Promise<Applied> {
    const { namespace } = observed.assignment;
    if (plan.mode === 'Paused') {
      this.#observeRook(plan, namespace, { pinned: false, overtaken: false, config: observed.rookConfig });
      return { outcome: { ...NOTHING_DONE, rejections: unreadable(plan) }, answers: { workloads: {} }, rejected: [] };
    }
    const dryRun = plan.mode === 'DryRun';

    const pinNow = Object.fromEntries(Object.entries(plan.pin).filter(([key]) => !held.keys.has(key as ConfigKey)));
    const pin = await this.#pin(pinNow, observed, dryRun);
    const rookTime = this.#observeRook(plan, namespace, {
      pinned: isStored(pin),
      overtaken: pin.kind === 'Failed' && isOutdated(pin.error),
      config: answerOf(pin) ?? observed.rookConfig,
    });
    const drifted = plan.workloads.filter((row): row is Drifted => {
      return row.patch !== undefined && !held.workloads.has(row.slotSpec.workload);
    });
    const waited = dryRun ? [] : drifted.filter(rookTime.isWaitedFor);
    const due = drifted.filter((row) => !waited.includes(row));
    const known = waited.flatMap((row) => this.#knownRejection(row, observed.assignment));
    const sent = await Promise.all(due.map((row) => this.#patch(row, observed.assignment, dryRun)));
    const patches = [...sent, ...known];
    if (!dryRun) {
      this.#tell(namespace, 'ConfigMap', pin);
      for (const { row, written } of sent) this.#tell(namespace, row.slotSpec.kind, written);
    }
    this.#settle(plan, namespace);
    return appliedFrom(pinNow, pin, { patches, plan, rookTime: waited.length > 0 ? rookTime : undefined });
  }

  forget(namespace: string): void {
    this.#rookTime.forget(namespace);
    this.#rejections.forget(namespace);
  }

  /** In every mode, so that a change of the settings is known when the mode becomes Enforce in the middle of a pass. */
  #observeRook({ rookAlive, workloads }: Plan, namespace: string, settings: Settings): RookTimeLeft {
    if (rookAlive) return this.#rookTime.observe(namespace, workloads, settings);
    this.#rookTime.forget(namespace);
    return this.#rookTime.observe(namespace, workloads, { ...settings, pinned: false, overtaken: false });
  }

  async #pin(pin: Pin, { rookConfig, assignment }: Observed, dryRun: boolean): Promise<Written<RookConfig>> {
    if (rookConfig === undefined || Object.keys(pin).length === 0) return { kind: 'Done' };
    const { namespace, name, uid, keys } = rookConfig;
    const goal = { pin, uid, dryRun, generation: assignment.generation };
    // Not resourceVersion, here and below: it moves all the time, and what else is written there seldom lifts a rejection.
    const target = { namespace, name, goal, onto: keys, resource: 'configmaps' };
    return sendUnlessRejected(this.#rejections, target, {
      store: this.#watches.rookConfigs,
      dryRun,
      write: () => this.#writer.pinRookConfig(rookConfig, pin, { dryRun }),
      isAsSent: (answer) => Object.entries(pin).every(([key, value]) => answer.keys[key as ConfigKey]?.value === value),
      // It goes onto the version that it was planned from.
      isNextVersion: () => true,
      read: () => this.#writer.readRookConfig(namespace),
    });
  }

  async #patch(row: Drifted, assignment: PortAssignment, dryRun: boolean): Promise<PatchWritten> {
    const { slotSpec, patch, assignedPort, workload } = row;
    const { namespace } = assignment;
    const written = await sendUnlessRejected(this.#rejections, patchTarget(row, assignment, dryRun), {
      store: this.#watches.workloads[slotSpec.slot],
      dryRun,
      write: () => this.#writer.patchWorkload(slotSpec, namespace, patch, { dryRun }),
      isAsSent: (answer) => isOnPort(answer, assignedPort),
      isNextVersion: ({ rollout }) => rollout.generation <= workload.rollout.generation + 1,
      read: () => this.#writer.readWorkload(slotSpec, namespace),
    });
    return { row, written };
  }

  /** While Rook is waited for nothing is sent; what was rejected before stays so. */
  #knownRejection(row: Drifted, assignment: PortAssignment): PatchWritten[] {
    const rejection = this.#rejections.recall(patchTarget(row, assignment, false));
    return rejection === undefined ? [] : [{ row, written: { kind: 'Rejected', rejection, isNews: false } }];
  }

  #tell(namespace: string, kind: WrittenKind, written: Written<unknown>): void {
    const result = writeResult(written);
    if (result !== undefined) this.#observer?.wrote(namespace, kind, result);
  }

  #settle({ pin, workloads }: Plan, namespace: string): void {
    if (Object.keys(pin).length === 0) this.#rejections.settled(namespace, ROOK_CONFIG_NAME);
    for (const { patch, slotSpec } of workloads)
      if (patch === undefined) this.#rejections.settled(namespace, slotSpec.workload);
  }
}

function patchTarget(row: Drifted, { namespace, generation }: PortAssignment, dryRun: boolean): Target {
  const { slotSpec, workload, patch, assignedPort } = row;
  return {
    namespace,
    name: slotSpec.workload,
    goal: { assignedPort, uid: workload.uid, dryRun, generation },
    onto: { patch, generation: workload.rollout.generation },
    resource: `${slotSpec.kind.toLowerCase()}s.apps`,
  };
}

function isOnPort({ sidecar }: Workload, port: number): boolean {
  return sidecar !== undefined && movePort(sidecar, '', port).length === 0;
}

function appliedFrom(pinNow: Pin, pin: Written<RookConfig>, { patches, plan, rookTime }: Attempted): Applied {
  const named = [
    { name: ROOK_CONFIG_NAME, written: pin },
    ...patches.map(({ row, written }) => ({ name: row.slotSpec.workload, written })),
  ];
  const rejected = named.flatMap(({ name, written }) => (written.kind === 'Rejected' ? [{ name, ...written }] : []));
  const failed = named.map(({ written }) => written).find((written) => written.kind === 'Failed');
  const waits = [
    ...rejected.map(({ rejection }) => rejection.requeueAfterMs),
    ...(rookTime === undefined ? [] : [rookTime.ms]),
  ];
  const rookConfig = answerOf(pin);
  return {
    outcome: {
      ...(rookTime?.cause === undefined ? {} : { waitingForRook: rookTime.cause }),
      pinned: isStored(pin) ? pinNow : {},
      ...(pin.kind === 'Rejected' ? { pinRejection: pin.rejection.cause } : {}),
      patched: patches.filter(({ written }) => isStored(written)).map(patchedWorkload),
      rejections: {
        ...unreadable(plan),
        ...bySlot(patches, (written) => (written.kind === 'Rejected' ? written.rejection.cause : undefined)),
      },
      ...(failed === undefined ? {} : { failure: describe(failed) }),
    },
    answers: { ...(rookConfig === undefined ? {} : { rookConfig }), workloads: bySlot(patches, answerOf) },
    rejected: rejected.filter(({ isNews }) => isNews).map(({ name, rejection: { cause } }) => ({ name, cause })),
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
    ...(failed === undefined ? {} : { failure: failed.error }),
  };
}

/** Not written, and told of like what the API server rejects. */
function unreadable({ workloads }: Plan): Partial<Record<Slot, string>> {
  const found = workloads.filter(({ unreadable: why }) => why !== undefined);
  return Object.fromEntries(found.map(({ slotSpec, unreadable: why }) => [slotSpec.slot, why]));
}

function isStored(written: Written<unknown>): boolean {
  return written.kind === 'Done' && written.answer !== undefined;
}

function patchedWorkload({ row: { slotSpec, currentPort, assignedPort } }: PatchWritten): PatchedWorkload {
  const moved = { slot: slotSpec.slot, to: assignedPort };
  return currentPort === undefined ? moved : { ...moved, from: currentPort };
}

function answerOf<T>(written: Written<T>): T | undefined {
  return written.kind === 'Failed' ? undefined : written.answer;
}

/** What `value` gives for each slot, without those for which it is undefined. */
function bySlot<T>(
  patches: readonly PatchWritten[],
  value: (written: Written<Workload>) => T | undefined,
): Partial<Record<Slot, T>> {
  const entries = patches.map(({ row, written }) => [row.slotSpec.slot, value(written)]);
  return Object.fromEntries(entries.filter(([, found]) => found !== undefined)) as Partial<Record<Slot, T>>;
}

/** Told in the outcome, for the status, and as it is, for the queue. */
function describe(failed: Extract<Written<unknown>, { kind: 'Failed' }>): string {
  return isOutdated(failed.error)
    ? 'an object changed while it was being written; it is read again'
    : messageOf(failed.error);
}
