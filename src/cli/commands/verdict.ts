/** How one Rook stands, in a word and in a sentence: the operator's own findings, and which of them counts as a conflict. */
import type { AssignmentStatus, Condition, ConditionType } from '../../domain/rules/api.js';
import type { HostNetworkPod } from '../../domain/rules/host-network-pods.js';
import { isWithoutPort } from '../../domain/rules/upstream-conflicts.js';
import { competing } from '../../domain/rules/workload-plan.js';
import { describeConflicts } from '../../domain/report/conflicts.js';
import { describeHeldPorts } from '../../domain/report/held-ports.js';
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import type { RookSurvey } from '../survey.js';

/** Gravest first. */
export const VERDICTS = [
  'Held',
  'Conflict',
  'Waiting',
  'Differs',
  'CannotTell',
  'Stuck',
  'Moving',
  'NoConflict',
  'NoRook',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A host port is shared, held, waited for, or not the one that the assignment gives. */
const CONFLICTS: ReadonlySet<Verdict> = new Set(['Held', 'Conflict', 'Waiting', 'Differs']);

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence without a full stop. */
  readonly summary: string;
}

export function isConflict(verdict: Verdict): boolean {
  return CONFLICTS.has(verdict);
}

export function gravest(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'NoRook';
}

/** The first that applies. */
export function judge(rook: RookSurvey): Judgement {
  const { plan, status, namespace } = rook;
  const ready = conditionOf(status, 'Ready');
  const waiting = waitingPods(rook);
  const found: readonly (readonly [Verdict, string | undefined])[] = [
    ['NoRook', only(ready?.reason === 'NoRook', ready?.message)],
    ['Held', describeHeldPorts(plan).split('; to take free ports instead')[0]],
    ['Conflict', describeConflicts(status.conflicts ?? [], namespace)],
    ['Conflict', only(ready?.reason === 'UpstreamConflict', ready?.message)],
    ['Waiting', waiting.length === 0 ? undefined : describeWaiting(waiting)],
    ['Differs', only(rook.isAssigned && ready?.reason === 'PortsDiffer', ready?.message)],
    ['CannotTell', only(plan.hasRook && !plan.knowsPods, UNKNOWN_PODS)],
    ['Stuck', only(ready?.reason === 'RolloutStuck', 'every sidecar has a port of its own, but pods do not come up')],
    ['Moving', only(ready?.reason === 'RollingOut', 'every sidecar has a port of its own; pods are being replaced')],
  ];
  for (const [verdict, summary] of found) {
    if (summary !== undefined && summary !== '') return { verdict, summary };
  }
  return { verdict: 'NoConflict', summary: describeHealth(rook) };
}

const UNKNOWN_PODS =
  'the sidecars have ports of their own, but the pods on the host network are not known, and one of them may hold such a port';

export function conditionOf(
  { conditions }: Pick<AssignmentStatus, 'conditions'>,
  type: ConditionType,
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Pods of this Rook's slots for which the scheduler finds no node with their port free. */
export function waitingPods({ plan, observed: { pods } }: RookSurvey): HostNetworkPod[] {
  if (pods === undefined) return [];
  return competing(plan.workloads)
    .flatMap(({ workload }) => (workload === undefined ? [] : [...pods.of(workload)]))
    .filter((pod) => !pod.isScheduled && isWithoutPort(pod));
}

function describeWaiting(pods: readonly HostNetworkPod[]): string {
  const counts = new Map<string, number>();
  for (const { workload } of pods) {
    const name = `${workload.kind} ${workload.name}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const named = [...counts].map(([name, count]) => `${count} of ${name}`).join(', ');
  return `pods wait for a host port that old pods still have: ${named}`;
}

function describeHealth({ plan, status }: RookSurvey): string {
  const ports = competing(plan.workloads).map(({ currentPort }) => currentPort ?? 'no port');
  if (ports.length === 0) return conditionOf(status, 'Ready')?.message ?? 'no sidecar is on the host network';
  const shared = `every csi-addons sidecar has a host port of its own: ${ports.join(', ')}`;
  return plan.assignment.ignoredKeys.length === 0
    ? shared
    : `${shared}; but keys in ${ROOK_CONFIG_NAME} name a port that another one takes`;
}

function only(isSo: boolean, text: string | undefined): string | undefined {
  return isSo ? text : undefined;
}
