/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { Outcome, PatchedWorkload } from '../domain/outcome.js';
import { NOTHING_DONE } from '../domain/outcome.js';
import type { Observed, Plan, WorkloadPlan } from '../domain/plan.js';
import type { Pin } from '../domain/rook-config.js';
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
  /** When to reconcile again though nothing changes, in milliseconds. */
  readonly againInMs?: number;
  /** The passing fault behind outcome.failure. */
  readonly error?: unknown;
}

/** What became of one write. */
type Written<T> =
  | { readonly kind: 'Done'; readonly value: T }
  | { readonly kind: 'Refused'; readonly cause: string }
  | { readonly kind: 'Failed'; readonly error: unknown };

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
    if (plan.mode === 'Paused') return { outcome: NOTHING_DONE };
    const dryRun = plan.mode === 'DryRun';
    const { namespace } = observed.assignment;

    const pin = await this.#pin(plan.pin, observed, dryRun);
    const pinned = pin.kind === 'Done' && Object.keys(pin.value).length > 0;
    const drifted = plan.workloads.filter((row): row is Drifted => row.patch !== undefined);
    const rookTimeMs = plan.rookAlive && drifted.length > 0 ? this.#rookTimeLeft(namespace, pinned) : 0;
    if (rookTimeMs === 0) this.#rookTime.delete(namespace);
    const patches = rookTimeMs > 0 ? [] : await this.#patchAll(drifted, namespace, dryRun);
    return summarize(pin, dryRun ? patches.filter(([, { kind }]) => kind !== 'Done') : patches, rookTimeMs);
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

  /** @returns the keys that were written */
  async #pin(pin: Pin, { rookConfig }: Observed, dryRun: boolean): Promise<Written<Pin>> {
    if (rookConfig === undefined || Object.keys(pin).length === 0) return { kind: 'Done', value: {} };
    try {
      const answer = await this.#writer.pinRookConfig(rookConfig, pin, { dryRun });
      if (dryRun) return { kind: 'Done', value: {} };
      this.#watches.rookConfigs.putAnswer(answer);
      return { kind: 'Done', value: pin };
    } catch (error) {
      return refusedOrFailed(error, `patch configmaps/${rookConfig.name} in namespace ${rookConfig.namespace}`);
    }
  }

  #patchAll(
    drifted: readonly Drifted[],
    namespace: string,
    dryRun: boolean,
  ): Promise<[Slot, Written<PatchedWorkload>][]> {
    return Promise.all(
      drifted.map(async (row): Promise<[Slot, Written<PatchedWorkload>]> => [
        row.layout.slot,
        await this.#patch(row, namespace, dryRun),
      ]),
    );
  }

  async #patch(
    { layout, patch, currentPort, assignedPort }: Drifted,
    namespace: string,
    dryRun: boolean,
  ): Promise<Written<PatchedWorkload>> {
    try {
      const answer = await this.#writer.patchWorkload(layout, namespace, patch, { dryRun });
      if (!dryRun) this.#watches.workloads[layout.slot].putAnswer(answer);
      if (!isOnPort(answer, assignedPort)) {
        return {
          kind: 'Refused',
          cause: 'the API server stored something else than was sent: an admission policy or webhook changes it',
        };
      }
      const moved = { slot: layout.slot, to: assignedPort };
      return { kind: 'Done', value: currentPort === undefined ? moved : { ...moved, from: currentPort } };
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

function summarize(
  pin: Written<Pin>,
  patches: readonly [Slot, Written<PatchedWorkload>][],
  rookTimeMs: number,
): Applied {
  const rejections = Object.fromEntries(
    patches.flatMap(([slot, written]) => (written.kind === 'Refused' ? [[slot, written.cause]] : [])),
  ) as Partial<Record<Slot, string>>;
  const failed = [pin, ...patches.map(([, written]) => written)].find((written) => written.kind === 'Failed');
  const refused = pin.kind === 'Refused' || Object.keys(rejections).length > 0;
  return {
    outcome: {
      waitingForRook: rookTimeMs > 0,
      pinned: pin.kind === 'Done' ? pin.value : {},
      ...(pin.kind === 'Refused' ? { pinRejection: pin.cause } : {}),
      patched: patches.flatMap(([, written]) => (written.kind === 'Done' ? [written.value] : [])),
      rejections,
      ...(failed === undefined ? {} : { failure: describe(failed.error) }),
    },
    ...againIn(rookTimeMs, refused),
    ...(failed === undefined ? {} : { error: failed.error }),
  };
}

function againIn(rookTimeMs: number, refused: boolean): Pick<Applied, 'againInMs'> {
  if (rookTimeMs > 0) return { againInMs: rookTimeMs };
  return refused ? { againInMs: REFUSED_RETRY_MS } : {};
}

function describe(error: unknown): string {
  if (error instanceof ApiError && error.isGuardFailure)
    return 'a workload changed while it was being patched; it is read again';
  return error instanceof Error ? error.message : String(error);
}
