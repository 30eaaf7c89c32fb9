/** From what is observed now to what should be written. Planning again after a plan was applied writes nothing. */
import type { Mode, Provider, RookConfigPolicy } from './api.js';
import { assignPorts, type Assignment, type Ports } from './assignment.js';
import type { Surroundings } from './claims.js';
import { findConflicts, type Conflicts } from './conflicts.js';
import { hasSidecar, type Driver } from './driver.js';
import { freePorts } from './free-ports.js';
import { surroundingsOf } from './neighbours.js';
import { portNotLeft } from './node-plugin-port.js';
import type { LastSeen, Observed } from './observed.js';
import { admission } from './order.js';
import { planPin, type Pin } from './pin.js';
import { invalidKeys, type InvalidKey, type RookConfig } from './rook-config.js';
import { isRookAlive, rookVersion } from './rook-operator.js';
import { isEnforced } from './rook-world.js';
import { judgeRollout, recheckOf } from './rollout-verdict.js';
import { SLOT_SPECS, type Slot } from './slots.js';
import { portsInstead, upstreamFindings, type UpstreamFindings } from './upstream.js';
import { competing, planWorkload, type WorkloadPlan } from './workload-plan.js';

export interface Plan {
  readonly namespace: string;
  readonly mode: Mode;
  readonly rookConfigPolicy: RookConfigPolicy;
  readonly assignment: Assignment;
  /** For each slot whose port of the spec is held, the one that it would get without the spec. */
  readonly freePorts: Ports;
  readonly workloads: readonly WorkloadPlan[];
  /** The keys to write; empty if nothing differs, with `rookConfig: Leave`, and without a ConfigMap. */
  readonly pin: Pin;
  readonly rookConfig?: RookConfig;
  /** Whether there is no ConfigMap, though Rook renders other ports without it. */
  readonly lacksRookConfig: boolean;
  readonly invalidKeys: readonly InvalidKey[];
  readonly conflicts: Conflicts;
  /** Drivers of ceph-csi-operator that do not work as they should. */
  readonly upstream: UpstreamFindings;
  /** For each slot with a port for which a pod of another namespace's Driver waits, a free one. */
  readonly portsInstead: Ports;
  readonly provider: Provider;
  readonly rookAlive: boolean;
  readonly rookVersion?: string;
  /** Whether there is a Rook in the namespace, or what it has left. */
  readonly hasRook: boolean;
  readonly rooksElsewhere: readonly string[];
  /** Whether the pods of the host network are known. */
  readonly knowsPods: boolean;
  /** The port of the node plugin with which it would keep no provisioner off; present if it does. */
  readonly portNotLeft?: number;
  /** When a rollout is to be judged again though nothing changes, in milliseconds. */
  readonly recheckAfterMs?: number;
}

/** @param isAssigned whether there is an assignment; without one this is the plan that it would give, and nothing is moved */
export function plan(observed: Observed, isAssigned = true): Plan {
  const { spec } = observed.assignment;
  const { mode = 'Enforce', rookConfig: rookConfigPolicy = 'Pin' } = spec;
  const surroundings = surroundingsOf(observed, observed.others, observed.pods);
  const assignment = assignPorts(observed, surroundings);
  const workloads = planWorkloads(observed, assignment, surroundings, isAssigned);
  const version = rookVersion(observed.rookOperator);
  const notLeft = portNotLeft(workloads, observed.pods, spec.ports);
  const upstream = upstreamFindings(observed);
  const conflicts = findConflicts(observed, surroundings);
  const recheck = Math.min(upstream.recheckAfterMs, recheckOf(workloads, surroundings.neighbours, observed));
  return {
    namespace: observed.namespace,
    mode,
    rookConfigPolicy,
    assignment,
    freePorts: freePorts(observed, surroundings, assignment),
    workloads,
    pin: rookConfigPolicy === 'Pin' ? pinFor(observed, workloads) : {},
    ...(observed.rookConfig === undefined ? {} : { rookConfig: observed.rookConfig }),
    lacksRookConfig: lacksRookConfig(observed, workloads),
    invalidKeys: invalidKeys(observed.rookConfig),
    conflicts,
    upstream,
    portsInstead: portsInstead(conflicts, assignment.ports, observed, surroundings),
    provider: findProvider(workloads, observed.drivers),
    rookAlive: isRookAlive(observed.rookOperator),
    ...(version === undefined ? {} : { rookVersion: version }),
    hasRook: observed.rookOperator !== undefined || workloads.some(({ workload }) => workload !== undefined),
    rooksElsewhere: observed.rooksElsewhere,
    knowsPods: observed.pods !== undefined,
    ...(notLeft === undefined ? {} : { portNotLeft: notLeft }),
    ...(recheck === Infinity ? {} : { recheckAfterMs: recheck }),
  };
}

function planWorkloads(
  observed: Observed,
  assignment: Assignment,
  surroundings: Surroundings,
  isAssigned: boolean,
): WorkloadPlan[] {
  const isMoved = isAssigned && isEnforced(observed);
  const drafts = SLOT_SPECS.map((slotSpec) => planWorkload(slotSpec, observed, assignment, surroundings));
  const rows = isMoved ? inOrder(drafts, observed) : drafts;
  const beside = { rows, neighbours: surroundings.neighbours, isMoved };
  return rows.map((row) => judgeRollout(row, beside, observed));
}

/** With what each move waits for. */
function inOrder(drafts: readonly WorkloadPlan[], observed: Observed): WorkloadPlan[] {
  return drafts.map((row) => {
    const awaits = row.patch === undefined ? undefined : admission(row, drafts, observed);
    return awaits === undefined ? row : { ...row, awaits };
  });
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

/** Keys of workloads that may not be moved yet, or not at all, are left alone: Rook would move them by the key. */
function pinFor(observed: Observed, workloads: readonly WorkloadPlan[]): Pin {
  const { rookConfig } = observed;
  return rookConfig === undefined || rookConfig.deleting ? {} : keysFor(rookConfig, observed, workloads);
}

function keysFor(
  config: Pick<RookConfig, 'keys'>,
  { rookOperator }: Observed,
  workloads: readonly WorkloadPlan[],
): Pin {
  const rows = competing(workloads).filter(({ state, awaits }) => state !== 'PortInUse' && awaits === undefined);
  return planPin(config, {
    ports: portsBySlot(rows, ({ assignedPort }) => assignedPort),
    currentPorts: portsBySlot(workloads, (row) => row.currentPort),
    rookOperator,
  });
}

function lacksRookConfig(observed: Observed, workloads: readonly WorkloadPlan[]): boolean {
  if (observed.rookConfig !== undefined) return false;
  return Object.keys(keysFor({ keys: {} }, observed, workloads)).length > 0;
}

function portsBySlot(rows: readonly WorkloadPlan[], portOf: (row: WorkloadPlan) => number | undefined): Ports {
  const entries = rows.flatMap((row) => {
    const port = portOf(row);
    return port === undefined ? [] : [[row.slotSpec.slot, port] as const];
  });
  return Object.fromEntries(entries);
}

/** ceph-csi-operator renders what a Driver owns. A Driver has workloads of other names, too. */
function findProvider(workloads: readonly WorkloadPlan[], drivers: readonly Driver[]): Provider {
  const hasDrivers = drivers.some(({ name }) => hasSidecar(name));
  const present = workloads.filter(({ workload }) => workload !== undefined);
  const isRooks = present.some(({ state }) => state !== 'UpstreamManaged');
  const isUpstreams = hasDrivers || present.some(({ state }) => state === 'UpstreamManaged');
  if (isRooks) return isUpstreams ? 'Mixed' : 'Rook';
  return isUpstreams ? 'CephCSIOperator' : 'None';
}
