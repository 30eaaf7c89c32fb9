/** The Kubernetes events that a reconcile gives rise to: one for each thing done, found, or come to an end. */
import { describeConflicts } from '../rules/conflicts.js';
import { describeObject } from './contested-message.js';
import { isContested } from '../rules/contested.js';
import { hasSidecarConflict } from './degraded.js';
import type { AssignmentStatus, RevertedObject } from '../rules/api.js';
import { describePin } from '../rules/pin.js';
import type { StoredStatus } from '../rules/plan.js';
import { EVENT_REASONS, READY_REASONS, type EventReason } from './reasons.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { SLOT_SPECS, slotOf, type Slot } from '../rules/slots.js';
import type { Reconciled } from './outcome.js';

export interface EventSpec {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  /** What the operator did or tried, one word: the `action` of an events.k8s.io/v1 event. */
  readonly action: string;
  readonly note: string;
  /** Set where the event is about one workload; it is then recorded on the workload as well as on the assignment. */
  readonly slot?: Slot;
}

/** Only in mode Enforce: the other modes write nothing but status. */
export function eventsOf(reconciled: Reconciled, next: AssignmentStatus): EventSpec[] {
  if (reconciled.after.mode !== 'Enforce') return [];
  return [
    ...conflictDetected(reconciled),
    ...pinned(reconciled),
    ...moved(reconciled),
    ...contested(reconciled),
    ...rejected(reconciled),
    ...conflictResolved(reconciled, next),
  ];
}

function conflictDetected({ before, previous }: Reconciled): EventSpec[] {
  if (before.conflicts.sidecars.length === 0 || wasToldOf(previous)) return [];
  const note = describeConflicts(before.conflicts.sidecars);
  return [{ type: 'Warning', reason: EVENT_REASONS.ConflictDetected, action: 'ComparePorts', note }];
}

/** A conflict that was stored in DryRun or Paused gave rise to no event. */
function wasToldOf(previous: StoredStatus | undefined): boolean {
  return hasSidecarConflict(previous) && !wasOnlyLooking(previous);
}

function wasOnlyLooking(previous: StoredStatus | undefined): boolean {
  const ready = previous?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  return ready === READY_REASONS.DryRun || ready === READY_REASONS.Paused;
}

function conflictResolved({ previous }: Reconciled, next: AssignmentStatus): EventSpec[] {
  if (!hasSidecarConflict(previous) || hasSidecarConflict(next)) return [];
  const note = 'every csi-addons sidecar on the host network has its own port, and the pods are running with it';
  return [{ type: 'Normal', reason: EVENT_REASONS.ConflictResolved, action: 'ComparePorts', note }];
}

function pinned({ outcome }: Reconciled): EventSpec[] {
  const keys = describePin(outcome.pinned);
  if (keys === '') return [];
  const note = `set ${keys} in ${ROOK_CONFIG_NAME}, so that Rook renders the assigned ports`;
  return [{ type: 'Normal', reason: EVENT_REASONS.RookConfigPinned, action: 'PinRookConfig', note }];
}

function moved(reconciled: Reconciled): EventSpec[] {
  const known = repairable(reconciled);
  return reconciled.outcome.patched.map(({ slot, from, to }) => {
    const revert = known.find(({ name }) => slotOf(name) === slot);
    const again = revert !== undefined;
    const reason = again ? EVENT_REASONS.Reasserted : EVENT_REASONS.PortAssigned;
    const why = again
      ? `${revert.manager ?? 'somebody'} had changed it back`
      : 'the csi-addons sidecar has its own host port now';
    const note = `${workloadName(slot)}: port ${from ?? 'none'} -> ${to}; ${why}`;
    return { type: 'Normal', reason, action: 'PatchWorkload', note, slot };
  });
}

/**
 * The reverts whose repair a patch may be: those found now, and those found some time before and not repaired since, as
 * Rook was waited for, a write failed, or the object is contested.
 */
function repairable({ reverted, recent, previous }: Reconciled): Pick<RevertedObject, 'name' | 'manager'>[] {
  const isOpen = ({ name }: RevertedObject): boolean => {
    const state = previous?.workloads?.find((row) => row.name === name)?.state;
    return (state === 'Drifted' || state === 'Rejected') && !wasOnlyLooking(previous);
  };
  return [...reverted, ...recent.filter((object) => isContested(object) || isOpen(object))];
}

/** Once, when an object becomes contested. */
function contested({ recent, previous, after }: Reconciled): EventSpec[] {
  const known = previous?.reverts?.recent?.filter(isContested) ?? [];
  return recent
    .filter((object) => isContested(object) && !known.some(({ name }) => name === object.name))
    .map((object) => {
      const slot = slotOf(object.name);
      const about = { type: 'Warning', reason: EVENT_REASONS.Contested, action: 'BackOff' } as const;
      return { ...about, note: describeObject(object, after.rookConfig), ...(slot === undefined ? {} : { slot }) };
    });
}

function rejected({ outcome, previous }: Reconciled): EventSpec[] {
  return SLOT_SPECS.flatMap(({ slot }) => {
    const cause = outcome.rejections[slot];
    const known = previous?.workloads?.some((row) => row.slot === slot && row.state === 'Rejected') ?? false;
    if (cause === undefined || known) return [];
    const note = `${workloadName(slot)}: ${cause}`;
    return [{ type: 'Warning', reason: EVENT_REASONS.PatchRejected, action: 'PatchWorkload', note, slot }];
  });
}

function workloadName(slot: Slot): string {
  const layout = SLOT_SPECS.find((candidate) => candidate.slot === slot);
  return `${layout?.kind ?? ''} ${layout?.workload ?? slot}`;
}
