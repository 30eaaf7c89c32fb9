/**
 * What each reason means and what to do about it. The one source of the tables of docs/admin/troubleshoot.md and of
 * `kubectl csiports explain`. Code is in backquotes.
 */
import type { ConditionType } from '../rules/api.js';
import type { DegradedReason, EventReason, ProgressingReason, ReadyReason } from './reasons.js';

export interface ConditionExplanation {
  readonly status: 'True' | 'False';
  readonly meaning: string;
  readonly whatToDo: string;
  /** Heading of docs/admin/troubleshoot.md that has more of it. */
  readonly section?: 'stuck' | 'contested';
}

/** Of a reason that another condition has, too, what differs. */
export interface SameAs {
  readonly status: 'True' | 'False';
  readonly as: ConditionType;
  readonly whatToDo?: string;
}

export interface EventExplanation {
  readonly type: 'Normal' | 'Warning';
  readonly when: string;
}

const NOTHING = 'nothing';
const ENFORCE = '`spec.mode: Enforce` does it';

const READY: Readonly<Record<ReadyReason, ConditionExplanation>> = {
  PortsAssigned: {
    status: 'True',
    meaning: 'all sidecars are on their ports and all pods run with them',
    whatToDo: NOTHING,
  },
  NothingToAssign: {
    status: 'True',
    meaning: "no sidecar of Rook's is on the host network; the message lists why, per workload",
    whatToDo: NOTHING,
  },
  NoRook: {
    status: 'False',
    meaning: 'there is no Rook in this namespace; the message names those in which Rook was seen',
    whatToDo:
      "make the CSIPortAssignment in the namespace of Rook's operator, and delete this one by the command in the message",
  },
  RollingOut: { status: 'False', meaning: 'the templates are right, pods are being replaced', whatToDo: 'wait' },
  RolloutStuck: {
    status: 'False',
    meaning: "the templates are right, and pods do not come up; the message has the cause in the API server's words",
    whatToDo: 'do what the message says',
    section: 'stuck',
  },
  AwaitingPods: {
    status: 'False',
    meaning:
      'the provisioners were moved, and the node plugin follows when the API server has admitted their new pods; or pods of a workload are rejected, and nothing else is moved meanwhile',
    whatToDo: 'wait; where pods are rejected, see `RolloutStuck`',
  },
  WaitingForRook: {
    status: 'False',
    meaning:
      "Rook's settings changed, by the pin or by others, and Rook gets up to 3 s to write its workloads: a Rook from 1.16.5 on then has the port, and a patch in between would be reverted at once",
    whatToDo: NOTHING,
  },
  PortsDiffer: {
    status: 'False',
    meaning: 'a workload could not be moved yet; Progressing says what is tried again, and when',
    whatToDo: 'read the message of Progressing',
  },
  PortInUse: {
    status: 'False',
    meaning:
      'something else holds a port of `spec.ports` on a node of the workload, or no port from 9070 to 9099 is free. A held port is never written: the scheduler could evict its holder, or the pods would not start. The workload stays where it is, and moves by itself when the port is free',
    whatToDo:
      'run the `kubectl patch` line in the message, which takes free ports, or move the holder that the message names',
  },
  UpstreamConflict: {
    status: 'False',
    meaning: 'pods of ceph-csi-operator share a host port, or wait for one; see Degraded',
    whatToDo: 'see Degraded',
  },
  PatchRejected: {
    status: 'False',
    meaning:
      'the API server rejected a patch, or the sidecar has more than a thousand arguments and ports, which are not read',
    whatToDo:
      'take out what the sidecar does not need; lift the policy, or grant the right, that the message names; the same patch is asked again after 30 s, at once where the template or the assignment changes (where a policy made something else of it, the assignment)',
  },
  DryRun: { status: 'False', meaning: 'what would be done; the API server accepts it', whatToDo: ENFORCE },
  Paused: { status: 'False', meaning: 'what differs; nothing is done', whatToDo: ENFORCE },
};

const PROGRESSING: Readonly<Record<ProgressingReason, ConditionExplanation | SameAs>> = {
  Settled: { status: 'False', meaning: 'nothing is being changed', whatToDo: NOTHING },
  WaitingForRook: { status: 'True', as: 'Ready', whatToDo: NOTHING },
  AwaitingPods: { status: 'True', as: 'Ready' },
  RollingOut: { status: 'True', as: 'Ready', whatToDo: NOTHING },
  BackingOff: {
    status: 'True',
    meaning:
      'a contested object differs and is written again at the time in the message; an edit of the spec is carried out at once',
    whatToDo: 'see Degraded `Contested`',
  },
  Retrying: {
    status: 'True',
    meaning: 'the API server was busy or away, or a workload or the ConfigMap changed while it was being written',
    whatToDo: 'nothing; if it stays, look at the API server',
  },
};

const DEGRADED: Readonly<Record<DegradedReason, ConditionExplanation | SameAs>> = {
  AsExpected: { status: 'False', meaning: 'nothing needs attention', whatToDo: NOTHING },
  Contested: {
    status: 'True',
    meaning:
      'an object was written to the same port, or a key pinned to the same value, five times within ten minutes, as somebody reverts it',
    whatToDo: 'do what the message says to the writer that it names',
    section: 'contested',
  },
  PortInUse: { status: 'True', as: 'Ready' },
  PortConflict: {
    status: 'True',
    meaning:
      'a csi-addons sidecar and another container, of this Rook or of anything else on the same nodes, take the same host port',
    whatToDo:
      'in DryRun and Paused set `spec.mode: Enforce`; in Enforce it ends by itself, unless Ready names what is in the way: a rejected patch, a port in use, pods or Rook that are being waited for',
  },
  RolloutStuck: { status: 'True', as: 'Ready' },
  DriverWithoutWorkloads: {
    status: 'True',
    meaning:
      "a Driver of ceph-csi-operator has no pods: ceph-csi-operator renders nothing while the CSIDriver of Rook's legacy mode is in its way",
    whatToDo: 'run a command of the message',
  },
  PatchRejected: { status: 'True', as: 'Ready' },
  PinRejected: {
    status: 'True',
    meaning: 'the API server rejected the change of `rook-ceph-operator-config`',
    whatToDo: 'grant the right or lift the policy that the message names, or set `spec.rookConfig: Leave`',
  },
  InvalidRookConfig: {
    status: 'True',
    meaning:
      "a port key holds something that is no port; a value that is no number up to 65535 stops all of Rook's CSI management",
    whatToDo:
      'with `Pin` the operator replaces it; with `Leave` set it to a port (deleting it does not help Rook 1.16.5 and later, which remember it until they restart)',
  },
  LivenessConflict: {
    status: 'True',
    meaning:
      "containers of Rook's pods beside csi-addons take a port that another container takes on the same nodes; with `CSI_ENABLE_LIVENESS` Rook gives its node plugin and its provisioner the same liveness port",
    whatToDo: 'do what the message says, as a rule set `CSI_ENABLE_LIVENESS: "false"`',
  },
  UpstreamConflict: {
    status: 'True',
    meaning:
      'pods of ceph-csi-operator share a host port, or wait for one, or a Driver was left behind after a switch back to Rook',
    whatToDo: 'do what the message says: it has the remedy of the installed version',
  },
  HostNetworkLost: {
    status: 'True',
    meaning: "`ROOK_ENFORCE_HOST_NETWORK` is set, and no pod of a Driver's ctrlplugin is on the host network",
    whatToDo: 'do what the message says: it has the remedy of the installed version',
  },
  ClashingRookConfig: {
    status: 'True',
    meaning:
      'a key of yours names a port of `spec.ports`, of another key or of another holder, and is set aside (with `Pin` it is replaced)',
    whatToDo: 'give each key a port of its own',
  },
  RookConfigAbsent: {
    status: 'True',
    meaning:
      'the ConfigMap is not there, and without it Rook renders another port than the one in force: it reverts the ports whenever it writes its workloads',
    whatToDo:
      'create it with a key, e.g. `ROOK_LOG_LEVEL: INFO` (of one that is created empty the API server never tells who wrote which key, and a pin passes for your wish), or set `spec.rookConfig: Leave`',
  },
};

/** In the order of docs/admin/troubleshoot.md. */
export const CONDITION_EXPLANATIONS: Readonly<
  Record<ConditionType, Readonly<Record<string, ConditionExplanation | SameAs>>>
> = { Ready: READY, Progressing: PROGRESSING, Degraded: DEGRADED };

export const EVENT_EXPLANATIONS: Readonly<Record<EventReason, EventExplanation>> = {
  Contested: { type: 'Warning', when: 'a contested object was written; the note names the writer' },
  ConflictDetected: { type: 'Warning', when: 'a sidecar shares a host port; the note names the holders' },
  PortAssigned: { type: 'Normal', when: 'a workload was moved to its port' },
  Reasserted: {
    type: 'Normal',
    when: 'a port that somebody had changed back was put right; the note names the writer',
  },
  RookConfigPinned: { type: 'Normal', when: 'keys were written to `rook-ceph-operator-config`' },
  PatchRejected: { type: 'Warning', when: 'the API server rejected a patch' },
  ConflictResolved: {
    type: 'Normal',
    when: 'no sidecar shares a host port any more; Ready says when every pod has its own',
  },
  Forbidden: { type: 'Warning', when: 'a right is missing in the namespace; the note names it, and what to apply' },
};

/** With what another condition says of the same reason; undefined if no condition of this type has the reason. */
export function explanationOf(type: ConditionType, reason: string): ConditionExplanation | undefined {
  const found = entryOf(type, reason);
  if (found === undefined || !('as' in found)) return found;
  const { as, ...rest } = found;
  const same = entryOf(as, reason);
  return same === undefined || 'as' in same ? undefined : { ...same, ...rest };
}

/** Only own properties: a reason may come from the command line. */
function entryOf(type: ConditionType, reason: string): ConditionExplanation | SameAs | undefined {
  return Object.hasOwn(CONDITION_EXPLANATIONS[type], reason) ? CONDITION_EXPLANATIONS[type][reason] : undefined;
}
