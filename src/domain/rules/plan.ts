/**
 * The plan: from what is observed now to what should be written. Pure; planning again after the plan was applied
 * gives a plan that writes nothing.
 */
import type { AssignmentStatus, Mode, PortAssignment, Provider, RookConfigPolicy, WorkloadState } from './api.js';
import { assignPorts, type Assignment } from './assignment.js';
import { findConflicts, type Conflicts } from './conflicts.js';
import { invalidKeys, userKeys, type InvalidKey, type RookConfig } from './rook-config.js';
import { pinnedKeys, planPin, type Pin } from './pin.js';
import { isRookAlive, rookVersion, type RookOperator } from './rook-operator.js';
import { isObserved, isRolledOut } from './rollout.js';
import { currentPort, movePort, type JsonPatch } from './sidecar-port.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type ConfigKey, type Slot, type SlotSpec } from './slots.js';
import { MAX_READ, isCompeting, type Sidecar, type Workload } from './workload.js';

/** All that is known of one namespace. */
export interface Observed {
  readonly assignment: PortAssignment;
  readonly rookConfig?: RookConfig;
  readonly rookOperator?: RookOperator;
  readonly workloads: Readonly<Partial<Record<Slot, Workload>>>;
  /** Workloads of ceph-csi-operator, sorted by kind and name. */
  readonly upstream?: readonly Workload[];
  /** Whether there are Drivers of ceph-csi-operator; their workloads may be hidden by a missing right. */
  readonly hasDrivers?: boolean;
  /** Slots patched since the assignment's status was stored. */
  readonly patched?: readonly Slot[];
}

export interface WorkloadPlan {
  readonly slotSpec: SlotSpec;
  readonly workload?: Workload;
  readonly state: Exclude<WorkloadState, 'Rejected'>;
  readonly assignedPort: number;
  readonly currentPort?: number;
  /** Present where the workload is Drifted and may be patched. */
  readonly patch?: JsonPatch;
  /** Why it may not be, for a fault that only the admin mends. */
  readonly unreadable?: string;
}

export interface Plan {
  readonly mode: Mode;
  readonly rookConfigPolicy: RookConfigPolicy;
  readonly assignment: Assignment;
  readonly workloads: readonly WorkloadPlan[];
  /** The keys to write; empty when nothing differs, with `rookConfig: Leave`, and where the ConfigMap is absent. */
  readonly pin: Pin;
  /** The keys that are right, and that nobody but the operator is known to own. */
  readonly pinned: Pin;
  readonly rookConfig?: RookConfig;
  readonly invalidKeys: readonly InvalidKey[];
  readonly conflicts: Conflicts;
  /** Workloads that ceph-csi-operator renders: observed, never written. */
  readonly upstream: readonly Workload[];
  readonly provider: Provider;
  readonly rookAlive: boolean;
  readonly rookVersion?: string;
}

export function plan(observed: Observed): Plan {
  const { spec } = observed.assignment;
  const rookConfigPolicy = spec.rookConfig ?? 'Pin';
  const assignment = assignPorts(spec.ports ?? {}, userKeys(observed.rookConfig));
  const workloads = SLOT_SPECS.map((slotSpec) => planWorkload(slotSpec, observed, assignment.ports[slotSpec.slot]));
  const upstream = observed.upstream ?? [];
  const version = rookVersion(observed.rookOperator);
  return {
    mode: spec.mode ?? 'Enforce',
    rookConfigPolicy,
    assignment,
    workloads,
    pin: rookConfigPolicy === 'Pin' ? pinFor(observed.rookConfig, assignment, workloads) : {},
    pinned: observed.rookConfig === undefined ? {} : pinnedKeys(observed.rookConfig, assignment.ports),
    ...(observed.rookConfig === undefined ? {} : { rookConfig: observed.rookConfig }),
    invalidKeys: invalidKeys(observed.rookConfig),
    conflicts: findConflicts(
      workloads.flatMap(({ workload }) => workload ?? []),
      upstream,
    ),
    upstream,
    provider: findProvider(workloads, upstream.length > 0 || observed.hasDrivers === true),
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
 * A new generation is no rollout yet: a Deployment's moves with every annotation, and so with every full update of
 * Rook's. Until the controller has looked at it, what was Ready stays so, unless it is our own patch that is new.
 */
function isReady(
  { slotSpec: { slot }, assignedPort }: Pick<WorkloadPlan, 'slotSpec' | 'assignedPort'>,
  { rollout }: Workload,
  { assignment, patched }: Observed,
): boolean {
  if (isObserved(rollout) || patched?.includes(slot) === true) return isRolledOut(rollout);
  const row = assignment.status?.workloads?.find((candidate) => candidate.slot === slot);
  return row?.state === 'Ready' && row.currentPort === assignedPort;
}

/** How many elements a sidecar has that is not read, or would not be any more with what is added to it. */
function elementsBeyond({ unread, command, args = [], ports }: Sidecar, patch: JsonPatch = []): number | undefined {
  const elements = unread ?? command.length + args.length + ports.length;
  const added = patch.filter(({ op }) => op === 'add').length;
  return elements + added > MAX_READ ? elements : undefined;
}

function tooMany(elements: number): string {
  return `container ${SIDECAR_CONTAINER} has ${elements} arguments and ports, of which at most ${MAX_READ} are read; take out those that the sidecar does not need`;
}

function stateOfNonCompeting(
  workload: Workload | undefined,
): 'Absent' | 'UpstreamManaged' | 'NoSidecar' | 'PodNetwork' {
  if (workload === undefined) return 'Absent';
  if (workload.driverOwned) return 'UpstreamManaged';
  return workload.sidecar === undefined ? 'NoSidecar' : 'PodNetwork';
}

/**
 * The JSON Patch that moves the sidecar, or undefined when it is on its port. Its guards are the object's uid, the
 * container's name and each replaced value, never resourceVersion: every change of a pod moves that.
 */
function patchFor(
  workload: Workload & { readonly sidecar: NonNullable<Workload['sidecar']> },
  port: number,
): JsonPatch | undefined {
  const container = `/spec/template/spec/containers/${workload.sidecar.index}`;
  const moves = movePort(workload.sidecar, container, port);
  if (moves.length === 0) return undefined;
  return [
    { op: 'test', path: '/metadata/uid', value: workload.uid },
    { op: 'test', path: `${container}/name`, value: SIDECAR_CONTAINER },
    ...(workload.sidecar.args === undefined ? unchangedSpec(workload) : []),
    ...moves,
  ];
}

/** Args that the template does not have cannot be tested, and adding them would replace any that appeared meanwhile. */
function unchangedSpec({ rollout }: Workload): JsonPatch {
  return [{ op: 'test', path: '/metadata/generation', value: rollout.generation }];
}

function pinFor(config: RookConfig | undefined, assignment: Assignment, workloads: readonly WorkloadPlan[]): Pin {
  if (config === undefined || config.deleting) return {};
  return planPin(config, assignment.ports, {
    competing: competing(workloads).map(({ slotSpec }) => slotSpec.slot),
    currentPorts: Object.fromEntries(workloads.map((row) => [row.slotSpec.slot, row.currentPort])),
  });
}

/** Whether a plan writes what an earlier one did not, or otherwise. */
export function asksForMore(later: Plan, earlier: Plan): boolean {
  const isNewKey = (key: string): boolean => later.pin[key as ConfigKey] !== earlier.pin[key as ConfigKey];
  const isNewPatch = ({ patch, assignedPort }: WorkloadPlan, index: number): boolean => {
    const before = earlier.workloads[index];
    return patch !== undefined && (before?.patch === undefined || before.assignedPort !== assignedPort);
  };
  return Object.keys(later.pin).some(isNewKey) || later.workloads.some(isNewPatch);
}

/** The rows whose sidecar competes for host ports. */
export function competing<T extends { readonly workload?: Workload }>(rows: readonly T[]): T[] {
  return rows.filter(({ workload }) => isCompeting(workload));
}

function findProvider(workloads: readonly WorkloadPlan[], hasUpstream: boolean): Provider {
  const present = workloads.filter(({ workload }) => workload !== undefined);
  const isRooks = present.some(({ state }) => state !== 'UpstreamManaged');
  const isUpstreams = hasUpstream || present.some(({ state }) => state === 'UpstreamManaged');
  if (isRooks) return isUpstreams ? 'Mixed' : 'Rook';
  return isUpstreams ? 'CephCSIOperator' : 'None';
}

/** What an earlier reconcile stored, as far as it is there. */
export type StoredStatus = Partial<AssignmentStatus>;
