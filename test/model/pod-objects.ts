/** Pods on the host network as the API server sends them. */
import type { PodTemplate } from './objects.js';

export interface PodOwner {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** Never changed in place. */
export interface Pod {
  readonly name: string;
  readonly owner: PodOwner;
  readonly template: PodTemplate;
  /** Where it runs or, of a DaemonSet's pod that is not scheduled, is to run. */
  readonly node?: string;
  readonly isScheduled: boolean;
  readonly isTerminating: boolean;
  /** False while its node is silent. */
  readonly isReady: boolean;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly changedAt: string;
}

export type RawPod = object & { readonly metadata: Record<'namespace' | 'name' | 'uid' | 'resourceVersion', string> };

export interface PodEvent {
  readonly isDeleted: boolean;
  readonly raw: RawPod;
}

export function rawPodOf(pod: Pod, resourceVersion: string): RawPod {
  const { name, owner, template, createdAt, changedAt, isTerminating } = pod;
  return {
    metadata: {
      namespace: owner.namespace,
      name,
      uid: `uid-${name}`,
      resourceVersion,
      creationTimestamp: createdAt,
      ...(isTerminating ? { deletionTimestamp: changedAt } : {}),
      ...ownedBy(owner),
    },
    spec: { hostNetwork: true, containers: template.spec.containers, ...placeOf(pod) },
    status: { phase: pod.isScheduled ? 'Running' : 'Pending', conditions: conditionsOf(pod) },
  } as RawPod;
}

function ownedBy({ kind, name }: PodOwner): object {
  const owner = kind === 'Deployment' ? { kind: 'ReplicaSet', name: `${name}-abcde` } : { kind, name };
  return {
    labels: { 'pod-template-hash': 'abcde' },
    ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }],
  };
}

function placeOf({ node, isScheduled }: Pod): object {
  if (node === undefined) return {};
  if (isScheduled) return { nodeName: node };
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } };
}

function conditionsOf({ isScheduled, isReady, changedAt: lastTransitionTime }: Pod): object[] {
  if (!isScheduled) {
    const message = "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.";
    return [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime }];
  }
  return [
    { type: 'PodScheduled', status: 'True', lastTransitionTime },
    { type: 'ContainersReady', status: 'True', lastTransitionTime },
    { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime },
  ];
}
