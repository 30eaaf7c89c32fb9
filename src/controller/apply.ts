/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { Outcome, PatchedWorkload } from '../domain/outcome.js';
import { NOTHING_DONE } from '../domain/outcome.js';
import type { Observed, Plan, WorkloadPlan } from '../domain/plan.js';
import type { Pin, RookConfig } from '../domain/rook-config.js';
import { movePort, type JsonPatch } from '../domain/sidecar-port.js';
import type { Slot } from '../domain/slots.js';
import type { Workload } from '../domain/workload.js';
import { ApiError } from '../kube/errors.js';
import type { Writer } from '../kube/writer.js';
import type { Watches } from './watches.js';

/** How long a running Rook gets to render pinned ports; it takes 0.15 to 0.4 s (1.17.9 and 1.19.10, as run). */
const ROOK_TIME_MS = 3_000;
/** A refusal is lifted by people, so it is asked again in their time. */
const REFUSED_RETRY_MS = 30_000;

export interface Applied {
  readonly outcome: Outcome;
  /** The objects as the answers to the writes have them. */
  readonly answers: Answers;
  /** When to reconcile again though nothing changes, in milliseconds. */
  readonly againInMs?: number;
  /** The passing fault behind outcome.failure. */
  readonly error?: unknown;
}

export type Answers = Pick<Observed, 'rookConfig' | 'workloads'>;

/** What became of one write; no answer where it was a dry run, or where there was nothing to write. */
type Written<T> =
  | { readonly kind: 'Done'; readonly answer?: T }
  | { readonly kind: 'Refused'; readonly cause: string; readonly answer?: T }
  | { readonly kind: 'Failed'; readonly error: unknown };

interface PatchWritten {
  readonly row: Drifted;
  readonly written: Written<Workload>;
}

type Drifted = WorkloadPlan & { readonly workload: Workload; readonly patch: JsonPatch };

export class Applier {
  readonly #writer: Writer;
  readonly #watches: Watches;
  readonly #monotonicMs: () => number;
  /** Per namespace, until when Rook may still be at work on the last pin. */
  readonly #rookTime = new Map<string, number>();

  constructor(writer: Writer, watches: Watches, monotonicMs: () => number) {
    this.#writer = writer;
    this.#watches = watches;
    this.#monotonicMs = monotonicMs;
  }

  /** Never rejects: what went wrong is in the outcome. */
  async apply(plan: Plan, observed: Observed): Promise<Applied> {
    if (plan.mode === 'Paused') return { outcome: NOTHING_DONE, answers: { workloads: {} } };
    const dryRun = plan.mode === 'DryRun';
    const { namespace } = observed.assignment;

    const pin = await this.#pin(plan.pin, observed, dryRun);
    const pinned = pin.kind === 'Done' && pin.answer !== undefined;
    const drifted = plan.workloads.filter((row): row is Drifted => row.patch !== undefined);
    const rookTimeMs = plan.rookAlive && drifted.length > 0 ? this.#rookTimeLeft(namespace, pinned) : 0;
    if (rookTimeMs === 0) this.#rookTime.delete(namespace);
    const patches = rookTimeMs > 0 ? [] : await this.#patchAll(drifted, namespace, dryRun);
    return {
      outcome: outcomeOf(pinned ? plan.pin : {}, pin, { patches, rookTimeMs }),
      answers: answersOf(pin, patches),
      ...againIn(rookTimeMs, [pin, ...patches.map(({ written }) => written)]),
      ...errorOf([pin, ...patches.map(({ written }) => written)]),
    };
  }

  forget(namespace: string): void {
    this.#rookTime.delete(namespace);
  }

  /** A pin starts Rook's time, but never prolongs it: somebody who keeps undoing pins must not hold up the patches. */
  #rookTimeLeft(namespace: string, pinned: boolean): number {
    const now = this.#monotonicMs();
    const until = this.#rookTime.get(namespace) ?? (pinned ? now + ROOK_TIME_MS : now);
    this.#rookTime.set(namespace, until);
    return Math.max(0, until - now);
  }

  async #pin(pin: Pin, { rookConfig }: Observed, dryRun: boolean): Promise<Written<RookConfig>> {
    if (rookConfig === undefined || Object.keys(pin).length === 0) return { kind: 'Done' };
    try {
      const answer = await this.#writer.pinRookConfig(rookConfig, pin, { dryRun });
      if (dryRun) return { kind: 'Done' };
      this.#watches.rookConfigs.putAnswer(answer);
      return { kind: 'Done', answer };
    } catch (error) {
      return refusedOrFailed(error, `patch configmaps/${rookConfig.name} in namespace ${rookConfig.namespace}`);
    }
  }

  #patchAll(drifted: readonly Drifted[], namespace: string, dryRun: boolean): Promise<PatchWritten[]> {
    return Promise.all(drifted.map(async (row) => ({ row, written: await this.#patch(row, namespace, dryRun) })));
  }

  async #patch(
    { layout, patch, assignedPort }: Drifted,
    namespace: string,
    dryRun: boolean,
  ): Promise<Written<Workload>> {
    try {
      const answer = await this.#writer.patchWorkload(layout, namespace, patch, { dryRun });
      if (!dryRun) this.#watches.workloads[layout.slot].putAnswer(answer);
      const stored = dryRun ? {} : { answer };
      return isOnPort(answer, assignedPort)
        ? { kind: 'Done', ...stored }
        : {
            kind: 'Refused',
            cause: 'an admission policy or webhook changed what was sent to something else',
            ...stored,
          };
    } catch (error) {
      if (error instanceof ApiError && error.isGuardFailure) await this.#readAgain({ layout }, namespace);
      return refusedOrFailed(
        error,
        `patch ${layout.kind.toLowerCase()}s.apps/${layout.workload} in namespace ${namespace}`,
      );
    }
  }

  /** The workload is not what the store says: the next plan must not be made from the same copy. */
  async #readAgain({ layout }: Pick<Drifted, 'layout'>, namespace: string): Promise<void> {
    const store = this.#watches.workloads[layout.slot];
    const answer = await this.#writer.readWorkload(layout, namespace).catch(() => undefined);
    if (answer !== undefined) store.put(answer);
  }
}

function isOnPort({ sidecar }: Workload, port: number): boolean {
  return sidecar !== undefined && movePort(sidecar, '', port).length === 0;
}

/** @param right what RBAC has to allow, for the message */
function refusedOrFailed(error: unknown, right: string): Written<never> {
  // Gone meanwhile: its informer says so in a moment.
  if (error instanceof ApiError && error.isNotFound) return { kind: 'Failed', error };
  if (!(error instanceof ApiError) || !error.isRefusal) return { kind: 'Failed', error };
  const advice = error.isForbidden ? ` (if this is RBAC, allow: ${right})` : '';
  return { kind: 'Refused', cause: `${error.message}${advice}` };
}

function outcomeOf(
  pinned: Pin,
  pin: Written<RookConfig>,
  { patches, rookTimeMs }: { readonly patches: readonly PatchWritten[]; readonly rookTimeMs: number },
): Outcome {
  const { error } = errorOf([pin, ...patches.map(({ written }) => written)]);
  return {
    waitingForRook: rookTimeMs > 0,
    pinned,
    ...(pin.kind === 'Refused' ? { pinRejection: pin.cause } : {}),
    patched: patches
      .filter(({ written }) => written.kind === 'Done' && written.answer !== undefined)
      .map(patchedWorkload),
    rejections: bySlot(patches, (written) => (written.kind === 'Refused' ? written.cause : undefined)),
    ...(error === undefined ? {} : { failure: describe(error) }),
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

function againIn(rookTimeMs: number, writes: readonly Written<unknown>[]): Pick<Applied, 'againInMs'> {
  if (rookTimeMs > 0) return { againInMs: rookTimeMs };
  return writes.some(({ kind }) => kind === 'Refused') ? { againInMs: REFUSED_RETRY_MS } : {};
}

function errorOf(writes: readonly Written<unknown>[]): Pick<Applied, 'error'> {
  const failed = writes.find((written) => written.kind === 'Failed');
  return failed === undefined ? {} : { error: failed.error };
}

function describe(error: unknown): string {
  if (error instanceof ApiError && error.isGuardFailure)
    return 'an object changed while it was being patched; it is read again';
  return error instanceof Error ? error.message : String(error);
}
