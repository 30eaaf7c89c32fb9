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
  V1DeploymentCondition,
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
import { MAX_VALUE_LENGTH, type RookConfig, type RookConfigEntry } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rules/rook-operator.js';
import {
  FURTHER_SETTINGS,
  ROOK_SETTINGS,
  type FurtherSetting,
  type RookSetting,
} from '../domain/rules/rook-settings.js';
import type { RolloutFacts } from '../domain/rules/rollout.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type ConfigKey, type WorkloadKind } from '../domain/rules/slots.js';
import { MAX_READ, type HostPort, type Sidecar, type SidecarPort, type Workload } from '../domain/rules/workload.js';
import { commandLineOf, elementsOf, portsTaken, variablesOf } from './container-ports.js';
import {
  keyManagers,
  lastStatusChange,
  managersOf,
  workloadManagers,
  type ManagedFieldsEntry,
} from './managed-fields.js';
import { count, integer, isRecord, list, optionalText, record, text } from './validate.js';

/** metadata as in JSON. */
interface RawMetadata extends ObjectMeta {
  readonly generation?: number;
  readonly creationTimestamp?: string;
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
export function identity(metadata: ObjectMeta): ObjectMeta {
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
    creationTimestamp: optionalText(metadata.creationTimestamp, 'metadata.creationTimestamp') ?? '',
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
  const { metadata, data } = raw as { metadata: RawMetadata; data?: RawData };
  const keys: Partial<Record<ConfigKey, RookConfigEntry>> = {};
  for (const { configKey } of SLOT_SPECS) {
    const value = settingIn(data, configKey);
    if (value !== undefined) keys[configKey] = { value, managers: keyManagers(metadata.managedFields, configKey) };
  }
  return {
    ...identity(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    keys,
    settings: furtherSettings(data),
    fingerprint: fingerprintOf(data),
    managers: managersOf(metadata.managedFields),
  };
}

type RawData = Readonly<Record<string, string>> | undefined;

function furtherSettings(data: RawData): RookConfig['settings'] {
  const settings: Partial<Record<FurtherSetting, string>> = {};
  for (const name of FURTHER_SETTINGS) {
    const value = settingIn(data, name);
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

/** One character more than is valid is kept. */
function settingIn(data: RawData, name: RookSetting): string | undefined {
  return optionalText(data?.[name], `data.${name}`)?.slice(0, MAX_VALUE_LENGTH + 1);
}

/** The API server sorts the keys, so equal data give equal JSON. */
function fingerprintOf(data: RawData = {}): string {
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
    env: settingsIn(own),
    readyReplicas: count(status?.readyReplicas, 'status.readyReplicas'),
  };
}

/** The last of a name counts; a value from a ConfigMap, Secret or field is not known. */
function settingsIn(container: V1Container | undefined): RookOperator['env'] {
  const settings: Partial<Record<RookSetting, string>> = {};
  const variables = new Map(variablesOf(container?.env).map(({ name, value }) => [name, value]));
  for (const name of ROOK_SETTINGS) {
    const value = variables.get(name);
    if (value !== undefined) settings[name] = value.slice(0, MAX_VALUE_LENGTH + 1);
  }
  return settings;
}

export function projectDriver(raw: unknown): Driver {
  const { metadata } = raw as { metadata: RawMetadata };
  const creationTimestamp = optionalText(metadata.creationTimestamp, 'metadata.creationTimestamp') ?? '';
  return { ...identity(metadata), creationTimestamp };
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
    ...statusTime(metadata),
    ...failures(status),
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

function containersOf({ spec }: V1PodTemplateSpec): readonly V1Container[] {
  return list(spec?.containers, 'containers');
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
