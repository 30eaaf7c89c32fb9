/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { PortAssignment } from '../domain/api.js';
import type { Held } from '../domain/held.js';
import type { Outcome, PatchedWorkload } from '../domain/outcome.js';
import { NOTHING_DONE } from '../domain/outcome.js';
import type { Observed, Plan, WorkloadPlan } from '../domain/plan.js';
import type { RookConfig } from '../domain/rook-config.js';
import type { Pin } from '../domain/pin.js';
import { movePort, type JsonPatch } from '../domain/sidecar-port.js';
import type { ConfigKey, Slot, SlotLayout } from '../domain/slots.js';
import type { Workload } from '../domain/workload.js';
import { ApiError } from '../kube/errors.js';
import type { Writer } from '../kube/writer.js';
import { messageOf } from './log.js';
import { Refusals } from './refusals.js';
import { RookTime, type RookTimeLeft, type Settings } from './rook-time.js';
import type { Watches } from './watches.js';

const CHANGED_ON_ITS_WAY = 'an admission policy or webhook changed what was sent to something else';

export interface Applied {
  readonly outcome: Outcome;
  /** The objects as the answers to the writes have them. */
  readonly answers: Answers;
  /** When to reconcile again though nothing changes, in milliseconds. */
  readonly againInMs?: number;
  /** The passing fault behind outcome.failure. */
  readonly error?: unknown;
}

type Failure = Pick<Applied, 'error'>;

export type Answers = Pick<Observed, 'rookConfig' | 'workloads'>;

/** What became of one write; no answer where it was a dry run, or where there was nothing to write. */
type Written<T> =
  | { readonly kind: 'Done'; readonly answer?: T }
  | { readonly kind: 'Refused'; readonly cause: string; readonly answer?: T }
  | { readonly kind: 'Failed'; readonly error: unknown };

/** What is written, by whom it is known again, and how RBAC names it. */
interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly write: unknown;
  readonly resource: string;
}

interface Sent<T> {
  /** Whether the answer says what was sent: an admission policy or webhook may have changed it. */
  readonly isAsSent: boolean;
  readonly answer?: T;
}

interface PatchWritten {
  readonly row: Drifted;
  readonly written: Written<Workload>;
}

type Drifted = WorkloadPlan & { readonly workload: Workload; readonly patch: JsonPatch };

export class Applier {
  readonly #writer: Writer;
  readonly #watches: Watches;
  readonly #rookTime: RookTime;
  readonly #refusals: Refusals;

  constructor(writer: Writer, watches: Watches, monotonicMs: () => number) {
    this.#writer = writer;
    this.#watches = watches;
    this.#rookTime = new RookTime(monotonicMs);
    this.#refusals = new Refusals(monotonicMs);
  }

  /** Whether Rook is being given time after a pin: what it writes now is no undoing. */
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
      this.#rookTimeLeft(plan, namespace, { pinned: false, config: observed.rookConfig });
      return { outcome: NOTHING_DONE, answers: { workloads: {} } };
    }
    const dryRun = plan.mode === 'DryRun';

    const pinNow = Object.fromEntries(Object.entries(plan.pin).filter(([key]) => !held.keys.has(key as ConfigKey)));
    const pin = await this.#pin(pinNow, observed, dryRun);
    const pinned = pin.kind === 'Done' && pin.answer !== undefined;
    const drifted = plan.workloads.filter((row): row is Drifted => {
      return row.patch !== undefined && !held.workloads.has(row.layout.workload);
    });
    const rookTime = this.#rookTimeLeft(plan, namespace, { pinned, config: answerOf(pin) ?? observed.rookConfig });
    const waited = dryRun ? [] : drifted.filter(rookTime.isWaitedFor);
    const due = drifted.filter((row) => !waited.includes(row));
    const patches = await this.#patchAll(due, observed, dryRun);
    const failure = firstFailure([pin, ...patches.map(({ written }) => written)]);
    return {
      outcome: {
        ...outcomeOf(pinned ? pinNow : {}, pin, { patches, failure }),
        waitingForRook: waited.length > 0,
      },
      answers: answersOf(pin, patches),
      ...againIn(waited.length > 0 ? rookTime.ms : this.#refusals.retryInMs(namespace)),
      ...failure,
    };
  }

  forget(namespace: string): void {
    this.#rookTime.over(namespace);
    this.#refusals.forget(namespace);
  }

  /** In every mode, so that a change of the settings is known when the mode becomes Enforce in the middle of a pass. */
  #rookTimeLeft({ rookAlive, workloads }: Plan, namespace: string, settings: Settings): RookTimeLeft {
    if (!rookAlive) this.#rookTime.over(namespace);
    return this.#rookTime.left(namespace, workloads, { ...settings, pinned: settings.pinned && rookAlive });
  }

  async #pin(pin: Pin, { rookConfig, assignment }: Observed, dryRun: boolean): Promise<Written<RookConfig>> {
    if (rookConfig === undefined || Object.keys(pin).length === 0) return { kind: 'Done' };
    const { namespace, name, resourceVersion } = rookConfig;
    const write = { pin, resourceVersion, dryRun, generation: assignment.generation };
    return this.#unlessRefused({ namespace, name, write, resource: 'configmaps' }, async () => {
      const answer = await this.#writer.pinRookConfig(rookConfig, pin, { dryRun });
      const isAsSent = Object.entries(pin).every(([key, value]) => answer.keys[key as ConfigKey]?.value === value);
      if (!dryRun) this.#watches.rookConfigs.putAnswer(answer);
      return { isAsSent, ...(dryRun ? {} : { answer }) };
    });
  }

  #patchAll(drifted: readonly Drifted[], { assignment }: Observed, dryRun: boolean): Promise<PatchWritten[]> {
    return Promise.all(drifted.map(async (row) => ({ row, written: await this.#patch(row, assignment, dryRun) })));
  }

  #patch(row: Drifted, { namespace, generation }: PortAssignment, dryRun: boolean): Promise<Written<Workload>> {
    const { layout, workload, patch, assignedPort } = row;
    const write = { patch, resourceVersion: workload.resourceVersion, dryRun, generation };
    const resource = `${layout.kind.toLowerCase()}s.apps`;
    return this.#unlessRefused({ namespace, name: layout.workload, write, resource }, async () => {
      const answer = await this.#writer.patchWorkload(layout, namespace, patch, { dryRun });
      if (!dryRun) this.#watches.workloads[layout.slot].putAnswer(answer);
      return { isAsSent: isOnPort(answer, assignedPort), ...(dryRun ? {} : { answer }) };
    }).then(async (written) => {
      if (written.kind === 'Failed' && isGuardFailure(written.error)) await this.#readAgain(layout, namespace);
      return written;
    });
  }

  /** Sends a write, unless this very one was refused a moment ago. */
  async #unlessRefused<T>(target: Target, send: () => Promise<Sent<T>>): Promise<Written<T>> {
    const { namespace, name, write } = target;
    const known = this.#refusals.recall(namespace, name, write);
    if (known !== undefined) return { kind: 'Refused', cause: known };
    const written = await outcomeOfSending(target, send);
    if (written.kind === 'Refused') this.#refusals.remember(namespace, name, { write, cause: written.cause });
    return written;
  }

  /** The workload is not what the store says: the next plan must not be made from the same copy. */
  async #readAgain(layout: SlotLayout, namespace: string): Promise<void> {
    const answer = await this.#writer.readWorkload(layout, namespace).catch(() => undefined);
    if (answer !== undefined) this.#watches.workloads[layout.slot].putAnswer(answer);
  }
}

function isOnPort({ sidecar }: Workload, port: number): boolean {
  return sidecar !== undefined && movePort(sidecar, '', port).length === 0;
}

function isGuardFailure(error: unknown): boolean {
  return error instanceof ApiError && error.isGuardFailure;
}

async function outcomeOfSending<T>(target: Target, send: () => Promise<Sent<T>>): Promise<Written<T>> {
  try {
    const { isAsSent, ...answer } = await send();
    return isAsSent ? { kind: 'Done', ...answer } : { kind: 'Refused', cause: CHANGED_ON_ITS_WAY, ...answer };
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isRefusal) return { kind: 'Failed', error };
    const right = `patch ${target.resource}/${target.name} in namespace ${target.namespace}`;
    const advice = error.isForbidden ? ` (if this is RBAC, allow: ${right})` : '';
    return { kind: 'Refused', cause: `${error.message}${advice}` };
  }
}

function outcomeOf(
  pinned: Pin,
  pin: Written<RookConfig>,
  { patches, failure }: { readonly patches: readonly PatchWritten[]; readonly failure: Failure },
): Omit<Outcome, 'waitingForRook'> {
  return {
    pinned,
    ...(pin.kind === 'Refused' ? { pinRejection: pin.cause } : {}),
    patched: patches
      .filter(({ written }) => written.kind === 'Done' && written.answer !== undefined)
      .map(patchedWorkload),
    rejections: bySlot(patches, (written) => (written.kind === 'Refused' ? written.cause : undefined)),
    ...('error' in failure ? { failure: describe(failure.error) } : {}),
  };
}

function patchedWorkload({ row: { layout, currentPort, assignedPort } }: PatchWritten): PatchedWorkload {
  const moved = { slot: layout.slot, to: assignedPort };
  return currentPort === undefined ? moved : { ...moved, from: currentPort };
}

function answersOf(pin: Written<RookConfig>, patches: readonly PatchWritten[]): Answers {
  const rookConfig = answerOf(pin);
  return { ...(rookConfig === undefined ? {} : { rookConfig }), workloads: bySlot(patches, answerOf) };
}

function answerOf<T>(written: Written<T>): T | undefined {
  return written.kind === 'Failed' ? undefined : written.answer;
}

/** What `value` gives for each slot, without those for which it is undefined. */
function bySlot<T>(
  patches: readonly PatchWritten[],
  value: (written: Written<Workload>) => T | undefined,
): Partial<Record<Slot, T>> {
  const entries = patches.map(({ row, written }) => [row.layout.slot, value(written)]);
  return Object.fromEntries(entries.filter(([, found]) => found !== undefined)) as Partial<Record<Slot, T>>;
}

function againIn(ms: number | undefined): Pick<Applied, 'againInMs'> {
  return ms === undefined ? {} : { againInMs: ms };
}

/** Told in the outcome, for the status, and as it is, for the queue. */
function firstFailure(writes: readonly Written<unknown>[]): Failure {
  const failed = writes.find((written) => written.kind === 'Failed');
  return failed === undefined ? {} : { error: failed.error };
}

function describe(error: unknown): string {
  if (isGuardFailure(error)) return 'an object changed while it was being patched; it is read again';
  return messageOf(error);
}
