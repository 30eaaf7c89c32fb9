/** The ConfigMap rook-ceph-operator-config: what its port keys mean to Rook and to the operator, and who owns them. */
import { FIELD_MANAGER, type ObjectMeta } from './api.js';
import type { RookOperator } from './rook-operator.js';
import type { FurtherSetting, RookSetting } from './rook-settings.js';
import { SLOT_SPECS, isAssignable, type ConfigKey, type Slot, type WorkloadKind } from './slots.js';
import { LIVENESS_CONTAINER, type HostPort, type Manager } from './workload.js';

export const ROOK_CONFIG_NAME = 'rook-ceph-operator-config';

/** One port key as stored. */
export interface RookConfigEntry {
  readonly value: string;
  /** Field managers that own the key (managedFields); empty if the object has none. */
  readonly managers: readonly string[];
}

export interface RookConfig extends ObjectMeta {
  readonly deleting: boolean;
  readonly keys: Readonly<Partial<Record<ConfigKey, RookConfigEntry>>>;
  readonly settings: Readonly<Partial<Record<FurtherSetting, string>>>;
  /** Differs if any of the data does: that, and no label or annotation, makes Rook write. */
  readonly fingerprint: string;
  /** Of any part of the object. */
  readonly managers: readonly Manager[];
}

/** What a key's value means to Rook and to the operator. */
export type ParsedPortKey =
  | { readonly kind: 'Unset' }
  | { readonly kind: 'Port'; readonly port: number }
  | {
      readonly kind: 'Invalid';
      readonly stopsRook: boolean;
      readonly consequence: string;
      /** What Rook renders from it; absent if that is nothing. */
      readonly port?: number;
    };

/** A ConfigMap has room for a megabyte, which every reconcile would parse. No port needs as much. */
export const MAX_VALUE_LENGTH = 1000;

/** Go's strings.TrimSpace leaves nothing of it: it takes U+0085 for a space, and U+FEFF for none, unlike trim(). */
const BLANK = /^[\t-\r \u0085\p{Z}]*$/u;

/**
 * Rook parses a value as an unsigned decimal of at most 65535 and takes blank as unset; anything else fails its whole
 * CSI reconcile (Rook 1.16.4, 1.17.9 and 1.19.10, as run). It does take 0, and aborts half-way through its pass.
 */
export function parsePortKey(value: string | undefined): ParsedPortKey {
  const stops = (consequence: string): ParsedPortKey => ({ kind: 'Invalid', stopsRook: true, consequence });
  if (value === undefined) return { kind: 'Unset' };
  if (value.length > MAX_VALUE_LENGTH) {
    return stops(`it is longer than ${MAX_VALUE_LENGTH} characters, which no port is`);
  }
  if (BLANK.test(value)) return { kind: 'Unset' };
  const port = unsignedDecimal(value);
  if (port === undefined) return stops('Rook cannot parse it and stops managing all CSI workloads');
  if (port === 0) return stops('the API server rejects what Rook renders from it');
  if (isAssignable(port)) return { kind: 'Port', port };
  const consequence = 'it is below 1024 or one of the CSI liveness ports 9080 and 9081';
  return { kind: 'Invalid', stopsRook: false, consequence, port };
}

/** Of 16 bits at most. */
function unsignedDecimal(value: string): number | undefined {
  const number = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  return number <= 65535 ? number : undefined;
}

/** What Rook reads for the setting: of its ConfigMap, also if blank there, else of its environment. */
export function rookSetting(
  name: RookSetting,
  config: RookConfig | undefined,
  operator: RookOperator | undefined,
): string | undefined {
  const inConfig = isFurther(name) ? config?.settings[name] : config?.keys[name]?.value;
  return inConfig ?? operator?.env[name];
}

function isFurther(name: RookSetting): name is FurtherSetting {
  return !SLOT_SPECS.some(({ configKey }) => configKey === name);
}

/** The valid port keys that are the user's: of the ConfigMap, else of the environment of Rook's Deployment. */
export function userKeys(
  config: RookConfig | undefined,
  operator: RookOperator | undefined,
): Partial<Record<Slot, number>> {
  const ports: Partial<Record<Slot, number>> = {};
  for (const { slot, configKey } of SLOT_SPECS) {
    const meaning = parsePortKey(userValue(config?.keys[configKey], operator?.env[configKey]));
    if (meaning.kind === 'Port') ports[slot] = meaning.port;
  }
  return ports;
}

/** A pin of another port than the environment's was made for a reason, and Rook reads it in place of that. */
function userValue(entry: RookConfigEntry | undefined, environment: string | undefined): string | undefined {
  if (entry === undefined || !isOwnPin(entry)) return entry?.value ?? environment;
  return entry.value === environment ? environment : undefined;
}

/** Whether the operator's field manager alone owns the key. */
function isOwnPin(entry: RookConfigEntry): boolean {
  return entry.managers.length > 0 && entry.managers.every((name) => name === FIELD_MANAGER);
}

export interface InvalidKey {
  readonly key: ConfigKey;
  readonly value: string;
  readonly consequence: string;
}

export function invalidKeys(config: RookConfig | undefined): InvalidKey[] {
  return SLOT_SPECS.flatMap(({ configKey: key }) => {
    const value = config?.keys[key]?.value;
    const meaning = parsePortKey(value);
    return value !== undefined && meaning.kind === 'Invalid' ? [{ key, value, consequence: meaning.consequence }] : [];
  });
}

/** A port that Rook's settings give to the liveness container of a workload. */
export interface LivenessPort extends HostPort {
  readonly workload: { readonly kind: WorkloadKind; readonly name: string };
}

/** Node plugin and provisioner of a driver take the same port. */
const LIVENESS_SPECS = [
  { driver: 'rbd', setting: 'CSI_RBD_LIVENESS_METRICS_PORT', defaultPort: 9080 },
  { driver: 'cephfs', setting: 'CSI_CEPHFS_LIVENESS_METRICS_PORT', defaultPort: 9081 },
] as const;

/** What Go's strconv.ParseBool takes for true. */
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Whether Rook takes the value of a setting for true. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE.has(value);
}

/** The ports of Rook's liveness containers, none unless CSI_ENABLE_LIVENESS is true. */
export function livenessPorts(config: RookConfig | undefined, operator: RookOperator | undefined): LivenessPort[] {
  if (!isTrue(rookSetting('CSI_ENABLE_LIVENESS', config, operator))) return [];
  return LIVENESS_SPECS.flatMap(({ driver, setting, defaultPort }): LivenessPort[] => {
    const value = rookSetting(setting, config, operator) ?? '';
    // Rook reconciles nothing while it cannot parse the value: what it rendered last is most likely the default.
    const port = value.length > MAX_VALUE_LENGTH ? 0 : (unsignedDecimal(value) ?? 0);
    const common = { container: LIVENESS_CONTAINER, port: port === 0 ? defaultPort : port };
    return [
      { ...common, workload: { kind: 'DaemonSet', name: `csi-${driver}plugin` } },
      { ...common, workload: { kind: 'Deployment', name: `csi-${driver}plugin-provisioner` } },
    ];
  });
}
