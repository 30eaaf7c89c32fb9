/**
 * What is written, and what comes of it: csiports_patches_total, csiports_reverts_total, csiports_rollout_seconds and
 * csiports_reconcile_forbidden.
 */
import type { ReconcileEvent } from '../../controller/reconciler.js';
import type { WriteOutcome, WriteResult } from '../../domain/report/write-result.js';
import type { Slot } from '../../domain/rules/slots.js';
import type { Recorder } from './recorder.js';

type Reconciled = Extract<ReconcileEvent, { type: 'Reconciled' }>;

const KINDS: readonly WriteResult['kind'][] = ['Deployment', 'DaemonSet', 'ConfigMap'];

/** The label `result` of what was sent. */
const RESULTS: Readonly<Partial<Record<WriteOutcome, string>>> = {
  Applied: 'applied',
  Rejected: 'rejected',
  Outdated: 'outdated',
  Failed: 'error',
};

export class ReconcileMetrics {
  /** By namespace, whether its last reconcile lacked a right. */
  readonly forbidden = new Map<string, boolean>();
  readonly #recorder: Recorder;
  readonly #monotonicMs: () => number;
  /** When each workload that is not Ready since was patched last, by namespace. */
  readonly #patched = new Map<string, Map<Slot, number>>();

  constructor(recorder: Recorder, monotonicMs: () => number) {
    this.#recorder = recorder;
    this.#monotonicMs = monotonicMs;
  }

  observe(namespace: string, event: ReconcileEvent): void {
    switch (event.type) {
      case 'Reconciled':
        // A dry run is no write, also if it is rejected.
        countWrites(this.#recorder, namespace, event.mode === 'DryRun' ? [] : event.results);
        this.#timeRollouts(namespace, event);
        break;
      case 'Finished':
        this.forbidden.set(namespace, event.missingRights.length > 0);
        break;
      case 'Forgotten':
        this.forbidden.delete(namespace);
        this.#patched.delete(namespace);
        this.#recorder.forget(namespace);
        break;
    }
  }

  #timeRollouts(namespace: string, event: Reconciled): void {
    const times = new Map(this.#patched.get(namespace));
    timeRollouts(this.#recorder, event, { times, now: this.#monotonicMs() });
    if (times.size === 0) this.#patched.delete(namespace);
    else this.#patched.set(namespace, times);
  }
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
  { after, results }: Reconciled,
  { times, now }: { readonly times: Map<Slot, number>; readonly now: number },
): void {
  for (const { slot, outcome } of results) if (slot !== undefined && outcome === 'Applied') times.set(slot, now);
  for (const { slotSpec, state } of after.workloads) {
    const since = times.get(slotSpec.slot);
    if (state === 'Ready' && since !== undefined) {
      recorder.time('csiports_rollout_seconds', { kind: slotSpec.kind }, now - since);
    }
    // A rollout that is stuck goes on when its cause is mended.
    if (state !== 'RollingOut' && state !== 'Stuck') times.delete(slotSpec.slot);
  }
}
