/**
 * What each reason means and what to do about it. The one source of `kubectl csiports explain` and of the generated parts of
 * docs/admin/troubleshoot.md. Code is in backquotes.
 */
import type { ConditionType } from '../rules/api.js';
import type { DegradedReason, EventReason, ProgressingReason, ReadyReason } from './reasons.js';

export interface ConditionExplanation {
  readonly status: 'True' | 'False';
  readonly meaning: string;
  readonly whatToDo: string;
}

/** Of a reason that another condition explains. */
export interface SameAs {
  readonly status: 'True' | 'False';
  readonly as: ConditionType;
}

export interface EventExplanation {
  readonly type: 'Normal' | 'Warning';
  readonly when: string;
}

const NOTHING = 'nothing';
const FOLLOW_THE_MESSAGE = 'follow the message';

const READY: Readonly<Record<ReadyReason, ConditionExplanation | SameAs>> = {
  PortsAssigned: {
    status: 'True',
    meaning: 'every csi-addons sidecar has a host port of its own, in every pod',
    whatToDo: NOTHING,
  },
  NothingToAssign: {
    status: 'True',
    meaning: 'no csi-addons sidecar of Rook is on the host network',
    whatToDo: NOTHING,
  },
  NoRook: {
    status: 'False',
    meaning: 'Rook is not in this namespace; the message names the namespaces where it was seen',
    whatToDo:
      "make the CSIPortAssignment in the namespace of Rook's operator, and delete this one by the command in the message",
  },
  RollingOut: { status: 'False', meaning: 'the ports are written; pods are being replaced', whatToDo: 'wait' },
  RolloutStuck: {
    status: 'False',
    meaning: 'the ports are written, but pods do not come up; the message has the cause',
    whatToDo: FOLLOW_THE_MESSAGE,
  },
  AwaitingPods: {
    status: 'False',
    meaning: 'the next workload moves when the API server has admitted the new pods of the one before',
    whatToDo: 'wait; if they are rejected, see `RolloutStuck`',
  },
  WaitingForRook: {
    status: 'False',
    meaning: "Rook's settings changed, so Rook gets up to 6 s to write its workloads first",
    whatToDo: NOTHING,
  },
  PortsDiffer: {
    status: 'False',
    meaning: 'a workload is not moved yet',
    whatToDo: 'see the message of Progressing',
  },
  PortInUse: {
    status: 'False',
    meaning:
      'something else holds a port of `spec.ports` on a node of the workload, or no port from 9070 to 9099 is free; the workload is not moved',
    whatToDo: 'run the `kubectl patch` line of the message, which takes free ports, or move the holder that it names',
  },
  UpstreamConflict: { status: 'False', as: 'Degraded' },
  PatchRejected: {
    status: 'False',
    meaning:
      'the API server rejected the patch of a workload, or the sidecar has more than a thousand arguments and ports',
    whatToDo: 'change the policy, grant the right or shorten the sidecar, as the message says',
  },
  DryRun: {
    status: 'False',
    meaning: 'the message has what would be moved, and whether the API server accepts it',
    whatToDo: 'set `spec.mode: Enforce` to move it',
  },
  Paused: {
    status: 'False',
    meaning: 'the message has what differs; nothing is written',
    whatToDo: 'set `spec.mode: Enforce` to go on',
  },
};

const PROGRESSING: Readonly<Record<ProgressingReason, ConditionExplanation | SameAs>> = {
  Settled: { status: 'False', meaning: 'nothing is being changed', whatToDo: NOTHING },
  WaitingForRook: { status: 'True', as: 'Ready' },
  AwaitingPods: { status: 'True', as: 'Ready' },
  RollingOut: { status: 'True', as: 'Ready' },
  BackingOff: {
    status: 'True',
    meaning: 'a contested object differs, and is written again at the time in the message',
    whatToDo: 'see `Contested`; an edit of the spec is carried out at once',
  },
  Retrying: {
    status: 'True',
    meaning: 'the API server was busy or away, or an object changed while it was being written',
    whatToDo: 'wait; if it lasts, look at the API server',
  },
};

const DEGRADED: Readonly<Record<DegradedReason, ConditionExplanation | SameAs>> = {
  AsExpected: { status: 'False', meaning: 'nothing needs attention', whatToDo: NOTHING },
  Contested: {
    status: 'True',
    meaning: 'an object was written five times within ten minutes, as another writer reverts it',
    whatToDo: 'stop the writer that the message names, or give it the ports',
  },
  PortInUse: { status: 'True', as: 'Ready' },
  PortConflict: {
    status: 'True',
    meaning: 'a csi-addons sidecar and another container on the same nodes have the same host port',
    whatToDo:
      'in DryRun and Paused set `spec.mode: Enforce`; in Enforce it ends by itself, unless Ready names what is in the way',
  },
  RolloutStuck: { status: 'True', as: 'Ready' },
  DriverWithoutWorkloads: {
    status: 'True',
    meaning: "a Driver of ceph-csi-operator has no pods while the CSIDriver of Rook's legacy mode is in its way",
    whatToDo: 'run a command of the message',
  },
  PatchRejected: { status: 'True', as: 'Ready' },
  PinRejected: {
    status: 'True',
    meaning: 'the API server rejected the change of `rook-ceph-operator-config`',
    whatToDo: 'grant the right or change the policy that the message names, or set `spec.rookConfig: Leave`',
  },
  InvalidRookConfig: {
    status: 'True',
    meaning:
      "a port key of Rook's settings holds no valid port; a value that is no number up to 65535 stops Rook's CSI management",
    whatToDo: 'with `spec.rookConfig: Pin` the operator replaces it; with `Leave` set it to a port',
  },
  LivenessConflict: {
    status: 'True',
    meaning: "a container of Rook's pods beside csi-addons, as a rule liveness-prometheus, shares its host port",
    whatToDo: 'follow the message; as a rule set `CSI_ENABLE_LIVENESS: "false"`',
  },
  UpstreamConflict: {
    status: 'True',
    meaning:
      'pods of ceph-csi-operator share a host port or wait for one, or a Driver is left behind after a switch back to Rook',
    whatToDo: FOLLOW_THE_MESSAGE,
  },
  HostNetworkLost: {
    status: 'True',
    meaning: "`ROOK_ENFORCE_HOST_NETWORK` is set, but no pod of a Driver's ctrlplugin is on the host network",
    whatToDo: FOLLOW_THE_MESSAGE,
  },
  ClashingRookConfig: {
    status: 'True',
    meaning:
      'a port key of yours is set aside, as `spec.ports`, another key or another holder has the same port; with `Pin` it is replaced',
    whatToDo: 'give each key a port of its own',
  },
  RookConfigAbsent: {
    status: 'True',
    meaning:
      'the ConfigMap `rook-ceph-operator-config` is absent, so Rook reverts the ports whenever it writes its workloads',
    whatToDo: 'create it with a key, such as `ROOK_LOG_LEVEL: INFO`, or set `spec.rookConfig: Leave`',
  },
};

/** In the order of docs/admin/troubleshoot.md. */
export const CONDITION_EXPLANATIONS: Readonly<
  Record<ConditionType, Readonly<Record<string, ConditionExplanation | SameAs>>>
> = { Ready: READY, Progressing: PROGRESSING, Degraded: DEGRADED };

export const EVENT_EXPLANATIONS: Readonly<Record<EventReason, EventExplanation>> = {
  Contested: { type: 'Warning', when: 'a contested object was written; the note names the other writer' },
  ConflictDetected: { type: 'Warning', when: 'a sidecar shares a host port; the note names the holders' },
  PortAssigned: { type: 'Normal', when: 'a workload was moved to its port' },
  Reasserted: { type: 'Normal', when: 'a reverted port was written again; the note names the other writer' },
  RookConfigPinned: { type: 'Normal', when: 'keys were written to `rook-ceph-operator-config`' },
  PatchRejected: { type: 'Warning', when: 'the API server rejected the patch of a workload' },
  ConflictResolved: {
    type: 'Normal',
    when: 'no sidecar shares a host port any more; Ready is True when the pods run with their ports',
  },
  Forbidden: { type: 'Warning', when: 'a right is missing in the namespace; the note names it, and what to apply' },
};

/** With what another condition says of the same reason; undefined if no condition of this type has the reason. */
export function explanationOf(type: ConditionType, reason: string): ConditionExplanation | undefined {
  const found = entryOf(type, reason);
  if (found === undefined || !('as' in found)) return found;
  const same = entryOf(found.as, reason);
  return same === undefined || 'as' in same ? undefined : { ...same, status: found.status };
}

/** Only own properties: a reason may come from the command line. */
function entryOf(type: ConditionType, reason: string): ConditionExplanation | SameAs | undefined {
  return Object.hasOwn(CONDITION_EXPLANATIONS[type], reason) ? CONDITION_EXPLANATIONS[type][reason] : undefined;
}
