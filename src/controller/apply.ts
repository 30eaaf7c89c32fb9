/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { Observed, Plan } from '../domain/rules/plan.js';
import type { WriteResult } from '../domain/report/write-result.js';
import { patchWorkload } from './patch-workload.js';
import { pinRookConfig } from './pin-rook-config.js';
import type { WriteDependencies } from './send.js';

/** Never rejects: what went wrong is in the rows, one for Rook's settings and one for each workload. */
export async function apply(plan: Plan, observed: Observed, deps: WriteDependencies): Promise<WriteResult[]> {
  const { namespace } = observed.assignment;
  deps.backoff.sawSettings(namespace, observed.rookConfig?.fingerprint, { isAlive: plan.rookAlive });
  if (!asksForWrites(plan)) deps.backoff.endRookHold(namespace);
  const pinned = await pinRookConfig(plan, observed, deps);
  const patched = await Promise.all(plan.workloads.map((row) => patchWorkload(row, plan, observed.assignment, deps)));
  return [pinned, ...patched];
}

/** Whether anything differs that Enforce writes. */
function asksForWrites({ pin, workloads }: Plan): boolean {
  return Object.keys(pin).length > 0 || workloads.some(({ patch }) => patch !== undefined);
}
