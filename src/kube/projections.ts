/**
 * Projects the API server's objects to what the operator keeps of them, in bounded size. Each projection throws a TypeError
 * that names the field if an object is not of the API's shape.
 */
import { createHash } from 'node:crypto';
import type { V1Container, V1DeploymentSpec, V1DeploymentStatus } from '@kubernetes/client-node';
import type { AssignmentSpec, Mode, PortAssignment, RookConfigPolicy, StoredStatus } from '../domain/rules/api.js';
import type { Driver } from '../domain/rules/driver.js';
import { MAX_VALUE_LENGTH, type RookConfig, type RookConfigEntry } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rules/rook-operator.js';
import {
  FURTHER_SETTINGS,
  ROOK_SETTINGS,
  type FurtherSetting,
  type RookSetting,
} from '../domain/rules/rook-settings.js';
import { SLOT_SPECS, type ConfigKey } from '../domain/rules/slots.js';
import { variablesOf } from './container-ports.js';
import { keyManagers, managersOf } from './managed-fields.js';
import { containersOf, generationOf, identity, type RawMetadata, type RawResource } from './raw-resource.js';
import { count, isRecord, optionalText, record } from './validate.js';

export function projectAssignment(raw: unknown): PortAssignment {
  const { metadata, spec, status } = raw as RawResource<AssignmentSpec | null | undefined, unknown>;
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
  const { metadata, spec, status } = raw as RawResource<V1DeploymentSpec, V1DeploymentStatus>;
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
