/** The Kubernetes events that a reconcile gives rise to: one for each thing done, found, or come to an end. */
import { describePin } from '../rules/pin.js';
import { isInConflict, type Plan } from '../rules/plan.js';
import type { LastSeen } from '../rules/observed.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import type { Slot } from '../rules/slots.js';
import { describeConflicts } from './conflicts.js';
import { contestedOf, describeContest } from './contested.js';
import type { EventReason } from './reasons.js';
import { rejectedWorkloads, type WriteResult } from './write-result.js';

export interface EventSpec {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  /** What the operator did or tried, one word: the `action` of an events.k8s.io/v1 event. */
  readonly action: string;
  readonly note: string;
  /** Set if the event is about one workload; it is then recorded on the workload as well as on the assignment. */
  readonly slot?: Slot;
}

export interface Reconciled {
  readonly before: Plan;
  readonly after: Plan;
  readonly results: readonly WriteResult[];
  readonly lastSeen: LastSeen | undefined;
}

/** Only of mode Enforce: the other modes write nothing but status. */
export function eventsOf({ before, after, results, lastSeen }: Reconciled): EventSpec[] {
  const isEnforcing = before.mode === 'Enforce';
  return [
    ...conflictDetected(before, after, lastSeen),
    ...(isEnforcing ? writeEvents(results, before) : []),
    ...(isEnforcing ? conflictResolved(before, after, lastSeen) : []),
  ];
}

function writeEvents(results: readonly WriteResult[], before: Plan): EventSpec[] {
  return [
    ...results.filter(({ outcome }) => outcome === 'Applied').map(written),
    ...contested(results, before),
    ...rejected(results),
  ];
}

/** Also of a conflict that arose during the reconcile: the next one has seen it already. */
function conflictDetected(before: Plan, after: Plan, lastSeen: LastSeen | undefined): EventSpec[] {
  const found = [before, after].find(isInConflict);
  if (found === undefined || lastSeen?.inConflict === true) return [];
  const note = describeConflicts(found.conflicts.sidecars, found.namespace);
  return [{ type: 'Warning', reason: 'ConflictDetected', action: 'ComparePorts', note }];
}

function conflictResolved(before: Plan, after: Plan, lastSeen: LastSeen | undefined): EventSpec[] {
  const wasInConflict = lastSeen?.inConflict === true || isInConflict(before);
  if (!wasInConflict || after.conflicts.sidecars.length > 0) return [];
  const note = 'every csi-addons sidecar on the host network has its own port; Ready says when the pods run with it';
  return [{ type: 'Normal', reason: 'ConflictResolved', action: 'ComparePorts', note }];
}

function written(result: WriteResult): EventSpec {
  return result.slot === undefined ? pinned(result) : moved(result, result.slot);
}

function pinned({ keys = {} }: WriteResult): EventSpec {
  const note = `set ${describePin(keys)} in ${ROOK_CONFIG_NAME}, so that Rook renders the assigned ports`;
  return { type: 'Normal', reason: 'RookConfigPinned', action: 'PinRookConfig', note };
}

function moved({ kind, name, from, to, reverted }: WriteResult, slot: Slot): EventSpec {
  const reason = reverted === undefined ? 'PortAssigned' : 'Reasserted';
  const why =
    reverted === undefined
      ? 'the csi-addons sidecar has its own host port now'
      : `${reverted.manager ?? 'somebody'} had changed it back`;
  const note = `${kind} ${name}: port ${from ?? 'none'} -> ${to ?? ''}; ${why}`;
  return { type: 'Normal', reason, action: 'PatchWorkload', note, slot };
}

/** With each write of a contested object: the series counts them. */
function contested(results: readonly WriteResult[], { rookConfig }: Plan): EventSpec[] {
  return contestedOf(results)
    .filter(
      ({ outcome, keys, contest }) =>
        outcome === 'Applied' && (contest.keys?.some((key) => key in (keys ?? {})) ?? true),
    )
    .map((result) => ({
      type: 'Warning',
      reason: 'Contested',
      action: 'BackOff',
      note: describeContest(result, rookConfig),
      ...(result.slot === undefined ? {} : { slot: result.slot }),
    }));
}

function rejected(results: readonly WriteResult[]): EventSpec[] {
  return rejectedWorkloads(results)
    .filter(({ isSent }) => isSent)
    .map(({ kind, name, cause = '', slot }) => ({
      type: 'Warning',
      reason: 'PatchRejected',
      action: 'PatchWorkload',
      note: `${kind} ${name}: ${cause}`,
      ...(slot === undefined ? {} : { slot }),
    }));
}
