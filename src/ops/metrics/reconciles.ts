/** csiports_patches_total, csiports_reverts_total and csiports_rollout_seconds: what is written, and what comes of it. */
import type { OnReconcileEvent, ReconcileEvent } from '../../controller/reconciler.js';
import type { WriteOutcome, WriteResult } from '../../domain/report/write-result.js';
import type { Slot } from '../../domain/rules/slots.js';
import type { Recorder } from './recorder.js';

const KINDS: readonly WriteResult['kind'][] = ['Deployment', 'DaemonSet', 'ConfigMap'];

/** The label `result` of what was sent. */
const RESULTS: Readonly<Partial<Record<WriteOutcome, string>>> = {
  Applied: 'applied',
  Rejected: 'rejected',
  Outdated: 'outdated',
  Failed: 'error',
};

export function countReconciles(recorder: Recorder, monotonicMs: () => number): OnReconcileEvent {
  /** When each workload that is not Ready since was patched last, by namespace. */
  const patched = new Map<string, Map<Slot, number>>();
  return (namespace, event) => {
    if (event.type === 'Forgotten') {
      patched.delete(namespace);
      recorder.forget(namespace);
      return;
    }
    // A dry run is no write, also if it is rejected.
    countWrites(recorder, namespace, event.mode === 'DryRun' ? [] : event.results);
    const times = new Map(patched.get(namespace));
    timeRollouts(recorder, event, { times, now: monotonicMs() });
    if (times.size === 0) patched.delete(namespace);
    else patched.set(namespace, times);
  };
}

function countWrites(recorder: Recorder, namespace: string, results: readonly WriteResult[]): void {
  const putBack = results.filter(({ outcome, reverted }) => outcome === 'Applied' && reverted !== undefined);
  recorder.count('csiports_reverts_total', { namespace }, putBack.length);
  // A series from the first reconcile on, so that a rate shows the first write, too.
  for (const kind of KINDS) recorder.count('csiports_patches_total', { namespace, kind, result: 'applied' }, 0);
  for (const { kind, outcome, isSent } of results) {
    const result = isSent ? RESULTS[outcome] : undefined;
    if (result !== undefined) recorder.count('csiports_patches_total', { namespace, kind, result });
  }
}

/** From the last patch of a workload until it is Ready. One that has left its port is patched again, and timed anew. */
function timeRollouts(
  recorder: Recorder,
  { after, results }: Extract<ReconcileEvent, { type: 'Reconciled' }>,
  { times, now }: { readonly times: Map<Slot, number>; readonly now: number },
): void {
  for (const { slot, outcome } of results) if (slot !== undefined && outcome === 'Applied') times.set(slot, now);
  for (const { slotSpec, state } of after.workloads) {
    const since = times.get(slotSpec.slot);
    if (state === 'Ready' && since !== undefined) {
      recorder.time('csiports_rollout_seconds', { kind: slotSpec.kind }, now - since);
    }
    if (state !== 'RollingOut') times.delete(slotSpec.slot);
  }
}
