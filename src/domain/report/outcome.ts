/** What applying a plan came to, and all that a status is made from. */
import type { Plan, StoredStatus } from '../rules/plan.js';
import type { Pin } from '../rules/pin.js';
import type { RookKeys, RevertedObject } from '../rules/api.js';
import type { Held } from '../rules/held.js';
import type { Revert } from '../rules/reverts.js';
import type { Slot } from '../rules/slots.js';

export interface PatchedWorkload {
  readonly slot: Slot;
  readonly from?: number;
  readonly to: number;
}

/** Why Rook is about to write its workloads: the operator told it the ports, or others changed its settings. */
export type WaitCause = 'Pin' | 'ForeignChange';

export interface Outcome {
  /** Present while Rook gets time to write its workloads; what then still differs is patched. */
  readonly waitingForRook?: WaitCause;
  readonly pinned: Pin;
  /** Why the API server rejected the pin: a fault that time alone does not mend. */
  readonly pinRejection?: string;
  readonly patched: readonly PatchedWorkload[];
  /** Why the API server rejected, or would reject, a workload's patch, per slot. */
  readonly rejections: Readonly<Partial<Record<Slot, string>>>;
  /** A passing fault (API server busy or away, object changed meanwhile): the reconcile is tried again. */
  readonly failure?: string;
}

export const NOTHING_DONE: Outcome = {
  pinned: {},
  patched: [],
  rejections: {},
};

export interface Reconciled {
  readonly generation: number;
  /** The status stored before. */
  readonly previous?: StoredStatus;
  /** The plan of the world as found. */
  readonly before: Plan;
  /** The plan of the world as it is after the writes of this reconcile. */
  readonly after: Plan;
  readonly outcome: Outcome;
  /** What somebody had reverted, see reverts.ts. */
  readonly reverted: readonly Revert[];
  /** Reverted objects up to now, with these; see contested.ts. */
  readonly recent: readonly RevertedObject[];
  /** What of them was not written for now. */
  readonly held: Held;
  /** What Rook's writes have shown of the keys that it reads; undefined: nothing yet. */
  readonly rookKeys?: RookKeys;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}
