/** How one Rook stands, in a word and in a sentence: the operator's own findings, and which of them counts as a conflict. */
import type { AssignmentStatus, Condition, ConditionType, WorkloadState } from '../../domain/rules/api.js';
import { isWithoutPort, type HostNetworkPod } from '../../domain/rules/host-network-pods.js';
import { competing } from '../../domain/rules/workload-plan.js';
import { SIDECAR_CONTAINER } from '../../domain/rules/slots.js';
import { describeConflicts, listed } from '../../domain/report/conflicts.js';
import type { ReadyReason } from '../../domain/report/reasons.js';
import { describeHeldPorts, describeHolder, describeNodes } from '../../domain/report/held-ports.js';
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
  const found: readonly (readonly [Verdict, string])[] = [
    ['NoRook', readyMessage(rook, 'NoRook').replace(/; make the CSIPortAssignment .*$/s, '')],
    ['Held', describeHeldPorts(plan).replace(/; to take free ports instead: .*$/s, '')],
    ['Conflict', describeConflicts(status.conflicts ?? [], namespace)],
    ['Conflict', readyMessage(rook, 'UpstreamConflict')],
    ['Waiting', describeWaiting(rook)],
    ['Differs', rook.isAssigned ? readyMessage(rook, 'PortsDiffer') : ''],
    ['CannotTell', plan.hasRook && !plan.knowsPods ? UNKNOWN_PODS : ''],
    ['Stuck', isAny(rook, 'Stuck') ? STUCK : ''],
    ['Moving', isAny(rook, 'RollingOut') ? MOVING : ''],
  ];
  const [verdict, summary] = found.find(([, text]) => text !== '') ?? ['NoConflict', describeHealth(rook)];
  return { verdict, summary };
}

/** Empty if Ready has another reason. */
function readyMessage({ status }: RookSurvey, reason: ReadyReason): string {
  const ready = conditionOf(status, 'Ready');
  return ready?.reason === reason ? ready.message : '';
}

/** Of DryRun and Paused, Ready has the mode instead. */
function isAny({ plan }: RookSurvey, state: WorkloadState): boolean {
  return plan.workloads.some((row) => row.state === state);
}

const STUCK = 'every sidecar has a port of its own, but pods do not come up';
const MOVING = 'every sidecar has a port of its own; pods are being replaced';
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

/** Empty if none wait. */
function describeWaiting(rook: RookSurvey): string {
  const byPort = Map.groupBy(waitingPods(rook), ({ ports }) => ports[0]?.port ?? 0);
  return [...byPort].map(([port, waiting]) => describeWaitingFor(port, waiting, rook)).join('; ');
}

/** Those that hold the port are pods of other workloads, or of an earlier template. */
function describeWaitingFor(
  port: number,
  waiting: readonly HostNetworkPod[],
  { observed, namespace }: RookSurvey,
): string {
  const wanted = namesOf(waiting, namespace);
  const holding = [...(observed.pods?.withPort(port) ?? [])].filter(({ isScheduled }) => isScheduled);
  const held = namesOf(
    holding.filter(({ workload }) => !waiting.some((pod) => pod.workload.name === workload.name)),
    namespace,
  );
  const nodes = [...new Set(holding.flatMap(({ node }) => node ?? []))].sort();
  const who = held.length === 0 ? 'which no node has free' : `which ${listed(held)} has${describeNodes({ nodes })}`;
  const subject =
    waiting.length === 1 ? `1 pod of ${listed(wanted)} waits` : `${waiting.length} pods of ${listed(wanted)} wait`;
  return `${subject} for host port ${port}, ${who}`;
}

function namesOf(pods: readonly HostNetworkPod[], own: string): string[] {
  return [...new Set(pods.map(({ workload }) => describeHolder({ ...workload, container: SIDECAR_CONTAINER }, own)))];
}

function describeHealth({ plan, status }: RookSurvey): string {
  const ports = competing(plan.workloads).map(({ currentPort }) => currentPort ?? 'no port');
  if (ports.length === 0) return conditionOf(status, 'Ready')?.message ?? 'no sidecar is on the host network';
  const shared = `every csi-addons sidecar has a host port of its own: ${ports.join(', ')}`;
  return plan.assignment.ignoredKeys.length === 0
    ? shared
    : `${shared}; but keys in ${ROOK_CONFIG_NAME} name a port that another one takes`;
}
