/** Why a rollout stands still: from the workload's own status and, if they are known, from its pods. */
import { isWithoutPort, type HostNetworkPod, type PodTroubleReason } from './host-network-pods.js';
import { hasOldPods, isObserved, isRolledOut, type RolloutFacts } from './rollout.js';

/** How long nothing may change before what may end by itself counts as stuck. */
export const CALM_MS = 15_000;
/** For a DaemonSet, which has no deadline of its own, what progressDeadlineSeconds is by default. */
export const DEADLINE_MS = 600_000;
/** Far beyond any wait that a verdict needs: times are written by other clocks, and a grace has no upper limit. */
const MAX_RECHECK_MS = 3_600_000;
const MAX_NAMED = 3;

type PodCauseKind = PodTroubleReason | 'Terminating';
export type StuckKind = PodCauseKind | 'Paused' | 'OnDelete' | 'Refused' | 'DeadlineExceeded';

/** The first names in order, and how many there are. */
export interface Concerned {
  readonly names: readonly string[];
  readonly count: number;
}

export interface StuckCause {
  readonly kind: StuckKind;
  /** In the words of a controller, the scheduler or the kubelet; empty if none said anything. */
  readonly message: string;
  readonly pods: Concerned;
  readonly nodes: Concerned;
  /** Of the first pod, the one that crashes; absent for other kinds. */
  readonly container?: string;
  /** Present if the scheduler finds no node with the ports of these pods free. */
  readonly lacksPort?: true;
}

export interface StuckContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether another slot, of this Rook or of one on the same nodes, is still moving: its old pods may hold what the pods wait for. */
  readonly othersMoving: boolean;
}

/** The workload's pods; undefined if they are not known. */
type Pods = Iterable<HostNetworkPod> | undefined;

/** Gravest first; of several the first is told. */
const POD_CAUSES: readonly PodCauseKind[] = [
  'Crashing',
  'ImageUnavailable',
  'NodeNotReady',
  'Terminating',
  'Unschedulable',
  'NotStarted',
];
/** What does not end without an admin. */
const AT_ONCE: ReadonlySet<PodCauseKind> = new Set<PodCauseKind>(['Crashing', 'ImageUnavailable']);

/** Undefined of a workload that is rolled out and runs, is moving, or whose controller has not looked at it yet. */
export function stuckCause(facts: RolloutFacts, pods: Pods, context: StuckContext): StuckCause | undefined {
  if (!isObserved(facts)) return undefined;
  const known = [...(pods ?? [])];
  if (isRolledOut(facts)) return causeOfKind('Crashing', known, context.now);
  return (
    heldByAdmin(facts) ??
    refusal(facts, known, context.now) ??
    podCause(facts, known, context) ??
    deadlineExceeded(facts, known, context)
  );
}

/**
 * Causes before symptoms: pods that merely cannot be scheduled may wait for the port that another stuck rollout holds, so
 * their workloads come last. The order is otherwise kept. Where pods may not be listed, both are known by their deadline alone.
 */
export function causesFirst<Row extends { readonly stuck: StuckCause }>(rows: readonly Row[]): Row[] {
  const isSymptom = ({ stuck }: Row): boolean => stuck.kind === 'Unschedulable';
  return [...rows.filter((row) => !isSymptom(row)), ...rows.filter(isSymptom)];
}

/** Whether pods are not even created. A DaemonSet has no condition for that: it counts if nothing changes any more. */
export function isRefused(facts: RolloutFacts, pods: Pods, now: number): boolean {
  if (facts.replicaFailure !== undefined) return true;
  const { scheduled, desired, statusChangedAt } = facts;
  if (scheduled === undefined || statusChangedAt === undefined || !isObserved(facts)) return false;
  return scheduled < desired && now - lastChangeAt(facts, pods ?? []) >= CALM_MS;
}

/** Whether a pod crashes. Its workload may be rolled out all the same: each start of a container counts for a moment. */
export function hasCrashing(pods: Pods, now: number): boolean {
  for (const pod of pods ?? []) if (podCauseKind(pod, now) === 'Crashing') return true;
  return false;
}

/** In how many milliseconds the verdict changes if nothing else does; undefined if it does not. */
export function recheckAfterMs(facts: RolloutFacts, pods: Pods, now: number): number | undefined {
  const known = [...(pods ?? [])];
  const kindAt = (time: number): StuckKind | undefined => {
    return stuckCause(facts, known, { now: time, othersMoving: false })?.kind;
  };
  const lastChange = lastChangeAt(facts, known);
  const provenAt = known.flatMap(({ progress }) => progress?.trouble?.runsSince ?? []).map((since) => since + CALM_MS);
  const times = [lastChange + CALM_MS, lastChange + DEADLINE_MS, ...provenAt].sort((a, b) => a - b);
  const next = times.find((time) => time > now && kindAt(time) !== kindAt(now));
  return next === undefined ? undefined : Math.min(next - now, MAX_RECHECK_MS);
}

function heldByAdmin(facts: RolloutFacts): StuckCause | undefined {
  if (facts.paused && hasOldPods(facts)) return cause('Paused');
  return facts.onDelete && hasOldPods(facts) ? cause('OnDelete') : undefined;
}

function refusal(facts: RolloutFacts, pods: readonly HostNetworkPod[], now: number): StuckCause | undefined {
  return isRefused(facts, pods, now) ? cause('Refused', facts.replicaFailure) : undefined;
}

function podCause(
  facts: RolloutFacts,
  pods: readonly HostNetworkPod[],
  { now, othersMoving }: StuckContext,
): StuckCause | undefined {
  const isCalm = now - lastChangeAt(facts, pods) >= CALM_MS;
  for (const kind of POD_CAUSES) {
    const counts = AT_ONCE.has(kind) || (isCalm && !(kind === 'Unschedulable' && othersMoving));
    const cause = counts ? causeOfKind(kind, pods, now) : undefined;
    if (cause !== undefined) return cause;
  }
  return undefined;
}

function causeOfKind(kind: PodCauseKind, pods: readonly HostNetworkPod[], now: number): StuckCause | undefined {
  const concerned = pods.filter((pod) => podCauseKind(pod, now) === kind);
  return concerned.length === 0 ? undefined : causeOf(kind, concerned);
}

/** A terminating pod is on its way out, whatever its containers do, unless its node keeps it. */
function podCauseKind({ progress }: HostNetworkPod, now: number): PodCauseKind | undefined {
  const { trouble, deletesAt } = progress ?? {};
  if (deletesAt !== undefined && trouble?.reason !== 'NodeNotReady') return 'Terminating';
  // A container that has run for a while has not crashed again.
  const isPast = trouble?.runsSince !== undefined && now - trouble.runsSince >= CALM_MS;
  return isPast ? undefined : trouble?.reason;
}

/** Pods that wait for another workload's port may exceed the deadline while that one rolls out node by node. */
function deadlineExceeded(
  facts: RolloutFacts,
  pods: readonly HostNetworkPod[],
  { now, othersMoving }: StuckContext,
): StuckCause | undefined {
  if (othersMoving) return undefined;
  if (facts.deadlineExceeded !== undefined) return cause('DeadlineExceeded', facts.deadlineExceeded);
  if (facts.scheduled === undefined || facts.statusChangedAt === undefined) return undefined;
  return now - lastChangeAt(facts, pods) >= DEADLINE_MS ? cause('DeadlineExceeded') : undefined;
}

/** The end of a grace counts as a change: until then the pod may go. 0 if no time is known. */
function lastChangeAt({ statusChangedAt = 0 }: RolloutFacts, pods: Iterable<HostNetworkPod>): number {
  let last = statusChangedAt;
  for (const { progress } of pods) {
    if (progress === undefined) continue;
    const { changedAt, deletesAt = 0, trouble } = progress;
    last = Math.max(last, changedAt, trouble?.reason === 'NodeNotReady' ? 0 : deletesAt);
  }
  return last;
}

const NONE: Concerned = { names: [], count: 0 };

function cause(kind: StuckKind, message = ''): StuckCause {
  return { kind, message, pods: NONE, nodes: NONE };
}

function causeOf(kind: PodCauseKind, pods: readonly HostNetworkPod[]): StuckCause {
  const sorted = [...pods].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { message = '', container } = sorted[0]?.progress?.trouble ?? {};
  return {
    kind,
    // What a terminating pod's containers say does not matter.
    message: kind === 'Terminating' ? '' : message,
    pods: concerned(sorted.map(({ name }) => name)),
    nodes: concerned(sorted.flatMap(({ node }) => node ?? [])),
    ...(container === undefined ? {} : { container }),
    ...(sorted.every(isWithoutPort) ? { lacksPort: true } : {}),
  };
}

function concerned(names: readonly string[]): Concerned {
  const distinct = [...new Set(names)].sort();
  return { names: distinct.slice(0, MAX_NAMED), count: distinct.length };
}
