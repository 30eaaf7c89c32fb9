/** From what is observed now to what should be written. Planning again after a plan was applied writes nothing. */
import type { Mode, PortAssignment, Provider, RookConfigPolicy, WorkloadState } from './api.js';
import { assignPorts, type Assignment } from './assignment.js';
import { findConflicts, type Conflicts } from './conflicts.js';
import { invalidKeys, userKeys, type InvalidKey, type RookConfig } from './rook-config.js';
import { planPin, type Pin } from './pin.js';
import { isRookAlive, rookVersion, type RookOperator } from './rook-operator.js';
import { isObserved, isRolledOut } from './rollout.js';
import { currentPort, movePort, type JsonPatch } from './sidecar-port.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type Slot, type SlotSpec } from './slots.js';
import { MAX_READ, isCompeting, type Sidecar, type Workload } from './workload.js';

/** All that is known of one namespace. */
export interface Observed {
  readonly assignment: PortAssignment;
  readonly rookConfig?: RookConfig;
  readonly rookOperator?: RookOperator;
  readonly workloads: Readonly<Partial<Record<Slot, Workload>>>;
  /** Whether ceph-csi-operator has a Driver here whose pods carry a csi-addons sidecar. */
  readonly hasDrivers?: boolean;
  /** What this process saw when it last reconciled the namespace; absent the first time. */
  readonly lastSeen?: LastSeen;
}

/** The process's own memory of a namespace. A restart forgets it, and no port depends on it. */
export interface LastSeen {
  /** By slot, the uid of a workload of which every pod had the assigned port, and that port. */
  readonly ready: Readonly<Partial<Record<Slot, string>>>;
  /** Whether sidecars shared a host port while the mode was Enforce. */
  readonly inConflict: boolean;
}

export interface WorkloadPlan {
  readonly slotSpec: SlotSpec;
  readonly workload?: Workload;
  readonly state: Exclude<WorkloadState, 'Rejected'>;
  readonly assignedPort: number;
  readonly currentPort?: number;
  /** Present if the workload is Drifted and may be patched. */
  readonly patch?: JsonPatch;
  /** Why it may not be patched: a fault that only the admin can mend. */
  readonly unreadable?: string;
}

export interface Plan {
  readonly mode: Mode;
  readonly rookConfigPolicy: RookConfigPolicy;
  readonly assignment: Assignment;
  readonly workloads: readonly WorkloadPlan[];
  /** The keys to write; empty if nothing differs, with `rookConfig: Leave`, and without a ConfigMap. */
  readonly pin: Pin;
  readonly rookConfig?: RookConfig;
  readonly invalidKeys: readonly InvalidKey[];
  readonly conflicts: Conflicts;
  readonly provider: Provider;
  readonly rookAlive: boolean;
  readonly rookVersion?: string;
}

export function plan(observed: Observed): Plan {
  const { spec } = observed.assignment;
  const rookConfigPolicy = spec.rookConfig ?? 'Pin';
  const assignment = assignPorts(spec.ports ?? {}, userKeys(observed.rookConfig));
  const workloads = SLOT_SPECS.map((slotSpec) => planWorkload(slotSpec, observed, assignment.ports[slotSpec.slot]));
  const version = rookVersion(observed.rookOperator);
  return {
    mode: spec.mode ?? 'Enforce',
    rookConfigPolicy,
    assignment,
    workloads,
    pin: rookConfigPolicy === 'Pin' ? pinFor(observed.rookConfig, assignment, workloads) : {},
    ...(observed.rookConfig === undefined ? {} : { rookConfig: observed.rookConfig }),
    invalidKeys: invalidKeys(observed.rookConfig),
    conflicts: findConflicts(workloads.flatMap(({ workload }) => workload ?? [])),
    provider: findProvider(workloads, observed.hasDrivers === true),
    rookAlive: isRookAlive(observed.rookOperator),
    ...(version === undefined ? {} : { rookVersion: version }),
  };
}

function planWorkload(slotSpec: SlotSpec, observed: Observed, assignedPort: number): WorkloadPlan {
  const workload = observed.workloads[slotSpec.slot];
  const current = workload?.sidecar === undefined ? undefined : currentPort(workload.sidecar);
  const common = {
    slotSpec,
    ...(workload === undefined ? {} : { workload }),
    assignedPort,
    ...(current === undefined ? {} : { currentPort: current }),
  };
  if (!isCompeting(workload)) return { ...common, state: stateOfNonCompeting(workload) };
  const patch = patchFor(workload, assignedPort);
  const beyond = elementsBeyond(workload.sidecar, patch);
  if (beyond !== undefined) return { ...common, state: 'Drifted', unreadable: tooMany(beyond) };
  if (patch === undefined) return { ...common, state: isReady(common, workload, observed) ? 'Ready' : 'RollingOut' };
  return workload.deleting ? { ...common, state: 'Drifted' } : { ...common, state: 'Drifted', patch };
}

/**
 * The workload's counters judge the rollout once its controller has looked at this generation. Until then a workload stays
 * Ready if it was: every full update of Rook's moves the generation of a Deployment, and seldom restarts a pod.
 */
function isReady(
  { slotSpec: { slot }, assignedPort }: Pick<WorkloadPlan, 'slotSpec' | 'assignedPort'>,
  { rollout, uid }: Workload,
  { lastSeen }: Observed,
): boolean {
  return isObserved(rollout) ? isRolledOut(rollout) : lastSeen?.ready[slot] === `${uid} ${assignedPort}`;
}

/** What to remember of a namespace. A workload that differs, and so may be written, is not Ready. */
export function lastSeenIn(plan: Plan): LastSeen {
  const ready: Partial<Record<Slot, string>> = {};
  for (const { slotSpec, workload, state, assignedPort } of plan.workloads) {
    if (workload !== undefined && state === 'Ready') ready[slotSpec.slot] = `${workload.uid} ${assignedPort}`;
  }
  return { ready, inConflict: isInConflict(plan) };
}

/** Whether sidecars share a host port while the mode is Enforce, in which the operator ends that. */
export function isInConflict({ mode, conflicts }: Plan): boolean {
  return mode === 'Enforce' && conflicts.sidecars.length > 0;
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

function stateOfNonCompeting(workload: Workload | undefined): WorkloadPlan['state'] {
  if (workload === undefined) return 'Absent';
  if (workload.driverOwned) return 'UpstreamManaged';
  return workload.sidecar === undefined ? 'NoSidecar' : 'PodNetwork';
}

/**
 * The JSON Patch that moves the sidecar, or undefined if it is on its port. Its guards are the object's uid, the
 * container's name and each replaced value, never resourceVersion: every change of a pod moves that.
 */
function patchFor(workload: Workload & { readonly sidecar: Sidecar }, port: number): JsonPatch | undefined {
  const container = `/spec/template/spec/containers/${workload.sidecar.index}`;
  const moves = movePort(workload.sidecar, container, port);
  if (moves.length === 0) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: workload.uid },
    { op: 'test', path: `${container}/name`, value: SIDECAR_CONTAINER },
    // Absent args cannot be tested, and adding them would replace any that appeared meanwhile.
    ...(workload.sidecar.args === undefined
      ? [{ op: 'test' as const, path: '/metadata/generation', value: workload.rollout.generation }]
      : []),
    ...moves,
  ];
}

function pinFor(config: RookConfig | undefined, assignment: Assignment, workloads: readonly WorkloadPlan[]): Pin {
  if (config === undefined || config.deleting) return {};
  return planPin(config, assignment.ports, {
    competing: competing(workloads).map(({ slotSpec }) => slotSpec.slot),
    currentPorts: Object.fromEntries(workloads.map((row) => [row.slotSpec.slot, row.currentPort])),
  });
}

/** The rows whose sidecar competes for host ports. */
export function competing<T extends { readonly workload?: Workload }>(rows: readonly T[]): T[] {
  return rows.filter(({ workload }) => isCompeting(workload));
}

/** ceph-csi-operator renders what a Driver owns. A Driver has workloads of other names, too. */
function findProvider(workloads: readonly WorkloadPlan[], hasDrivers: boolean): Provider {
  const present = workloads.filter(({ workload }) => workload !== undefined);
  const isRooks = present.some(({ state }) => state !== 'UpstreamManaged');
  const isUpstreams = hasDrivers || present.some(({ state }) => state === 'UpstreamManaged');
  if (isRooks) return isUpstreams ? 'Mixed' : 'Rook';
  return isUpstreams ? 'CephCSIOperator' : 'None';
}
