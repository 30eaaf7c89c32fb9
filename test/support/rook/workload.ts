import { deflateRawSync } from 'node:zlib';
import type {
  Container,
  DaemonSet,
  Deployment,
  ObjectMeta,
  PodAntiAffinity,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from './api-types.js';
import type { CsiPod } from './csi-pod.js';
import type { RookOwner } from './csi-parameters.js';

/** What a workload's own file says of its pods; the rest is the same for both drivers. */
export interface PodParts {
  readonly containers: Container[];
  readonly volumes: Volume[];
  /** hostPID: only the RBD node plugin asks for it. */
  readonly hostPID?: true;
}

export function nodePluginDaemonSet(name: string, pod: CsiPod, parts: PodParts): DaemonSet {
  const { parameters, driver } = pod;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(name, parameters.namespace, parameters.owner),
    spec: {
      selector: { matchLabels: { app: name } },
      updateStrategy: parameters.updateStrategies[driver],
      template: podTemplate(name, pod, {
        ...parts,
        serviceAccountName: `rook-csi-${driver}-plugin-sa`,
        ...priorityClass(parameters.nodePluginPriorityClass),
        // Set whether or not the pods are on the host network.
        dnsPolicy: 'ClusterFirstWithHostNet',
        affinity: { nodeAffinity: {} },
      }),
    },
  };
}

export function provisionerDeployment(name: string, pod: CsiPod, parts: PodParts): Deployment {
  const { parameters, driver } = pod;
  const spec: Deployment['spec'] = {
    replicas: parameters.provisionerReplicas,
    selector: { matchLabels: { app: name } },
    strategy: { type: 'Recreate' },
    // No dnsPolicy: in legacy mode Rook leaves ClusterFirst, the API server's default, even on the host network.
    template: podTemplate(name, pod, {
      ...parts,
      serviceAccountName: `rook-csi-${driver}-provisioner-sa`,
      ...priorityClass(parameters.provisionerPriorityClass),
      affinity: { nodeAffinity: {}, podAntiAffinity: oneNodeEach(name) },
    }),
  };
  return withLastApplied({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, parameters.namespace, parameters.owner),
    spec,
  });
}

/** Rook puts no labels on these objects: its rook-version label is added in memory only, after the write. */
function metadata(name: string, namespace: string, owner: RookOwner | undefined): ObjectMeta {
  if (owner === undefined) {
    return { name, namespace };
  }
  const reference = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    ...owner,
    controller: true,
    blockOwnerDeletion: false,
  };
  return { name, namespace, ownerReferences: [reference] };
}

function podTemplate(name: string, pod: CsiPod, spec: PodSpec): PodTemplateSpec {
  return {
    metadata: { labels: { app: name, contains: `csi-${pod.driver}plugin-metrics` } },
    // Go leaves a false hostNetwork out of the JSON.
    spec: { ...spec, ...(pod.hostNetwork && { hostNetwork: true }), securityContext: {} },
  };
}

function priorityClass(priorityClassName: string): { priorityClassName?: string } {
  return priorityClassName === '' ? {} : { priorityClassName };
}

/** Keeps a provisioner's replicas apart, but not those of the two drivers. */
function oneNodeEach(app: string): PodAntiAffinity {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [app] }] },
        topologyKey: 'kubernetes.io/hostname',
      },
    ],
  };
}

/**
 * The annotation that Rook 1.16.4 and 1.17.9 put on Deployments only: the compressed object itself. Here without
 * Rook's zip archive around it; a test may count on its presence, its size and that it changes with the object.
 */
function withLastApplied(deployment: Deployment): Deployment {
  const lastApplied = deflateRawSync(JSON.stringify(deployment)).toString('base64');
  const annotations = { 'banzaicloud.com/last-applied': lastApplied };
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
