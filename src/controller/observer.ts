/** What the controller reports to the metrics. Nothing here may throw: it is called in the midst of a reconcile. */
import type { Plan } from '../domain/rules/plan.js';
import type { WriteResult } from '../domain/report/write-result.js';
import type { OnInformerEvent } from '../kube/informer-state.js';
import type { WorkQueueObserver } from './work-queue.js';

export type ReconcileEvent =
  /** Before its status is stored. */
  | { readonly type: 'Reconciled'; readonly after: Plan; readonly results: readonly WriteResult[] }
  /** The namespace has no assignment (any more). */
  | { readonly type: 'Forgotten' };

export type OnReconcileEvent = (namespace: string, event: ReconcileEvent) => void;

export interface ControllerObserver {
  readonly onInformerEvent: OnInformerEvent;
  readonly queue: WorkQueueObserver;
  readonly onReconcileEvent: OnReconcileEvent;
}
