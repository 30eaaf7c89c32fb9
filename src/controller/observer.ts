/** What the controller tells those who count. Nothing here may throw: it is called in the midst of a reconcile. */
import type { WorkloadKind } from '../domain/rules/slots.js';
import type { Reconciled } from '../domain/report/outcome.js';
import type { OnInformerEvent } from '../kube/informer-state.js';
import type { WriteResult } from './send.js';
import type { WorkQueueObserver } from './work-queue.js';

export type WrittenKind = WorkloadKind | 'ConfigMap';

export interface ReconcileObserver {
  /** A write of a workload or of Rook's settings was sent. Dry runs are not told of. */
  wrote(namespace: string, kind: WrittenKind, result: WriteResult): void;
  /** Before its status is stored. */
  reconciled(namespace: string, reconciled: Pick<Reconciled, 'reverted' | 'after' | 'outcome'>): void;
  /** The namespace has no assignment (any more). */
  forgotten(namespace: string): void;
}

export interface ControllerObserver {
  readonly onInformerEvent: OnInformerEvent;
  readonly queue: WorkQueueObserver;
  readonly reconciles: ReconcileObserver;
}
