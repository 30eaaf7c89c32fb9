/**
 * What the admin does to follow a rollout or, if it stands still, to get it going. No counters of a rollout that moves: they
 * would change the status with every pod of a DaemonSet that has a thousand.
 */
import { hasOldPods, isHeld, isObserved, type RolloutFacts } from '../rules/rollout.js';
import type { Concerned, StuckCause, StuckKind } from '../rules/stuck.js';

export type NamedWorkload = Readonly<Record<'kind' | 'namespace' | 'name', string>> & { readonly app?: string };
type RollingWorkload = NamedWorkload & { readonly rollout: RolloutFacts };

export function describeRollout(facts: RolloutFacts, workload: NamedWorkload): string {
  if (facts.paused && hasOldPods(facts)) return resume(workload);
  if (facts.onDelete && hasOldPods(facts)) return deleteOldPods(facts, workload);
  const isReplacing = !isObserved(facts) || hasOldPods(facts);
  const what = isReplacing ? 'its pods are being replaced' : 'its pods are not all ready yet';
  return `${what}: ${kubectl(workload)} rollout status ${objectName(workload)}`;
}

/** What is wrong, on what, and what to do. */
export function describeStuck(cause: StuckCause, workload: RollingWorkload): string {
  return `${workload.kind} ${workload.name}: ${DESCRIPTIONS[cause.kind](cause, workload)}`;
}

/** The layout that leaves the node plugin where it is, so that the provisioners wait for no node. */
export function keepNodePlugin(namespace: string, port: number): string {
  return `kubectl -n ${namespace} patch csiports default --type=merge -p '{"spec":{"ports":{"rbdNodePlugin":${port}}}}'`;
}

const DESCRIPTIONS: Readonly<Record<StuckKind, (cause: StuckCause, workload: RollingWorkload) => string>> = {
  Paused: (_cause, workload) => resume(workload),
  OnDelete: (_cause, workload) => deleteOldPods(workload.rollout, workload),
  Refused: describeRefusal,
  DeadlineExceeded: (cause, workload) => `its rollout makes no progress${words(cause)}. ${describePods(workload)}`,
  Unschedulable: (cause, workload) => describeIdle('cannot be scheduled', cause, workload),
  ImageUnavailable: (cause, workload) => describeIdle('cannot pull an image', cause, workload),
  NotStarted: (cause, workload) => describeIdle('cannot start', cause, workload),
  Crashing: describeCrash,
  NodeNotReady: describeDeadNode,
  Terminating: describeTerminating,
};

function resume(workload: NamedWorkload): string {
  return `its rollout is paused, so its pods keep their old port: ${kubectl(workload)} rollout resume ${objectName(workload)}`;
}

function deleteOldPods({ templateGeneration }: RolloutFacts, workload: NamedWorkload): string {
  const old = templateGeneration === undefined ? '' : `,pod-template-generation!=${templateGeneration}`;
  return `updateStrategy is OnDelete, so delete the old pods (for one node at a time add --field-selector spec.nodeName=NODE): ${kubectl(workload)} delete pod -l ${podLabel(workload)}${old}`;
}

/** Only a Deployment has the API server's words in its status. */
function describeRefusal(cause: StuckCause, workload: NamedWorkload): string {
  const remedy = 'Change the policy or quota that rejects them.';
  if (workload.kind === 'Deployment') {
    return `its pods are rejected${words(cause)}. ${remedy} Run: ${kubectl(workload)} describe replicaset -l ${podLabel(workload)} --show-events`;
  }
  return `some of its pods are not created, as a rule because they are rejected. ${remedy} Run: ${kubectl(workload)} describe ${objectName(workload)}`;
}

function describeIdle(what: string, cause: StuckCause, workload: NamedWorkload): string {
  const pod = cause.pods.names[0] ?? '';
  return `${ofItsPods(cause)} ${what}${words(cause)}. Run: ${kubectl(workload)} describe pod ${pod}`;
}

/** kubectl shows no events of several objects unless it is asked to. */
function describePods(workload: NamedWorkload): string {
  return `Run: ${kubectl(workload)} describe pod -l ${podLabel(workload)} --show-events`;
}

function describeCrash(cause: StuckCause, workload: NamedWorkload): string {
  const verb = cause.pods.count === 1 ? 'crashes' : 'crash';
  const pod = cause.pods.names[0] ?? '';
  const of = cause.container === undefined ? '--all-containers' : `-c ${cause.container}`;
  return `${ofItsPods(cause)} ${verb}${words(cause)}. If a container cannot bind its port, the port is held by a process that is no pod, or by a pod that does not declare it. Run: ${kubectl(workload)} logs ${pod} ${of} --tail=20`;
}

function describeDeadNode(cause: StuckCause, { rollout }: RollingWorkload): string {
  const verb = cause.nodes.count === 1 ? 'is' : 'are';
  const held = `it is held by ${nodesOf(cause)}, which ${verb} not ready`;
  return `${held}${limit(rollout)}. ${REPAIR_NODE} ${describeNodes(cause)}`;
}

function describeTerminating(cause: StuckCause, { rollout }: RollingWorkload): string {
  const { pods } = cause;
  const subject = pods.count === 1 ? 'pod' : 'pods';
  const verb = pods.count === 1 ? 'does' : 'do';
  const held = `it is held by ${subject} ${listed(pods)} on ${nodesOf(cause)}, which ${verb} not terminate`;
  return `${held}${limit(rollout)}. ${REPAIR_NODE} ${describeNodes(cause)}`;
}

const REPAIR_NODE = 'Repair the node or, if it is gone for good, delete it.';

function limit(rollout: RolloutFacts): string {
  return isHeld(rollout)
    ? `; no other pod is replaced meanwhile, as maxUnavailable is ${rollout.maxUnavailable ?? 1}`
    : '';
}

function describeNodes({ nodes }: StuckCause): string {
  return `Run: kubectl describe node ${nodes.names.join(' ')}`.trimEnd();
}

function nodesOf({ nodes }: StuckCause): string {
  if (nodes.count === 0) return 'a node';
  return `${nodes.count === 1 ? 'node' : 'nodes'} ${listed(nodes)}`;
}

function listed({ names, count }: Concerned): string {
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  return `${names.join(', ')}${more}`;
}

function ofItsPods({ pods }: StuckCause): string {
  return `${pods.count} of its pods`;
}

/** Without the full stop, which ends the sentence that it becomes part of. */
function words({ message }: StuckCause): string {
  return message === '' ? '' : `: ${message.replace(/[.\s]+$/, '')}`;
}

function kubectl({ namespace }: NamedWorkload): string {
  return `kubectl -n ${namespace}`;
}

function objectName({ kind, name }: NamedWorkload): string {
  return `${kind.toLowerCase()}/${name}`;
}

function podLabel({ app, name }: NamedWorkload): string {
  return `app=${app ?? name}`;
}
