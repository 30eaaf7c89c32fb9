/** Worlds as the tests describe them: what is observed of one namespace, and what a reconcile of it came to. */
import { FIELD_MANAGER, type AssignmentSpec, type AssignmentStatus } from '../../../src/domain/rules/api.js';
import { NOTHING_DONE, type Outcome } from '../../../src/domain/report/outcome.js';
import { plan, type Observed, type Plan, type StoredStatus } from '../../../src/domain/rules/plan.js';
import { DEFAULT_CONTESTED_AFTER, recordReverts } from '../../../src/domain/rules/contested.js';
import { heldBack, contestable } from '../../../src/domain/rules/held.js';
import { reverts } from '../../../src/domain/rules/reverts.js';
import { knownRookKeys } from '../../../src/domain/rules/rook-keys.js';
import type { RookConfig, RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import type { Pin } from '../../../src/domain/rules/pin.js';
import { SLOT_SPECS, type ConfigKey, type Slot, type WorkloadKind } from '../../../src/domain/rules/slots.js';
import type { Reconciled } from '../../../src/domain/report/outcome.js';
import type { Workload } from '../../../src/domain/rules/workload.js';
import { statusOf } from '../../../src/domain/report/status.js';
import { project, rawWorkload, type RawOptions, type RawWorkload } from './raw-workload.js';

export const SLOTS: readonly Slot[] = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'];
export const NOW = '2026-11-22T10:00:00Z';
export const EARLIER = '2026-11-22T09:00:00Z';

export type Keys = Readonly<Partial<Record<ConfigKey, string | RookConfigEntry>>>;

/** A key given as a plain value is a user's, written by kubectl. */
export function rookConfig(keys: Keys = {}): RookConfig {
  const entries = Object.entries(keys).map(([key, entry]) => [
    key,
    typeof entry === 'string' ? { value: entry, managers: ['kubectl-edit'] } : entry,
  ]);
  return {
    namespace: 'rook-ceph',
    name: 'rook-ceph-operator-config',
    uid: 'uid-config',
    resourceVersion: '12',
    deleting: false,
    keys: Object.fromEntries(entries) as RookConfig['keys'],
    fingerprint: 'data',
    enforceHostNetwork: true,
    managers: [],
  };
}

/** The ConfigMap after the pin was written: a merge patch of other values leaves their keys with us alone. */
export function applyPin(config: RookConfig, pin: Pin): RookConfig {
  const written = Object.entries(pin).map(([key, value]) => [key, { value, managers: [FIELD_MANAGER] }]);
  return { ...config, keys: { ...config.keys, ...(Object.fromEntries(written) as RookConfig['keys']) } };
}

export interface World {
  readonly spec?: AssignmentSpec;
  /** Undefined where the ConfigMap is absent. */
  readonly config?: RookConfig;
  readonly rook?: { readonly image?: string; readonly readyReplicas?: number };
  readonly workloads?: Readonly<Partial<Record<Slot, RawWorkload>>>;
  readonly upstream?: readonly Workload[];
  readonly hasDrivers?: boolean;
}

export function observe({
  spec = {},
  config,
  rook,
  workloads = {},
  upstream = [],
  hasDrivers = false,
}: World): Observed {
  const operator = { namespace: 'rook-ceph', name: 'rook-ceph-operator', uid: 'uid-rook', resourceVersion: '3' };
  return {
    assignment: {
      namespace: 'rook-ceph',
      name: 'default',
      uid: 'uid-assignment',
      resourceVersion: '1',
      generation: 3,
      deleting: false,
      spec,
    },
    ...(config === undefined ? {} : { rookConfig: config }),
    ...(rook === undefined ? {} : { rookOperator: { ...operator, readyReplicas: 1, ...rook } }),
    workloads: Object.fromEntries(Object.entries(workloads).map(([slot, raw]) => [slot, project(raw)])),
    upstream,
    hasDrivers,
  };
}

export interface UpstreamOptions {
  readonly kind?: WorkloadKind;
  readonly port?: number;
  readonly hostNetwork?: boolean;
  readonly liveness?: number;
}

/** A ctrlplugin, or with kind DaemonSet a nodeplugin, as ceph-csi-operator renders it. */
export function upstreamWorkload(driver: 'rbd' | 'cephfs' | 'nvmeof', options: UpstreamOptions = {}): Workload {
  const { kind = 'Deployment', port = 9070, hostNetwork = true, ...rest } = options;
  const slot = kind === 'Deployment' ? 'rbdProvisioner' : 'rbdNodePlugin';
  const suffix = kind === 'Deployment' ? 'ctrlplugin' : 'nodeplugin';
  const raw = rawWorkload(slot, { ...rest, port, hostNetwork, driverOwned: true });
  return { ...project(raw), name: `rook-ceph.${driver}.csi.ceph.com-${suffix}` };
}

/** The three workloads; each slot on its fixed port unless told otherwise. */
export function workloads(options: Partial<Record<Slot, RawOptions>> = {}): Record<Slot, RawWorkload> {
  return {
    rbdProvisioner: rawWorkload('rbdProvisioner', options.rbdProvisioner),
    cephfsProvisioner: rawWorkload('cephfsProvisioner', options.cephfsProvisioner),
    rbdNodePlugin: rawWorkload('rbdNodePlugin', options.rbdNodePlugin),
  };
}

/** The same options for each of the three. */
export function allWorkloads(options: RawOptions): Record<Slot, RawWorkload> {
  return workloads({ rbdProvisioner: options, cephfsProvisioner: options, rbdNodePlugin: options });
}

/** What Rook leaves behind with every key unset: all three sidecars on 9070. */
export const CONFLICTING: World = { config: rookConfig(), workloads: allWorkloads({ port: 9070 }) };

/** Every sidecar on its fixed port and every key pinned. */
export const SETTLED: World = { config: pinned(9070, 9071, 9072), workloads: workloads() };

/** As settled, but no pod is known to follow its template yet. */
export const ROLLING: World = { ...SETTLED, workloads: allWorkloads({ rolling: true }) };

/** The conflict just after its two patches. */
export const AFTER_PATCH: World = {
  ...SETTLED,
  workloads: workloads({ cephfsProvisioner: { rolling: true }, rbdNodePlugin: { rolling: true } }),
};

/** One sidecar on a port that is neither its own nor anybody's. */
export const DRIFTED: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9500 } }) };

export function pinned(rbdProvisioner: number, cephfsProvisioner: number, rbdNodePlugin: number): RookConfig {
  const ports = { rbdProvisioner, cephfsProvisioner, rbdNodePlugin };
  const pin = Object.fromEntries(SLOT_SPECS.map(({ slot, configKey }) => [configKey, String(ports[slot])]));
  return applyPin(rookConfig(), pin);
}

export interface ReconcileOptions {
  /** The world after the writes; the same as before where nothing was written. */
  readonly after?: World;
  readonly outcome?: Partial<Outcome>;
  readonly previous?: Partial<AssignmentStatus>;
  readonly generation?: number;
  readonly now?: string;
}

export function reconcile(before: World, options: ReconcileOptions = {}): Reconciled {
  const { after = before, previous, generation = 3, now = NOW } = options;
  const outcome = { ...NOTHING_DONE, ...options.outcome };
  const found = plan(observe(before));
  const reverted = reverts(previous, found, { isAfterPin: false, mayBeUntold: false });
  const rules = { contestedAfter: DEFAULT_CONTESTED_AFTER };
  const recent = recordReverts(contestable(previous, found), reverted, now, rules);
  return {
    generation,
    ...(previous === undefined ? {} : { previous }),
    before: found,
    after: plan(observe(after)),
    outcome,
    reverted,
    recent,
    held: heldBack(found, recent, Date.parse(now)),
    ...knownKeys(found, previous),
    now,
  };
}

function knownKeys(found: Plan, previous: StoredStatus | undefined): Partial<Reconciled> {
  const rookKeys = knownRookKeys(found, previous);
  return rookKeys === undefined ? {} : { rookKeys };
}

/** The status that a reconcile of this world leaves behind. */
export function statusIn(world: World, options: ReconcileOptions = {}): AssignmentStatus {
  return statusOf(reconcile(world, { now: EARLIER, ...options }));
}
