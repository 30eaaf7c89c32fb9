import { forEachSlot } from '../../../src/domain/rules/slots.js';
import type { DaemonSetUpdateStrategy } from './api-types.js';
import type { CsiAddonsWorkload } from './names.js';
import { DEFAULT_CSI_ADDONS_PORT, DEFAULT_LIVENESS_PORTS } from './names.js';
import type { RookRelease, RookVersion } from './release.js';
import { ROOK_RELEASES } from './release.js';

export type CsiDriver = 'rbd' | 'cephfs';

/** What a Rook operator knows when it renders its CSI workloads. */
export interface RookSettings {
  readonly namespace: string;
  readonly version: RookVersion;
  /** owner: the Deployment rook-ceph-operator. Absent: no owner reference, as when Rook fails to look it up. */
  readonly owner?: RookOwner;
  /**
   * config: the settings in force, that is the data of ConfigMap rook-ceph-operator-config. From 1.16.5 on Rook
   * keeps the last value of a deleted key until it restarts: leave such a key in here to show that.
   */
  readonly config: Readonly<Record<string, string>>;
  /** logCollector: CephCluster.spec.logCollector.enabled. */
  readonly logCollector?: boolean;
  /** storedHostPort: as Kubernetes <= 1.27 stores the template of a hostNetwork workload, with hostPort = containerPort. */
  readonly storedHostPort?: boolean;
}

export interface RookOwner {
  readonly name: string;
  readonly uid: string;
}

/** A setting that Rook cannot parse. Rook fails its whole pass on it, writes no workload at all and retries. */
export class RookConfigError extends Error {
  override readonly name = 'RookConfigError';

  constructor(
    readonly key: string,
    readonly value: string,
    expected: string,
  ) {
    super(`${key}: ${JSON.stringify(value)} is not ${expected}`);
  }
}

/** The settings as Rook understands them. */
export interface CsiParameters extends Omit<RookSettings, 'version' | 'config'> {
  readonly release: RookRelease;
  readonly nodePluginHostNetwork: boolean;
  readonly provisionerHostNetwork: boolean;
  readonly csiAddons: boolean;
  readonly csiAddonsPorts: Readonly<Record<CsiAddonsWorkload, number>>;
  readonly liveness: boolean;
  readonly livenessPorts: Readonly<Record<CsiDriver, number>>;
  readonly metadata: boolean;
  readonly provisionerReplicas: number;
  /** nodePluginPriorityClass, provisionerPriorityClass: empty means none; only the shipped manifest names classes. */
  readonly nodePluginPriorityClass: string;
  readonly provisionerPriorityClass: string;
  readonly updateStrategies: Readonly<Record<CsiDriver, DaemonSetUpdateStrategy>>;
}

/**
 * Reads the settings that bear on ports, the host network and rollouts; all others are taken at their defaults.
 *
 * @throws RookConfigError where Rook 1.16.4 and 1.17.9 abort the pass; other bad values are logged there and replaced.
 */
export function readCsiParameters(settings: RookSettings): CsiParameters {
  const { version, config, ...rest } = settings;
  const release = ROOK_RELEASES[version];
  const keys = release.csiAddonsPortKeys;
  return {
    ...rest,
    release,
    nodePluginHostNetwork: readBool(config, 'CSI_ENABLE_HOST_NETWORK', true),
    // Unlike the others this one does not fail the pass: Rook 1.16.4 and 1.17.9 take a bad value for false.
    provisionerHostNetwork: parseBool(config.ROOK_ENFORCE_HOST_NETWORK ?? 'false') ?? false,
    // Any value but true and false makes Rook look for the CRD of CSIAddonsNode, which these clusters do not have.
    csiAddons: is(config, 'CSI_ENABLE_CSIADDONS', 'true'),
    csiAddonsPorts: forEachSlot(({ slot }) => readPort(config, keys[slot], DEFAULT_CSI_ADDONS_PORT)),
    liveness: readBool(config, 'CSI_ENABLE_LIVENESS', false),
    // Rook parses the liveness ports with liveness off, too: a bad one stops it all the same.
    livenessPorts: {
      rbd: readPort(config, 'CSI_RBD_LIVENESS_METRICS_PORT', DEFAULT_LIVENESS_PORTS.rbd),
      cephfs: readPort(config, 'CSI_CEPHFS_LIVENESS_METRICS_PORT', DEFAULT_LIVENESS_PORTS.cephfs),
    },
    metadata: release.metadataByDefault
      ? !is(config, 'CSI_ENABLE_METADATA', 'false')
      : is(config, 'CSI_ENABLE_METADATA', 'true'),
    provisionerReplicas: readReplicas(config),
    nodePluginPriorityClass: config.CSI_PLUGIN_PRIORITY_CLASSNAME ?? '',
    provisionerPriorityClass: config.CSI_PROVISIONER_PRIORITY_CLASSNAME ?? '',
    updateStrategies: {
      rbd: readUpdateStrategy(config, 'CSI_RBD_PLUGIN_UPDATE_STRATEGY'),
      cephfs: readUpdateStrategy(config, 'CSI_CEPHFS_PLUGIN_UPDATE_STRATEGY'),
    },
  };
}

type Config = RookSettings['config'];

/** Rook 1.16.4 and 1.17.9: blank means the default; 0 and privileged ports pass; blanks around a number do not. */
function readPort(config: Config, key: string, byDefault: number): number {
  const value = config[key] ?? '';
  if (value.trim() === '') {
    return byDefault;
  }
  if (!/^\d+$/.test(value)) {
    throw new RookConfigError(key, value, 'a number');
  }
  const port = Number(value);
  if (port > 65_535) {
    throw new RookConfigError(key, value, 'a port up to 65535');
  }
  return port;
}

function readBool(config: Config, key: string, byDefault: boolean): boolean {
  const value = config[key];
  if (value === undefined) {
    return byDefault;
  }
  const parsed = parseBool(value);
  if (parsed === undefined) {
    throw new RookConfigError(key, value, 'a boolean');
  }
  return parsed;
}

/** The spellings that Go's strconv.ParseBool takes; undefined for any other. */
function parseBool(value: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) {
    return true;
  }
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value) ? false : undefined;
}

/** Rook compares these settings without regard to case and never fails on them. */
function is(config: Config, key: string, expected: string): boolean {
  return config[key]?.toLowerCase() === expected.toLowerCase();
}

/** Rook 1.16.4 and 1.17.9 log a bad number and stay with two. (They force one on a cluster of a single node.) */
function readReplicas(config: Config): number {
  const value = config.CSI_PROVISIONER_REPLICAS ?? '';
  return /^\d+$/.test(value) ? Number(value) : 2;
}

function readUpdateStrategy(config: Config, key: string): DaemonSetUpdateStrategy {
  return is(config, key, 'OnDelete')
    ? { type: 'OnDelete' }
    : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } };
}
