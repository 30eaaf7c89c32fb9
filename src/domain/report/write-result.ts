/** What became of an object's write in one reconcile. A reconcile has one row for each object that it may write. */
import type { Pin } from '../rules/pin.js';
import type { Slot, WorkloadKind } from '../rules/slots.js';

export type WriteOutcome =
  /** Nothing differs, or the mode is Paused. */
  | 'Unchanged'
  /** The API server has stored it. */
  | 'Applied'
  /** The API server would store it: a dry run. */
  | 'Accepted'
  /** Held back: Rook is about to write the workloads itself. */
  | 'WaitingForRook'
  /** Held back: pods of another workload have to be admitted first. */
  | 'AwaitingPods'
  /** Held back: the object was written to the same goal again and again. */
  | 'BackingOff'
  /** The API server rejects it, a policy makes something else of it, or the object cannot be written safely. */
  | 'Rejected'
  /** The object changed meanwhile: it is read again, and planned again. */
  | 'Outdated'
  /** A passing fault: it is tried again. */
  | 'Failed';

export interface WriteResult {
  readonly kind: WorkloadKind | 'ConfigMap';
  readonly name: string;
  /** Absent for the ConfigMap. */
  readonly slot?: Slot;
  readonly outcome: WriteOutcome;
  /** Whether the API server was asked in this reconcile. Of dry runs as well. */
  readonly isSent: boolean;
  /** The workload's port before; absent where it had none. */
  readonly from?: number;
  /** The port that the workload is to have. */
  readonly to?: number;
  /** The keys of the ConfigMap that are to be written. */
  readonly keys?: Pin;
  /** Why it was rejected or failed, as the API server says it. */
  readonly cause?: string;
  /** E.g. "patch deployments.apps/csi-rbdplugin-provisioner"; present if it was rejected for want of this right. */
  readonly missingRight?: string;
  /** What failed, for the work queue. */
  readonly error?: unknown;
  /** When to try again though nothing changes, in milliseconds. */
  readonly requeueAfterMs?: number;
  /** Present if the object had been right before, so that somebody else has changed it. */
  readonly reverted?: Reverted;
  /** Present while the object is contested, also where nothing differs now. */
  readonly contest?: Contest;
}

export interface Reverted {
  /** The field manager of the write that did it; absent where managedFields do not tell. */
  readonly manager?: string;
}

/** Somebody reverts an object again and again, so its writes are backed off. */
export interface Contest extends Reverted {
  /** When the operator last wrote the object; RFC 3339, whole seconds. */
  readonly lastWriteTime: string;
  /** How long after that time it is written again at the earliest. */
  readonly backoffSeconds: number;
  /** Of the ConfigMap, the contested keys. */
  readonly keys?: readonly string[];
}

/** The rows of workloads whose write the API server rejects. */
export function rejectedWorkloads(results: readonly WriteResult[]): WriteResult[] {
  return results.filter(({ slot, outcome }) => slot !== undefined && outcome === 'Rejected');
}
