/**
 * When Rook is waited for. It writes its workloads anew with each change of its settings: after a pin that saves the
 * patches, and after a change by others a patch would only be overwritten by the rest of that pass.
 *
 * | the wait begins with | a workload is waited for until | all are, until |
 * |---|---|---|
 * | the operator's pin | Rook has written it with a port that the keys give | 3 s are over, or both provisioners are written |
 * | a change by others | Rook has written it, whatever the port | the same; a pin begins the other wait |
 */
import type { WaitCause } from '../domain/report/outcome.js';
import { competing, type WorkloadPlan } from '../domain/rules/plan.js';
import { ROOK_DEFAULT_PORT, keyForPort, type RookConfig } from '../domain/rules/rook-config.js';

/** Rook takes 0.15 to 0.4 s for a pass (1.17.9 and 1.19.10, as run), and up to 1.6 s while it is retrying. */
const ROOK_TIME_MS = 3_000;

interface Wait {
  readonly until: number;
  readonly cause: WaitCause;
  /** By the workloads' uids, their generations when it began. */
  readonly generations: ReadonlyMap<string, number>;
}

/** What the settings are now, and how they came to be so. */
export interface Settings {
  readonly config: RookConfig | undefined;
  /** Whether the operator has pinned keys just now. */
  readonly pinned: boolean;
  /** Whether its pin came too late: somebody has changed the settings meanwhile, and may not be seen yet. */
  readonly overtaken: boolean;
}

export interface RookTimeLeft {
  /** How long Rook may still take, in milliseconds; 0: it is not waited for. */
  readonly ms: number;
  readonly cause?: WaitCause;
  /** Whether this workload is still left to Rook. */
  readonly isWaitedFor: (row: WorkloadPlan) => boolean;
}

const NOT_WAITING: RookTimeLeft = { ms: 0, isWaitedFor: () => false };

export class RookTime {
  readonly #monotonicMs: () => number;
  readonly #waits = new Map<string, Wait>();
  /** By namespace, the fingerprint of the settings that were seen last. */
  readonly #seen = new Map<string, string>();

  /** Namespaces in which the last pin came too late. */
  readonly #overtaken = new Set<string>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Whether what Rook writes now answers the operator's own pin. */
  isAfterPin(namespace: string): boolean {
    return this.#running(namespace)?.cause === 'Pin';
  }

  /**
   * Takes note of the settings and of what Rook has written.
   *
   * @returns what is left of Rook's time in this namespace. A change of the settings starts it, the first pin starts it
   *   anew, the end of Rook's pass ends it, and nothing prolongs it: somebody who keeps changing them must not hold up the
   *   patches.
   */
  observe(namespace: string, rows: readonly WorkloadPlan[], { config, pinned, overtaken }: Settings): RookTimeLeft {
    // Both take note, whatever the other finds.
    const changes = [this.#isChanged(namespace, config), this.#isFirst(namespace, overtaken)];
    const running = this.#running(namespace);
    const begins = running === undefined ? pinned || changes.includes(true) : pinned && running.cause !== 'Pin';
    const wait = begins ? this.#begin(namespace, rows, pinned ? 'Pin' : 'ForeignChange') : running;
    if (wait === undefined) return NOT_WAITING;
    if (isPassOver(rows, wait, config)) {
      this.#waits.delete(namespace);
      return NOT_WAITING;
    }
    const ms = wait.until - this.#monotonicMs();
    return { ms, cause: wait.cause, isWaitedFor: (row) => !isAnswered(row, wait, config) };
  }

  /** Rook does not run, or the namespace is gone: nothing is waited for, and the next settings are the first seen. */
  forget(namespace: string): void {
    this.#waits.delete(namespace);
    this.#seen.delete(namespace);
    this.#overtaken.delete(namespace);
  }

  #begin(namespace: string, rows: readonly WorkloadPlan[], cause: WaitCause): Wait {
    const generations = new Map(
      rows.flatMap(({ workload }) => (workload === undefined ? [] : [[workload.uid, workload.rollout.generation]])),
    );
    const wait = { until: this.#monotonicMs() + ROOK_TIME_MS, cause, generations };
    this.#waits.set(namespace, wait);
    return wait;
  }

  #running(namespace: string): Wait | undefined {
    const wait = this.#waits.get(namespace);
    return wait !== undefined && wait.until > this.#monotonicMs() ? wait : undefined;
  }

  /** Of pins that come too late again and again the first counts: the others must not hold up the patches. */
  #isFirst(namespace: string, overtaken: boolean): boolean {
    const isFirst = overtaken && !this.#overtaken.has(namespace);
    if (overtaken) this.#overtaken.add(namespace);
    else this.#overtaken.delete(namespace);
    return isFirst;
  }

  /** What is seen for the first time is no change: Rook may have followed it long ago. */
  #isChanged(namespace: string, config: RookConfig | undefined): boolean {
    const before = this.#seen.get(namespace);
    if (config === undefined) this.#seen.delete(namespace);
    else this.#seen.set(namespace, config.fingerprint);
    return before !== undefined && config !== undefined && before !== config.fingerprint;
  }
}

/** Rook writes the node plugin before its provisioner, so once it has written the provisioners it has written all three. */
function isPassOver(rows: readonly WorkloadPlan[], wait: Wait, config: RookConfig | undefined): boolean {
  const provisioners = competing(rows).filter(({ slotSpec }) => slotSpec.kind === 'Deployment');
  return provisioners.length > 0 && provisioners.every((row) => isAnswered(row, wait, config));
}

/**
 * Whether Rook has written the workload since, and will not write it again for this change. After a pin that takes a
 * port by the new keys, as the write may belong to a pass that began before it.
 */
function isAnswered(row: WorkloadPlan, wait: Wait, config: RookConfig | undefined): boolean {
  return isWritten(row, wait) && (wait.cause !== 'Pin' || isByTheKeys(row, config));
}

/** Rook's default says nothing of the key for all: it is as likely from before the keys were set. */
function isByTheKeys({ slotSpec, currentPort }: WorkloadPlan, config: RookConfig | undefined): boolean {
  const giving = keyForPort(config, slotSpec.configKey, currentPort);
  return giving === 'OwnKey' || (giving === 'KeyForAll' && currentPort !== ROOK_DEFAULT_PORT);
}

/**
 * Each PUT of Rook's moves a Deployment's generation, and a DaemonSet's where its port differs. A workload that was not
 * there yet has been written since.
 */
function isWritten({ workload }: WorkloadPlan, { generations }: Wait): boolean {
  return workload !== undefined && workload.rollout.generation > (generations.get(workload.uid) ?? 0);
}
