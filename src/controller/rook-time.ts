/**
 * When Rook is waited for. It writes its workloads anew with each change of its settings: after a pin that saves the
 * patches, and after a change by others a patch would only be overwritten by the rest of that pass.
 */
import type { WorkloadPlan } from '../domain/plan.js';
import { isRooksAnswer, type RookConfig } from '../domain/rook-config.js';

/** Rook takes 0.15 to 0.4 s for a pass (1.17.9 and 1.19.10, as run), and up to 1.6 s while it is retrying. */
const ROOK_TIME_MS = 3_000;

interface Wait {
  readonly until: number;
  readonly afterPin: boolean;
  /** By the workloads' names, their generations when it began. */
  readonly generations: ReadonlyMap<string, number>;
}

/** What the settings are now, and whether that is the operator's doing. */
export interface Settings {
  readonly config: RookConfig | undefined;
  readonly pinned: boolean;
}

export interface RookTimeLeft {
  /** How long Rook may still take, in milliseconds; 0: it is not waited for. */
  readonly ms: number;
  /** Whether this workload is still left to Rook. */
  readonly isWaitedFor: (row: WorkloadPlan) => boolean;
  /** Whether the time after a pin is over and Rook has written its provisioners meanwhile. */
  readonly passSeen: boolean;
}

const NOT_WAITING: RookTimeLeft = { ms: 0, isWaitedFor: () => false, passSeen: false };

export class RookTime {
  readonly #monotonicMs: () => number;
  readonly #waits = new Map<string, Wait>();
  /** By namespace, the version of the settings that was seen last. */
  readonly #seen = new Map<string, string>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Whether what Rook writes now answers the operator's own pin. */
  isAfterPin(namespace: string): boolean {
    const wait = this.#waits.get(namespace);
    return wait?.afterPin === true && wait.until > this.#monotonicMs();
  }

  /**
   * What is left of Rook's time in this namespace. A change of the settings starts it, the first pin starts it anew, and
   * nothing else prolongs it: somebody who keeps changing them must not hold up the patches.
   */
  left(namespace: string, rows: readonly WorkloadPlan[], { config, pinned }: Settings): RookTimeLeft {
    const changed = this.#isChanged(namespace, config);
    const passSeen = this.#end(namespace, rows);
    const wait = this.#waits.get(namespace);
    const begins = wait === undefined ? pinned || changed : pinned && !wait.afterPin;
    if (begins) return { ...this.#begin(namespace, rows, { config, pinned }), passSeen };
    if (wait === undefined) return { ...NOT_WAITING, passSeen };
    const ms = wait.until - this.#monotonicMs();
    return { ms, isWaitedFor: (row) => !isAnswered(row, wait, config), passSeen };
  }

  /** @returns whether a time after a pin has come to an end by now, in which Rook has written its provisioners */
  #end(namespace: string, rows: readonly WorkloadPlan[]): boolean {
    const wait = this.#waits.get(namespace);
    if (wait === undefined || wait.until > this.#monotonicMs()) return false;
    this.#waits.delete(namespace);
    return wait.afterPin && provisioners(rows).every((row) => isWritten(row, wait));
  }

  /** Rook does not run, or the namespace is gone: nothing is waited for, and the next change starts the time anew. */
  over(namespace: string): void {
    this.#waits.delete(namespace);
    this.#seen.delete(namespace);
  }

  #begin(namespace: string, rows: readonly WorkloadPlan[], { config, pinned }: Settings): RookTimeLeft {
    const generations = new Map(
      rows.flatMap(({ workload }) => (workload === undefined ? [] : [[workload.name, workload.rollout.generation]])),
    );
    const wait = { until: this.#monotonicMs() + ROOK_TIME_MS, afterPin: pinned, generations };
    this.#waits.set(namespace, wait);
    return { ms: ROOK_TIME_MS, isWaitedFor: (row) => !isAnswered(row, wait, config), passSeen: false };
  }

  /** What is seen for the first time is no change: Rook may have followed it long ago. */
  #isChanged(namespace: string, config: RookConfig | undefined): boolean {
    const before = this.#seen.get(namespace);
    if (config === undefined) this.#seen.delete(namespace);
    else this.#seen.set(namespace, config.resourceVersion);
    return before !== undefined && config !== undefined && before !== config.resourceVersion;
  }
}

/**
 * Whether Rook has written the workload since, and will not write it again for this change. After a pin that takes a
 * port by the new keys, as the write may belong to a pass that began before it.
 */
function isAnswered(row: WorkloadPlan, wait: Wait, config: RookConfig | undefined): boolean {
  return isWritten(row, wait) && (!wait.afterPin || isRooksAnswer(config, row.layout.configKey, row.currentPort));
}

/** Each PUT of Rook's moves a Deployment's generation, and a DaemonSet's where its port differs. */
function isWritten({ workload }: WorkloadPlan, { generations }: Wait): boolean {
  const before = workload === undefined ? undefined : generations.get(workload.name);
  return before !== undefined && workload !== undefined && workload.rollout.generation > before;
}

function provisioners(rows: readonly WorkloadPlan[]): WorkloadPlan[] {
  return rows.filter(({ workload }) => workload?.kind === 'Deployment');
}
