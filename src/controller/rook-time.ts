/**
 * When Rook is waited for: after a pin, a running Rook gets some time to render the pinned ports by itself, which saves
 * the restarts of a patch in between.
 */
import type { WorkloadPlan } from '../domain/plan.js';

/** Rook takes 0.15 to 0.4 s for a pass (1.17.9 and 1.19.10, as run), and up to 1.6 s while it is retrying. */
const ROOK_TIME_MS = 3_000;

interface Wait {
  readonly until: number;
  /** By the names of the Deployments, their generations at the pin. */
  readonly generations: ReadonlyMap<string, number>;
}

export interface RookTimeLeft {
  /** How long Rook may still take, in milliseconds; 0: patch now. */
  readonly ms: number;
  /** Whether the time is over because Rook has done its pass. */
  readonly passSeen: boolean;
}

export class RookTime {
  readonly #monotonicMs: () => number;
  readonly #waits = new Map<string, Wait>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Whether Rook is given time in this namespace now. */
  isRunning(namespace: string): boolean {
    return (this.#waits.get(namespace)?.until ?? 0) > this.#monotonicMs();
  }

  /**
   * What is left of Rook's time in this namespace. A pin starts the time but never prolongs it: somebody who keeps
   * undoing pins must not hold up the patches. It ends early when Rook has written the workloads.
   */
  left(namespace: string, rows: readonly WorkloadPlan[], { pinned }: { readonly pinned: boolean }): RookTimeLeft {
    const now = this.#monotonicMs();
    const wait = this.#waits.get(namespace);
    if (wait === undefined && pinned) {
      this.#waits.set(namespace, { until: now + ROOK_TIME_MS, generations: generations(rows) });
      return { ms: ROOK_TIME_MS, passSeen: false };
    }
    const passSeen = wait !== undefined && isPassOver(wait.generations, generations(rows));
    const ms = wait === undefined || passSeen ? 0 : Math.max(wait.until - now, 0);
    if (ms === 0) this.over(namespace);
    return { ms, passSeen };
  }

  /** Nothing is left to wait for: the next pin starts the time anew. */
  over(namespace: string): void {
    this.#waits.delete(namespace);
  }
}

/** Of Deployments only: their generation rises with every PUT of Rook's, a DaemonSet's only where something differs. */
function generations(rows: readonly WorkloadPlan[]): Map<string, number> {
  const deployments = rows.flatMap(({ workload }) => (workload?.kind === 'Deployment' ? [workload] : []));
  return new Map(deployments.map(({ name, rollout }) => [name, rollout.generation]));
}

/** Rook writes the node plugin before the provisioners, so when those are written the pass has done what matters. */
function isPassOver(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): boolean {
  return before.size > 0 && [...before].every(([name, generation]) => (now.get(name) ?? 0) > generation);
}
