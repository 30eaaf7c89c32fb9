/**
 * Projects the API server's objects to what the operator keeps of them, in bounded size. Each projection throws a TypeError
 * that names the field if an object is not of the API's shape.
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
import type {
  AssignmentSpec,
  Mode,
  ObjectMeta,
  PortAssignment,
  RookConfigPolicy,
  StoredStatus,
} from '../domain/rules/api.js';
import type { Driver } from '../domain/rules/driver.js';
import { flaggedPort, type CommandLine } from '../domain/rules/port-flag.js';
import { MAX_VALUE_LENGTH, type RookConfig, type RookConfigEntry } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rules/rook-operator.js';
import type { RolloutFacts } from '../domain/rules/rollout.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type ConfigKey, type WorkloadKind } from '../domain/rules/slots.js';
import {
  LIVENESS_CONTAINER,
  MAX_READ,
  type HostPort,
  type Sidecar,
  type SidecarPort,
  type Workload,
} from '../domain/rules/workload.js';
import { keyManagers, managersOf, workloadManagers, type ManagedFieldsEntry } from './managed-fields.js';
import { count, integer, isRecord, list, optionalText, optionalTexts, record, text } from './validate.js';

/** metadata as in JSON. */
interface RawMetadata extends ObjectMeta {
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

/** The API server sets these four on every object. */
function identity(metadata: RawMetadata): ObjectMeta {
  return {
    namespace: text(metadata.namespace, 'metadata.namespace'),
    name: text(metadata.name, 'metadata.name'),
    uid: text(metadata.uid, 'metadata.uid'),
    resourceVersion: text(metadata.resourceVersion, 'metadata.resourceVersion'),
  };
}

function generationOf({ generation }: RawMetadata): number {
  return count(generation, 'metadata.generation');
}

export function projectAssignment(raw: unknown): PortAssignment {
  const { metadata, spec, status } = raw as RawObject<AssignmentSpec | null | undefined, unknown>;
  return {
    ...identity(metadata),
    generation: generationOf(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    spec: validSpec(spec ?? {}),
    ...(isValidStatus(status) ? { status } : isRecord(status) ? { invalidStatus: status } : {}),
  };
}

/** Checks what is read of a status, which any client with the right may write. */
function isValidStatus(status: unknown): status is StoredStatus {
  if (!isRecord(status)) return false;
  const { conditions = [], conflicts = [] } = status as StoredStatus;
  return [conditions, conflicts].every((list) => Array.isArray(list) && list.every(isRecord));
}

/** Rejects a mode of a later version of the definition: it may not mean that the ports are enforced. */
function validSpec(raw: AssignmentSpec): AssignmentSpec {
  // The API server accepts `ports: null`, which means the same as an absent field.
  const entries = Object.entries(record(raw, 'spec')).filter(([, value]) => value !== null);
  const spec: AssignmentSpec = Object.fromEntries(entries);
  const { mode = 'Enforce', rookConfig = 'Pin', ports = {} } = spec;
  for (const [slot, port] of Object.entries(record(ports, 'spec.ports'))) count(port, `spec.ports.${slot}`);
  if (!MODES.includes(mode)) throw new TypeError(`spec.mode is not one of ${MODES.join(', ')}`);
  if (!POLICIES.includes(rookConfig)) throw new TypeError(`spec.rookConfig is not one of ${POLICIES.join(', ')}`);
  return spec;
}

const MODES: readonly Mode[] = ['Enforce', 'DryRun', 'Paused'];
const POLICIES: readonly RookConfigPolicy[] = ['Pin', 'Leave'];

export function projectRookConfig(raw: unknown): RookConfig {
  const { metadata, data } = raw as { metadata: RawMetadata; data?: Readonly<Record<string, string>> };
  const keys: Partial<Record<ConfigKey, RookConfigEntry>> = {};
  for (const { configKey } of SLOT_SPECS) {
    const value = optionalText(data?.[configKey], `data.${configKey}`)?.slice(0, MAX_VALUE_LENGTH + 1);
    if (value !== undefined) keys[configKey] = { value, managers: keyManagers(metadata.managedFields, configKey) };
  }
  return {
    ...identity(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    keys,
    fingerprint: fingerprintOf(data),
    managers: managersOf(metadata.managedFields),
  };
}

/** The API server sorts the keys, so equal data give equal JSON. */
function fingerprintOf(data: Readonly<Record<string, string>> = {}): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('base64');
}

export function projectRookOperator(raw: unknown): RookOperator {
  const { metadata, spec, status } = raw as RawObject<V1DeploymentSpec, V1DeploymentStatus>;
  const containers = containersOf(spec.template);
  const own = containers.find(({ name }) => name === ROOK_OPERATOR_NAME) ?? containers[0];
  const image = optionalText(own?.image, 'image');
  const chart = optionalText(metadata.labels?.['helm.sh/chart'], 'label helm.sh/chart');
  return {
    ...identity(metadata),
    ...(image === undefined ? {} : { image }),
    ...(chart === undefined ? {} : { chart }),
    readyReplicas: count(status?.readyReplicas, 'status.readyReplicas'),
  };
}

export function projectDriver(raw: unknown): Driver {
  return identity((raw as { metadata: RawMetadata }).metadata);
}

export function projectDeployment(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawObject<V1DeploymentSpec, V1DeploymentStatus>;
  return projectWorkload('Deployment', metadata, spec.template, {
    generation: generationOf(metadata),
    observedGeneration: count(status?.observedGeneration, 'status.observedGeneration'),
    desired: count(spec.replicas ?? 1, 'spec.replicas'),
    updated: count(status?.updatedReplicas, 'status.updatedReplicas'),
    available: count(status?.availableReplicas, 'status.availableReplicas'),
    total: count(status?.replicas, 'status.replicas'),
    onDelete: false,
    paused: spec.paused === true,
  });
}

export function projectDaemonSet(raw: unknown): Workload {
  const { metadata, spec, status } = raw as RawObject<V1DaemonSetSpec, V1DaemonSetStatus>;
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
    // Any writer may set an annotation.
    ...(/^\d{1,15}$/.test(templateGeneration ?? '') ? { templateGeneration: Number(templateGeneration) } : {}),
  });
}

function containersOf({ spec }: V1PodTemplateSpec): readonly V1Container[] {
  return list(spec?.containers, 'containers');
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
    otherPorts: otherPorts(containers),
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

/** The declared ports: on the host network each is one of the node, with or without a hostPort. */
function portsTaken(container: V1Container): HostPort[] {
  const name = text(container.name, 'container name');
  const ports = new Set<number>();
  for (const declared of list(container.ports, 'ports').slice(0, MAX_READ)) {
    if ((declared.protocol ?? 'TCP') === 'TCP') ports.add(integer(declared.containerPort, 'containerPort'));
  }
  // Neither Rook nor ceph-csi-operator declares the port that the liveness container serves its metrics on.
  const liveness = name === LIVENESS_CONTAINER ? livenessPort(container) : undefined;
  if (liveness !== undefined) ports.add(liveness);
  return Array.from(ports, (port) => ({ container: name, port }));
}

function livenessPort(container: V1Container): number | undefined {
  return elementsOf(container) > MAX_READ ? undefined : flaggedPort('metricsport', commandLineOf(container));
}

function elementsOf({ command, args }: V1Container): number {
  return list(command, 'command').length + list(args, 'args').length;
}

function commandLineOf({ command, args }: V1Container): CommandLine {
  return { command: optionalTexts(command, 'command'), args: optionalTexts(args, 'args') };
}

function projectSidecar(containers: readonly V1Container[]): Sidecar | undefined {
  const index = containers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
  const container = containers[index];
  if (container === undefined) return undefined;
  const ports = list(container.ports, 'ports');
  const elements = elementsOf(container) + ports.length;
  if (elements > MAX_READ) return { index, command: [], ports: [], unread: elements };
  const { command = [], args } = commandLineOf(container);
  return { index, command, ...(args === undefined ? {} : { args }), ports: ports.map(projectPort) };
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
