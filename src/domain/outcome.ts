/** What applying a plan came to, and all that a status is made from. */
import type { Plan, StoredStatus } from './plan.js';
import type { Pin } from './pin.js';
import type { RookKeys, UndoneObject } from './api.js';
import type { Held } from './held.js';
import type { Undoing } from './reverts.js';
import type { Slot } from './slots.js';

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
  /** Why the API server refused the pin: a fault that time alone does not mend. */
  readonly pinRejection?: string;
  readonly patched: readonly PatchedWorkload[];
  /** Why the API server refused, or would refuse, a workload's patch, per slot. */
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
  /** What somebody had undone, see reverts.ts. */
  readonly undone: readonly Undoing[];
  /** Undone objects up to now, with these; see contested.ts. */
  readonly recent: readonly UndoneObject[];
  /** What of them was not written for now. */
  readonly held: Held;
  /** What Rook's writes have shown of the keys that it reads; undefined: nothing yet. */
  readonly rookKeys?: RookKeys;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}
