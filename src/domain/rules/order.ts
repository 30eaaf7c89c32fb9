/**
 * Which workload is moved when. Provisioners come first: a policy that rejects the new port then costs no node its mounts.
 * While pods of one slot are refused, nothing else is moved, unless that slot is to be moved, too: the new port may be what
 * admits them. What stands still for another reason has no word on the port, and is waited for no longer.
 */
import type { WorkloadPlan } from './workload-plan.js';
import { isAdmitted } from './rollout.js';
import type { HostNetworkPods } from './host-network-pods.js';
import type { SlotSpec } from './slots.js';
import { isRefused, stuckCause } from './stuck.js';

/** The workload that is waited for. */
export interface Admission {
  readonly kind: SlotSpec['kind'];
  readonly name: string;
  /** Whether its pods are refused, and not only on their way. */
  readonly isRefused: boolean;
}

type Row = Pick<WorkloadPlan, 'slotSpec' | 'workload' | 'state' | 'patch'>;

interface Context {
  readonly pods?: HostNetworkPods;
  readonly now: number;
}

/** What has to happen before the row is moved; undefined if it may be. */
export function admission(row: Row, rows: readonly Row[], context: Context): Admission | undefined {
  const { pods, now } = context;
  const others = rows.filter((other) => other !== row && isInPlay(other));
  const refused = others.find(({ workload, patch }) => {
    if (workload === undefined || patch !== undefined) return false;
    return isRefused(workload.rollout, pods?.of(workload), now);
  });
  if (refused !== undefined) return admissionOf(refused, true);
  if (row.slotSpec.kind === 'Deployment') return undefined;
  const provisioner = others.find((other) => other.slotSpec.kind === 'Deployment' && !isMoved(other, context));
  return provisioner && admissionOf(provisioner, false);
}

function isInPlay({ state }: Row): boolean {
  return state === 'Drifted' || state === 'RollingOut' || state === 'Ready';
}

/** Whether it has nothing to move any more, and its pods exist. A workload that its controller has never seen has none. */
function isMoved({ patch, workload }: Row, { pods, now }: Context): boolean {
  if (workload === undefined || workload.rollout.observedGeneration === 0) return true;
  if (patch !== undefined) return false;
  const { rollout } = workload;
  return isAdmitted(rollout) || stuckCause(rollout, pods?.of(workload), { now, othersMoving: false }) !== undefined;
}

function admissionOf({ slotSpec: { kind, workload: name } }: Row, refused: boolean): Admission {
  return { kind, name, isRefused: refused };
}
