/**
 * From the API server's objects to what the operator keeps of them. The server validates what it stores, so a field is
 * either absent or of its type; a projection never throws, or one odd object would stop an informer.
 */
import { createHash } from 'node:crypto';
import type {
  V1Container,
  V1ContainerPort,
  V1DaemonSetSpec,
  V1DaemonSetStatus,
  V1DeploymentSpec,
  V1DeploymentStatus,
  V1OwnerReference,
  V1PodTemplateSpec,
} from '@kubernetes/client-node';
import type { AssignmentSpec, AssignmentStatus, PortAssignment } from '../domain/api.js';
import { flaggedPort } from '../domain/port-flag.js';
import type { RookConfig, RookConfigEntry } from '../domain/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rook-operator.js';
import type { RolloutFacts } from '../domain/rollout.js';
import { SIDECAR_CONTAINER, SLOT_LAYOUTS, type ConfigKey, type WorkloadKind } from '../domain/slots.js';
import type { Driver } from '../domain/upstream.js';
import { LIVENESS_CONTAINER, type HostPort, type Sidecar, type Workload } from '../domain/workload.js';
import { keyManagers, managersOf, workloadManagers, type ManagedFieldsEntry } from './managed-fields.js';

/** metadata as in JSON; the API server sets the first four on every object. */
interface RawMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly V1OwnerReference[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

interface RawObject<Spec, Status> {
  readonly metadata: RawMetadata;
  readonly spec: Spec;
  readonly status?: Status;
}

type Identity = Pick<RawMetadata, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;

function identity({ namespace, name, uid, resourceVersion }: RawMetadata): Identity {
  return { namespace, name, uid, resourceVersion };
}

/** A counter that is zero is left out of the JSON. */
function count(value: number | undefined): number {
  return value ?? 0;
}

export function projectAssignment(raw: unknown): PortAssignment {
  const { metadata, spec, status } = raw as RawObject<AssignmentSpec | null | undefined, Partial<AssignmentStatus>>;
  return {
    ...identity(metadata),
    generation: count(metadata.generation),
    deleting: metadata.deletionTimestamp !== undefined,
    spec: withoutNulls(spec ?? {}),
    ...(status === undefined ? {} : { status }),
  };
}

/** `ports: null` is accepted by the API server and means what an absent field means. */
function withoutNulls(spec: AssignmentSpec): AssignmentSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));
}

export function projectRookConfig(raw: unknown): RookConfig {
  const { metadata, data } = raw as { metadata: RawMetadata; data?: Readonly<Record<string, string>> };
  const keys: Partial<Record<ConfigKey, RookConfigEntry>> = {};
  for (const { configKey } of SLOT_LAYOUTS) {
    const value = data?.[configKey];
    if (value !== undefined) keys[configKey] = { value, managers: keyManagers(metadata.managedFields, configKey) };
  }
  return {
    ...identity(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    keys,
    fingerprint: fingerprintOf(data),
    enforceHostNetwork: TRUE.includes(data?.ROOK_ENFORCE_HOST_NETWORK ?? ''),
    managers: managersOf(metadata.managedFields),
  };
}

/** The API server sorts the keys, so equal data give equal JSON. */
function fingerprintOf(data: Readonly<Record<string, string>> = {}): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('base64');
}

/** What Go's strconv.ParseBool, with which Rook reads its settings, takes for true. */
const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];

export function projectRookOperator(raw: unknown): RookOperator {
  const { metadata, spec, status } = raw as RawObject<V1DeploymentSpec, V1DeploymentStatus>;
  const containers = spec.template.spec?.containers ?? [];
  const image = (containers.find(({ name }) => name === ROOK_OPERATOR_NAME) ?? containers[0])?.image;
  const chart = metadata.labels?.['helm.sh/chart'];
  return {
    ...identity(metadata),
    ...(image === undefined ? {} : { image }),
    ...(chart === undefined ? {} : { chart }),
    readyReplicas: count(status?.readyReplicas),
  };
}

export function projectDriver(raw: unknown): Driver {
  return identity((raw as { metadata: RawMetadata }).metadata);
}

export function projectDeployment(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawObject<V1DeploymentSpec, V1DeploymentStatus>;
  return projectWorkload('Deployment', metadata, spec.template, {
    generation: count(metadata.generation),
    observedGeneration: count(status?.observedGeneration),
    desired: spec.replicas ?? 1,
    updated: count(status?.updatedReplicas),
    available: count(status?.availableReplicas),
    total: count(status?.replicas),
    onDelete: false,
    paused: spec.paused === true,
  });
}

export function projectDaemonSet(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawObject<V1DaemonSetSpec, V1DaemonSetStatus>;
  const templateGeneration = metadata.annotations?.['deprecated.daemonset.template.generation'];
  const updated = count(status?.updatedNumberScheduled);
  return projectWorkload('DaemonSet', metadata, spec.template, {
    generation: count(metadata.generation),
    observedGeneration: count(status?.observedGeneration),
    desired: count(status?.desiredNumberScheduled),
    updated,
    available: count(status?.numberAvailable),
    // A node runs one pod of the set, so a pod of an older template shows as a node that is not updated.
    total: updated,
    onDelete: spec.updateStrategy?.type === 'OnDelete',
    paused: false,
    ...(templateGeneration === undefined ? {} : { templateGeneration: Number(templateGeneration) }),
  });
}

function projectWorkload(
  kind: WorkloadKind,
  metadata: RawMetadata,
  template: V1PodTemplateSpec,
  rollout: RolloutFacts,
): Workload {
  const containers = template.spec?.containers ?? [];
  const sidecar = projectSidecar(containers);
  const app = template.metadata?.labels?.app;
  return {
    kind,
    ...identity(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    driverOwned: metadata.ownerReferences?.some(isCephCsiDriver) === true,
    hostNetwork: template.spec?.hostNetwork === true,
    ...(sidecar === undefined ? {} : { sidecar }),
    otherPorts: containers.filter(({ name }) => name !== SIDECAR_CONTAINER).flatMap(portsTaken),
    managers: workloadManagers(metadata.managedFields),
    ...(app === undefined ? {} : { app }),
    rollout,
  };
}

/** ceph-csi-operator sets its Driver as the controller of all it renders (0.2.0 to 1.0.4, any API version). */
function isCephCsiDriver({ kind, apiVersion }: V1OwnerReference): boolean {
  return kind === 'Driver' && apiVersion.startsWith('csi.ceph.io/');
}

/** Where the pod is on the host network, a declared port is one of the node, with or without a hostPort. */
function portsTaken(container: V1Container): HostPort[] {
  const declared = (container.ports ?? []).filter(isTcp).map(({ containerPort }) => containerPort);
  // Neither Rook nor ceph-csi-operator declares the port that the liveness container serves its metrics on.
  const liveness = container.name === LIVENESS_CONTAINER ? flaggedPort('metricsport', container) : undefined;
  const ports = new Set(liveness === undefined ? declared : [...declared, liveness]);
  return [...ports].map((port) => ({ container: container.name, port }));
}

function isTcp({ protocol }: V1ContainerPort): boolean {
  return protocol === undefined || protocol === 'TCP';
}

function projectSidecar(containers: readonly V1Container[]): Sidecar | undefined {
  const index = containers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
  const container = containers[index];
  if (container === undefined) return undefined;
  return {
    index,
    command: container.command ?? [],
    ...(container.args === undefined ? {} : { args: container.args }),
    ports: (container.ports ?? []).map(({ containerPort, hostPort, protocol }) => ({
      containerPort,
      ...(protocol === undefined || protocol === 'TCP' ? {} : { protocol }),
      // 0 is the zero value of an int32 and means none.
      ...(hostPort === undefined || hostPort === 0 ? {} : { hostPort }),
    })),
  };
}
