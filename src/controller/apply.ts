/** Carries out a plan: the pin first, so that Rook may do the work, then the patches of what still differs. */
import type { PortAssignment } from '../domain/rules/api.js';
import type { Observed, Plan } from '../domain/rules/plan.js';
import type { WriteResult } from '../domain/report/write-result.js';
import type { Writer } from '../kube/writer.js';
import { patchWorkload } from './patch-workload.js';
import { pinRookConfig } from './pin-rook-config.js';
import type { Attempt } from './send.js';
import type { Watches } from './watches.js';
import type { ContestState, WriteBackoff, WriteTarget } from './write-backoff.js';

export interface ApplyDependencies {
  readonly writer: Writer;
  readonly watches: Watches;
  readonly backoff: WriteBackoff;
}

/** Never rejects: what went wrong is in the rows, one for Rook's settings and one for each workload. */
export async function apply(plan: Plan, observed: Observed, deps: ApplyDependencies): Promise<WriteResult[]> {
  const { namespace } = observed.assignment;
  deps.backoff.sawSettings(namespace, observed.rookConfig?.fingerprint, { isAlive: plan.rookAlive });
  if (!asksForWrites(plan)) deps.backoff.endRookHold(namespace);
  const pinned = await pinRookConfig(plan, observed, deps);
  const patched = await Promise.all(plan.workloads.map((row) => patchWorkload(row, plan, observed.assignment, deps)));
  return [pinned, ...patched];
}

/** Whether anything differs that Enforce would write. */
export function asksForWrites({ pin, workloads }: Plan): boolean {
  return Object.keys(pin).length > 0 || workloads.some(({ patch }) => patch !== undefined);
}

/** A new edit of the spec is a new goal, also if it asks for the same port: the admin's word is carried out at once. */
export function targetOf(
  { namespace, uid, generation }: PortAssignment,
  name: string,
  port: number | string,
): WriteTarget {
  return { namespace, name, goal: `${port} ${uid} ${generation}` };
}

/** The row of an object. */
export function resultOf(
  about: Omit<WriteResult, keyof Attempt | 'contest'>,
  attempt: Attempt,
  contest: ContestState | undefined,
): WriteResult {
  if (contest === undefined) return { ...about, ...attempt };
  const { quietAfterMs, ...reported } = contest;
  const requeueAfterMs = Math.min(attempt.requeueAfterMs ?? Infinity, quietAfterMs);
  return { ...about, ...attempt, requeueAfterMs, contest: reported };
}
