/** csiports_patches_total, csiports_reverts_total and csiports_rollout_seconds: what is written, and what comes of it. */
import type { ReconcileObserver, WrittenKind } from '../../controller/observer.js';
import type { WriteResult } from '../../controller/send.js';
import type { Reconciled } from '../../domain/report/outcome.js';
import type { Slot } from '../../domain/rules/slots.js';
import type { Recorder } from './recorder.js';

const WRITTEN_KINDS: readonly WrittenKind[] = ['Deployment', 'DaemonSet', 'ConfigMap'];

export class ReconcileMetrics implements ReconcileObserver {
  readonly #recorder: Recorder;
  readonly #monotonicMs: () => number;
  /** When each workload that is not Ready since was patched last, by namespace. */
  readonly #patched = new Map<string, Map<Slot, number>>();

  constructor(recorder: Recorder, monotonicMs: () => number) {
    this.#recorder = recorder;
    this.#monotonicMs = monotonicMs;
  }

  wrote(namespace: string, kind: WrittenKind, result: WriteResult): void {
    this.#recorder.count('csiports_patches_total', { namespace, kind, result });
  }

  reconciled(
    namespace: string,
    { reverted, after, outcome }: Pick<Reconciled, 'reverted' | 'after' | 'outcome'>,
  ): void {
    this.#recorder.count('csiports_reverts_total', { namespace }, reverted.length);
    // None at all, so that a rate shows the first one, too.
    for (const kind of WRITTEN_KINDS) {
      this.#recorder.count('csiports_patches_total', { namespace, kind, result: 'applied' }, 0);
    }
    const now = this.#monotonicMs();
    const patched = new Map(this.#patched.get(namespace));
    for (const { slot } of outcome.patched) patched.set(slot, now);
    for (const { slotSpec, state } of after.workloads) {
      const since = patched.get(slotSpec.slot);
      if (state === 'Ready' && since !== undefined) {
        this.#recorder.time('csiports_rollout_seconds', { kind: slotSpec.kind }, now - since);
      }
      // What is not on its port any more is patched again, or has nothing to wait for.
      if (state !== 'RollingOut') patched.delete(slotSpec.slot);
    }
    if (patched.size === 0) this.#patched.delete(namespace);
    else this.#patched.set(namespace, patched);
  }

  forgotten(namespace: string): void {
    this.#patched.delete(namespace);
    this.#recorder.forget(namespace);
  }
}
