/** What is to become of one workload: the port that it is to have, how far it is, and the patch that moves it. */
import type { WorkloadState } from './api.js';
import { collidingLeftovers, type Assignment } from './assignment.js';
import type { Claim, Surroundings } from './claims.js';
import type { Observed } from './observed.js';
import type { Admission } from './order.js';
import { isObserved, isRolledOut } from './rollout.js';
import { hasCrashing } from './stuck.js';
import { currentPort, guardArguments, movePort, type JsonPatch } from './sidecar-port.js';
import { SIDECAR_CONTAINER, type SlotSpec } from './slots.js';
import type { StuckCause } from './stuck.js';
import { MAX_READ, isCompeting, type Sidecar, type Workload } from './workload.js';

type InPlay = Workload & { readonly sidecar: Sidecar };

export interface WorkloadPlan {
  readonly slotSpec: SlotSpec;
  readonly workload?: Workload;
  readonly state: Exclude<WorkloadState, 'Rejected'>;
  /** Absent if the workload is not in play, or no port is free. */
  readonly assignedPort?: number;
  readonly currentPort?: number;
  /** Present if the workload is Drifted and may be patched. */
  readonly patch?: JsonPatch;
  /** Why it may not be patched: a fault that only the admin can mend. */
  readonly unreadable?: string;
  /** Who has the port that the spec asks for; empty if no port is free. Present in state PortInUse. */
  readonly heldBy?: readonly Claim[];
  /** Whose pods have to be admitted before this workload is moved. */
  readonly awaits?: Admission;
  /** Present in state Stuck. */
  readonly stuck?: StuckCause;
}

/** The row of a slot, before the order of the moves is looked at, and how a rollout goes. */
export function planWorkload(
  slotSpec: SlotSpec,
  observed: Observed,
  assignment: Assignment,
  surroundings: Surroundings,
): WorkloadPlan {
  const workload = observed.workloads[slotSpec.slot];
  if (workload === undefined) return { slotSpec, state: 'Absent' };
  const current = workload.sidecar && currentPort(workload.sidecar);
  const found = { slotSpec, workload, ...(current === undefined ? {} : { currentPort: current }) };
  if (!isCompeting(workload)) return { ...found, state: stateOfNonCompeting(workload) };
  const port = assignment.ports[slotSpec.slot];
  if (port === undefined) return { ...found, state: 'PortInUse', heldBy: [] };
  const row = { ...found, workload, assignedPort: port };
  const heldBy = assignment.held[slotSpec.slot];
  return heldBy === undefined
    ? { ...row, ...towardsPort(row, observed, assignment, surroundings) }
    : { ...row, state: 'PortInUse', heldBy };
}

interface RowInPlay {
  readonly slotSpec: SlotSpec;
  readonly workload: InPlay;
  readonly assignedPort: number;
  readonly currentPort?: number;
}

function towardsPort(
  row: RowInPlay,
  observed: Observed,
  { ports }: Assignment,
  surroundings: Surroundings,
): Pick<WorkloadPlan, 'state' | 'patch' | 'unreadable'> {
  const { slotSpec, workload, assignedPort, currentPort: current } = row;
  const leftovers = collidingLeftovers({ slot: slotSpec.slot, workload }, ports, observed, surroundings);
  const isThere = current === assignedPort && leftovers.length === 0;
  const move = moveOf(workload, isThere ? undefined : patchFor(workload, assignedPort, leftovers));
  return move ?? { state: isReady(row, workload, observed) ? 'Ready' : 'RollingOut' };
}

/** Undefined if the sidecar is on its port. */
function moveOf(
  { sidecar, deleting }: InPlay,
  patch: JsonPatch | undefined,
): Pick<WorkloadPlan, 'state' | 'patch' | 'unreadable'> | undefined {
  const beyond = elementsBeyond(sidecar, patch);
  if (beyond !== undefined) return { state: 'Drifted', unreadable: tooMany(beyond) };
  if (patch === undefined) return undefined;
  return deleting ? { state: 'Drifted' } : { state: 'Drifted', patch };
}

/** The rows whose sidecar competes for host ports. */
export function competing<T extends { readonly workload?: Workload }>(rows: readonly T[]): T[] {
  return rows.filter(({ workload }) => isCompeting(workload));
}

/**
 * The workload's counters judge the rollout once its controller has looked at this generation, but no pod may crash. Until
 * then a workload stays Ready if it was: every full update of Rook's moves the generation of a Deployment, and seldom restarts a pod.
 */
function isReady(
  { slotSpec: { slot }, assignedPort }: Pick<WorkloadPlan, 'slotSpec' | 'assignedPort'>,
  workload: Workload,
  { lastSeen, pods, now }: Observed,
): boolean {
  const { rollout, uid } = workload;
  if (hasCrashing(pods?.of(workload), now)) return false;
  return isObserved(rollout) ? isRolledOut(rollout) : lastSeen?.ready[slot] === `${uid} ${assignedPort}`;
}

/** How many elements a sidecar has, if it has too many to be read, or would have with what the patch adds. */
function elementsBeyond({ unread, command, args = [], ports }: Sidecar, patch: JsonPatch = []): number | undefined {
  const elements = unread ?? command.length + args.length + ports.length;
  const added = patch.filter(({ op }) => op === 'add').length;
  return elements + added > MAX_READ ? elements : undefined;
}

function tooMany(elements: number): string {
  return `container ${SIDECAR_CONTAINER} has ${elements} arguments and ports, of which at most ${MAX_READ} are read; take out those that the sidecar does not need`;
}

function stateOfNonCompeting(workload: Workload): WorkloadPlan['state'] {
  if (workload.driverOwned) return 'UpstreamManaged';
  return workload.sidecar === undefined ? 'NoSidecar' : 'PodNetwork';
}

/**
 * The JSON Patch that moves the sidecar, or undefined if it is on its port. Its guards are the object's uid, the
 * container's name and each replaced value, never resourceVersion: every change of a pod moves that.
 */
function patchFor(workload: InPlay, port: number, leftovers: readonly number[]): JsonPatch | undefined {
  const container = `/spec/template/spec/containers/${workload.sidecar.index}`;
  const moves = movePort(workload.sidecar, container, port, leftovers);
  if (moves.length === 0) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: workload.uid },
    { op: 'test', path: `${container}/name`, value: SIDECAR_CONTAINER },
    // Absent args cannot be tested, and adding them would replace any that appeared meanwhile.
    ...(workload.sidecar.args === undefined
      ? [{ op: 'test' as const, path: '/metadata/generation', value: workload.rollout.generation }]
      : []),
    ...guardArguments(workload.sidecar, container, port),
    ...moves,
  ];
}
