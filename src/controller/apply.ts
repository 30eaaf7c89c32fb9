/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { Observed } from '../domain/rules/observed.js';
import type { Plan } from '../domain/rules/plan.js';
import type { WriteResult } from '../domain/report/write-result.js';
import { patchWorkload } from './patch-workload.js';
import { pinRookConfig } from './pin-rook-config.js';
import type { WriteDependencies } from './send.js';

/** Never rejects: what went wrong is in the rows, one for Rook's settings and one for each workload. */
export async function apply(plan: Plan, observed: Observed, deps: WriteDependencies): Promise<WriteResult[]> {
  const { namespace, uid, generation } = observed.assignment;
  deps.backoff.beginReconcile(namespace);
  deps.backoff.sawSettings(namespace, observed.rookConfig?.fingerprint, plan.rookAlive);
  if (!asksForWrites(plan)) deps.backoff.endRookHold(namespace);
  const pinned = await pinRookConfig(plan, observed, deps);
  // By a plan that is outdated now no pods are restarted: the namespace comes back.
  const now = deps.watches.assignments.get(namespace);
  if (pinned.outcome === 'Outdated' || now?.uid !== uid || now.generation !== generation) return [pinned];
  const patched = await Promise.all(plan.workloads.map((row) => patchWorkload(row, plan, observed.assignment, deps)));
  return [pinned, ...patched];
}

/** Whether anything differs that Enforce writes. */
function asksForWrites({ pin, workloads }: Plan): boolean {
  return Object.keys(pin).length > 0 || workloads.some(({ patch }) => patch !== undefined);
}
