/** Projects Deployments and DaemonSets of CSI pods to what the operator keeps of them; see projections.ts. */
import type {
  V1Container,
  V1ContainerPort,
  V1DaemonSetSpec,
  V1DaemonSetStatus,
  V1DeploymentCondition,
  V1DeploymentSpec,
  V1DeploymentStatus,
  V1OwnerReference,
  V1PodTemplateSpec,
} from '@kubernetes/client-node';
import type { RolloutFacts } from '../domain/rules/rollout.js';
import { SIDECAR_CONTAINER, type WorkloadKind } from '../domain/rules/slots.js';
import { MAX_READ, type HostPort, type Sidecar, type SidecarPort, type Workload } from '../domain/rules/workload.js';
import { commandLineOf, elementsOf, portsTaken } from './container-ports.js';
import { lastStatusChange, workloadManagers } from './managed-fields.js';
import { containersOf, generationOf, identity, type RawMetadata, type RawResource } from './raw-resource.js';
import { count, integer, list, optionalText } from './validate.js';

export function projectDeployment(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawResource<V1DeploymentSpec, V1DeploymentStatus>;
  return projectWorkload('Deployment', metadata, spec.template, {
    generation: generationOf(metadata),
    observedGeneration: count(status?.observedGeneration, 'status.observedGeneration'),
    desired: count(spec.replicas ?? 1, 'spec.replicas'),
    updated: count(status?.updatedReplicas, 'status.updatedReplicas'),
    available: count(status?.availableReplicas, 'status.availableReplicas'),
    total: count(status?.replicas, 'status.replicas'),
    onDelete: false,
    paused: spec.paused === true,
    ...statusTime(metadata),
    ...failures(status),
  });
}

export function projectDaemonSet(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawResource<V1DaemonSetSpec, V1DaemonSetStatus>;
  const templateGeneration = metadata.annotations?.['deprecated.daemonset.template.generation'];
  const updated = count(status?.updatedNumberScheduled, 'status.updatedNumberScheduled');
  return projectWorkload('DaemonSet', metadata, spec.template, {
    generation: generationOf(metadata),
    observedGeneration: count(status?.observedGeneration, 'status.observedGeneration'),
    desired: count(status?.desiredNumberScheduled, 'status.desiredNumberScheduled'),
    updated,
    available: count(status?.numberAvailable, 'status.numberAvailable'),
    // A node runs one pod of the set, so a pod of an older template shows as a node that is not updated.
    total: updated,
    onDelete: spec.updateStrategy?.type === 'OnDelete',
    paused: false,
    ...statusTime(metadata),
    ...nodesWithoutPods(spec, status),
    // Any writer may set an annotation.
    ...(/^\d{1,15}$/.test(templateGeneration ?? '') ? { templateGeneration: Number(templateGeneration) } : {}),
  });
}

/** The most that is kept of a condition's message. */
const MAX_MESSAGE = 300;

function statusTime({ managedFields }: RawMetadata): Pick<RolloutFacts, 'statusChangedAt'> {
  const statusChangedAt = lastStatusChange(managedFields);
  return statusChangedAt === undefined ? {} : { statusChangedAt };
}

/** What a Deployment's conditions say of pods that cannot be created, and of a rollout that takes too long. */
function failures(status: V1DeploymentStatus | undefined): Pick<RolloutFacts, 'replicaFailure' | 'deadlineExceeded'> {
  const conditions = list(status?.conditions, 'status.conditions');
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const deadline = conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  return {
    ...(failure === undefined ? {} : { replicaFailure: messageOf(failure) }),
    ...(deadline?.status === 'False' ? { deadlineExceeded: messageOf(deadline) } : {}),
  };
}

/** How many nodes of a DaemonSet have a pod, how many are without an available one, and how many may be. */
function nodesWithoutPods(
  { updateStrategy }: V1DaemonSetSpec,
  status: V1DaemonSetStatus | undefined,
): Pick<RolloutFacts, 'scheduled' | 'unavailable' | 'maxUnavailable'> {
  const maxUnavailable = updateStrategy?.rollingUpdate?.maxUnavailable;
  return {
    scheduled: count(status?.currentNumberScheduled, 'status.currentNumberScheduled'),
    unavailable: count(status?.numberUnavailable, 'status.numberUnavailable'),
    ...(maxUnavailable === undefined ? {} : { maxUnavailable: String(maxUnavailable) }),
  };
}

function messageOf({ message }: V1DeploymentCondition): string {
  return (optionalText(message, 'condition message') ?? '').slice(0, MAX_MESSAGE);
}

/** They run beside the others; the rest are gone when the others start. */
function restartingInitContainers({ spec }: V1PodTemplateSpec): readonly V1Container[] {
  return list(spec?.initContainers, 'initContainers').filter(({ restartPolicy }) => restartPolicy === 'Always');
}

function projectWorkload(
  kind: WorkloadKind,
  metadata: RawMetadata,
  template: V1PodTemplateSpec,
  rollout: RolloutFacts,
): Workload {
  const containers = containersOf(template);
  const sidecar = projectSidecar(containers);
  const app = optionalText(template.metadata?.labels?.app, 'label app');
  return {
    kind,
    ...identity(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    driverOwned: list(metadata.ownerReferences, 'metadata.ownerReferences').some(isCephCsiDriver),
    hostNetwork: template.spec?.hostNetwork === true,
    ...(sidecar === undefined ? {} : { sidecar }),
    otherPorts: otherPorts([...containers, ...restartingInitContainers(template)]),
    managers: workloadManagers(metadata.managedFields),
    ...(app === undefined ? {} : { app }),
    rollout,
  };
}

/** ceph-csi-operator sets its Driver as the controller of all it renders (0.2.0 to 1.0.4, any API version). */
function isCephCsiDriver({ kind, apiVersion }: V1OwnerReference): boolean {
  return kind === 'Driver' && apiVersion.startsWith('csi.ceph.io/');
}

/** Stops after MAX_READ ports, more than any pod needs. */
function otherPorts(containers: readonly V1Container[]): HostPort[] {
  const taken: HostPort[] = [];
  for (const container of containers) {
    if (taken.length >= MAX_READ) break;
    if (container.name !== SIDECAR_CONTAINER) taken.push(...portsTaken(container));
  }
  return taken;
}

function projectSidecar(containers: readonly V1Container[]): Sidecar | undefined {
  const index = containers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
  const container = containers[index];
  if (container === undefined) return undefined;
  const ports = list(container.ports, 'ports');
  const elements = elementsOf(container) + ports.length;
  if (elements > MAX_READ) return { index, command: [], ports: [], unread: elements };
  const { command = [], args, env } = commandLineOf(container);
  return {
    index,
    command,
    ...(args === undefined ? {} : { args }),
    ...(env === undefined ? {} : { env }),
    ports: ports.map(projectPort),
  };
}

function projectPort({ containerPort, hostPort, protocol }: V1ContainerPort): SidecarPort {
  const host = count(hostPort, 'hostPort');
  return {
    containerPort: integer(containerPort, 'containerPort'),
    ...(protocol === undefined || protocol === 'TCP' ? {} : { protocol }),
    // 0 is the zero value of an int32 and means none.
    ...(host === 0 ? {} : { hostPort: host }),
  };
}
