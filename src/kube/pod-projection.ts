/** Projects a pod on the host network to the ports that it takes and, of a CSI pod, to what a rollout is judged by. */
import type { V1Container } from '@kubernetes/client-node';
import type { ObjectMeta } from '../domain/rules/api.js';
import {
  isCsiWorkload,
  type HostNetworkPod,
  type PodProgress,
  type WorkloadId,
} from '../domain/rules/host-network-pods.js';
import { MAX_READ, type HostPort } from '../domain/rules/workload.js';
import { portsTaken } from './container-ports.js';
import { Interned } from './interned.js';
import { troubleOf } from './pod-trouble.js';
import { identity } from './raw-resource.js';
import type { RawPod } from './raw-pod.js';
import { list, optionalText, text, timeOf } from './validate.js';

const texts = new Interned<string>();
const workloads = new Interned<WorkloadId>();
const portLists = new Interned<readonly HostPort[]>();
/** Longer lists are hardly shared. */
const MAX_SHARED_PORTS = 20;
/** The phases in which a pod has given its ports back. */
const ENDED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed']);

/**
 * @returns undefined for a pod that takes no port: it has ended, or names none. CSI pods are kept without ports, too
 * @throws TypeError for an object that is not of the API's shape
 */
export function projectHostNetworkPod(raw: unknown): HostNetworkPod | undefined {
  const pod = raw as RawPod;
  const { metadata, spec, status } = pod;
  if (spec.hostNetwork !== true || ENDED.has(status?.phase)) return undefined;
  const { namespace, name, uid, resourceVersion } = identity(metadata);
  const workload = workloadOf({ namespace: texts.of(namespace, namespace), name }, metadata);
  const ports = portsOf(spec);
  const isCsi = isCsiWorkload(workload.name);
  if (ports.length === 0 && !isCsi) return undefined;
  const nodeName = optionalText(spec.nodeName, 'spec.nodeName') ?? '';
  const node = nodeName === '' ? requiredNode(spec) : nodeName;
  return {
    namespace: workload.namespace,
    name,
    uid,
    resourceVersion,
    workload,
    ...(node === undefined ? {} : { node: texts.of(node, node) }),
    isScheduled: nodeName !== '',
    ports,
    ...(isCsi ? { progress: progressOf(pod) } : {}),
  };
}

/** Its controller; of a ReplicaSet the Deployment, which is the name before the hash; without one the pod itself. */
function workloadOf(
  { namespace, name }: Pick<ObjectMeta, 'namespace' | 'name'>,
  metadata: RawPod['metadata'],
): WorkloadId {
  const owners = list(metadata.ownerReferences, 'metadata.ownerReferences');
  const owner = owners.find(({ controller }) => controller === true);
  if (owner === undefined) return { namespace, kind: 'Pod', name };
  const kind = text(owner.kind, 'kind of the owner');
  const ownName = text(owner.name, 'name of the owner');
  const deployment = kind === 'ReplicaSet' ? deploymentOf(ownName, metadata.labels) : undefined;
  const workload = { namespace, kind: deployment === undefined ? kind : 'Deployment', name: deployment ?? ownName };
  return workloads.of(`${namespace}/${workload.kind}/${workload.name}`, workload);
}

/** @returns undefined where the labels do not have the hash: the ReplicaSet is no Deployment's */
function deploymentOf(replicaSet: string, labels: RawPod['metadata']['labels']): string | undefined {
  const suffix = `-${optionalText(labels?.['pod-template-hash'], 'label pod-template-hash') ?? ''}`;
  const isWithHash = suffix.length > 1 && replicaSet.endsWith(suffix) && replicaSet.length > suffix.length;
  return isWithHash ? replicaSet.slice(0, -suffix.length) : undefined;
}

/** Stops after MAX_READ ports, more than any pod needs. */
function portsOf({ containers, initContainers }: RawPod['spec']): readonly HostPort[] {
  // Those that restart run beside the others; the rest are gone when the others start.
  const sidecars = list(initContainers, 'initContainers').filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports: HostPort[] = [];
  for (const container of [...sidecars, ...list(containers, 'containers')]) {
    if (ports.length >= MAX_READ) break;
    ports.push(...sharedNames(container));
  }
  if (ports.length > MAX_SHARED_PORTS) return ports;
  return portLists.of(ports.map(({ container, port }) => `${container}:${port}`).join(), ports);
}

function sharedNames(container: V1Container): HostPort[] {
  return portsTaken(container).map(({ container: name, port }) => ({ container: texts.of(name, name), port }));
}

/** The DaemonSet controller makes a pod for each node and leaves it to the scheduler to put it there. */
function requiredNode({ affinity }: RawPod['spec']): string | undefined {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = list(required?.nodeSelectorTerms, 'nodeSelectorTerms');
  for (const { matchFields } of terms) {
    const field = list(matchFields, 'matchFields').find(({ key }) => key === 'metadata.name');
    const [node] = list(field?.values, 'values of matchFields');
    if (node !== undefined) return text(node, 'value of matchFields');
  }
  return undefined;
}

function progressOf(pod: RawPod): PodProgress {
  const { creationTimestamp, deletionTimestamp } = pod.metadata;
  let changedAt = timeOf(creationTimestamp, 'metadata.creationTimestamp');
  for (const { lastTransitionTime } of list(pod.status?.conditions, 'status.conditions')) {
    if (lastTransitionTime === undefined || lastTransitionTime === null) continue;
    changedAt = Math.max(changedAt, timeOf(lastTransitionTime, 'lastTransitionTime'));
  }
  const trouble = troubleOf(pod);
  return {
    changedAt,
    ...(deletionTimestamp === undefined ? {} : { deletesAt: timeOf(deletionTimestamp, 'metadata.deletionTimestamp') }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}
