/** Worlds as the tests describe them: what is observed of one namespace, and the report of a reconcile of it. */
import { FIELD_MANAGER, type AssignmentSpec, type AssignmentStatus } from '../../../src/domain/rules/api.js';
import type { PortAssignment, StoredStatus } from '../../../src/domain/rules/api.js';
import type { Driver } from '../../../src/domain/rules/driver.js';
import { HostNetworkPods, type HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import { plan } from '../../../src/domain/rules/plan.js';
import type { LastSeen, Observed } from '../../../src/domain/rules/observed.js';
import type { RookConfig, RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import type { RookOperator } from '../../../src/domain/rules/rook-operator.js';
import type { RookWorld } from '../../../src/domain/rules/rook-world.js';
import type { Pin } from '../../../src/domain/rules/pin.js';
import { SLOT_SPECS, forEachSlot, type ConfigKey, type Slot } from '../../../src/domain/rules/slots.js';
import type { Report } from '../../../src/domain/report/conditions.js';
import { eventsOf, type EventSpec } from '../../../src/domain/report/events.js';
import { statusOf } from '../../../src/domain/report/status.js';
import type { WriteResult } from '../../../src/domain/report/write-result.js';
import { project, rawWorkload, type RawOptions, type RawWorkload } from './raw-workload.js';

export const SLOTS: readonly Slot[] = SLOT_SPECS.map(({ slot }) => slot);
/** Where the sidecars end that all were on 9070. */
export const DEFAULT_PORTS: Readonly<Record<Slot, number>> = forEachSlot(({ defaultPort }) => defaultPort);
export const NOW = '2026-11-22T10:00:00Z';
export const EARLIER = '2026-11-22T09:00:00Z';

export type Keys = Readonly<Partial<Record<ConfigKey, string | RookConfigEntry>>>;

/** A key given as a plain value is a user's, written by kubectl. */
export function rookConfig(keys: Keys = {}, settings: RookConfig['settings'] = {}): RookConfig {
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
    settings,
    fingerprint: 'data',
    managers: [],
  };
}

/** The ConfigMap after the pin was written: a merge patch of other values leaves their keys with us alone. */
export function applyPin(config: RookConfig, pin: Pin): RookConfig {
  const written = Object.entries(pin).map(([key, value]) => [key, { value, managers: [FIELD_MANAGER] }]);
  return { ...config, keys: { ...config.keys, ...(Object.fromEntries(written) as RookConfig['keys']) } };
}

export interface World {
  readonly namespace?: string;
  /** When the assignment was made. */
  readonly created?: string;
  readonly spec?: AssignmentSpec;
  /** The status that is stored. */
  readonly stored?: StoredStatus;
  /** Undefined where the ConfigMap is absent. */
  readonly config?: RookConfig;
  readonly rook?: Partial<Pick<RookOperator, 'image' | 'readyReplicas' | 'env'>>;
  readonly workloads?: Readonly<Partial<Record<Slot, RawWorkload>>>;
  /** Of ceph-csi-operator; none by default. */
  readonly drivers?: readonly Driver[];
  readonly lastSeen?: LastSeen;
  /** On the host network: known and none by default. */
  readonly pods?: readonly HostNetworkPod[] | 'unknown';
  readonly others?: readonly RookWorld[];
  readonly rooksElsewhere?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now?: number;
}

export function observe({
  drivers = [],
  pods = [],
  others = [],
  rooksElsewhere = [],
  now = Date.parse(NOW),
  ...world
}: World): Observed {
  const { lastSeen } = world;
  return {
    ...rookWorld(world),
    drivers,
    others,
    rooksElsewhere,
    now,
    ...(pods === 'unknown' ? {} : { pods: HostNetworkPods.of(pods) }),
    ...(lastSeen === undefined ? {} : { lastSeen }),
  };
}

/** A namespace with an assignment, as its neighbours see it. */
export function rookWorld({
  namespace = 'rook-ceph',
  created = '2026-11-01T00:00:00Z',
  spec = {},
  stored,
  config,
  rook,
  workloads = {},
}: World): RookWorld & Pick<Observed, 'assignment'> {
  const operator = { namespace, name: 'rook-ceph-operator', uid: 'uid-rook', resourceVersion: '3' };
  const assignment: PortAssignment = {
    namespace,
    name: 'default',
    uid: 'uid-assignment',
    resourceVersion: '1',
    generation: 3,
    creationTimestamp: created,
    deleting: false,
    spec,
    ...(stored === undefined ? {} : { status: stored }),
  };
  const projected = Object.entries(workloads).map(([slot, raw]) => [slot, { ...project(raw), namespace }]);
  return {
    namespace,
    assignment,
    ...(config === undefined ? {} : { rookConfig: { ...config, namespace } }),
    ...(rook === undefined ? {} : { rookOperator: { ...operator, env: {}, readyReplicas: 1, ...rook } }),
    workloads: Object.fromEntries(projected) as RookWorld['workloads'],
  };
}

/** A Rook that nobody may move. */
export function unassigned(world: World): RookWorld {
  const { namespace, workloads: found } = rookWorld(world);
  return { namespace, workloads: found };
}

/** The workload of every slot, on its default port unless the options say otherwise. */
export function workloads(options: Partial<Record<Slot, RawOptions>> = {}): Record<Slot, RawWorkload> {
  return forEachSlot(({ slot }) => rawWorkload(slot, options[slot]));
}

/** The same options for every slot. */
export function allWorkloads(options: RawOptions): Record<Slot, RawWorkload> {
  return forEachSlot(({ slot }) => rawWorkload(slot, options));
}

/** What Rook leaves behind with every key unset: all sidecars on 9070. */
export const CONFLICTING: World = { config: rookConfig(), workloads: allWorkloads({ port: 9070 }) };

/** Every sidecar on its default port and every key pinned. */
export const SETTLED: World = { config: pinned(), workloads: workloads() };

/** As settled, but no pod is known to follow its template yet. */
export const ROLLING: World = { ...SETTLED, workloads: allWorkloads({ rolling: true }) };

/** The conflict just after its patches: the sidecar that was on its port all along has stayed. */
export const AFTER_PATCH: World = {
  ...SETTLED,
  workloads: forEachSlot(({ slot, defaultPort }) => rawWorkload(slot, { rolling: defaultPort !== 9070 })),
};

/** One sidecar on a port that collides with nobody, but is not the one of the spec. */
export const DRIFTED: World = {
  ...SETTLED,
  spec: { ports: { rbdNodePlugin: 9072 } },
  workloads: workloads({ rbdNodePlugin: { port: 9500 } }),
};

/** Every key pinned by the operator, to the default ports unless others are given. */
export function pinned(ports: Partial<Record<Slot, number>> = {}): RookConfig {
  const pin = SLOT_SPECS.map(({ slot, configKey, defaultPort }) => [configKey, String(ports[slot] ?? defaultPort)]);
  return applyPin(rookConfig(), Object.fromEntries(pin) as Pin);
}

export type Changes = Readonly<Partial<Record<Slot | 'rookConfig', Partial<WriteResult>>>>;

/** A row for each object, as a reconcile has it: nothing was to be done, but for these. */
export function resultsOf(changes: Changes = {}): WriteResult[] {
  const pin = { kind: 'ConfigMap', name: 'rook-ceph-operator-config', outcome: 'Unchanged', isSent: false } as const;
  const rows = SLOT_SPECS.map(({ kind, workload: name, slot, defaultPort: to }): WriteResult => {
    return { kind, name, slot, to, from: to, outcome: 'Unchanged', isSent: false, ...changes[slot] };
  });
  return [{ ...pin, ...changes.rookConfig }, ...rows];
}

export interface ReportOptions {
  readonly results?: Changes;
  readonly stored?: StoredStatus | undefined;
  readonly generation?: number;
  readonly now?: string;
}

/** @param world as the reconcile left it */
export function reportOf(world: World, { results, stored, generation = 3, now = NOW }: ReportOptions = {}): Report {
  return { plan: plan(observe(world)), results: resultsOf(results), generation, stored, now };
}

export function statusIn(world: World, options: ReportOptions = {}): AssignmentStatus {
  return statusOf(reportOf(world, { now: EARLIER, ...options }));
}

export interface EventOptions {
  /** The world as the reconcile left it; by default as it found it. */
  readonly after?: World;
  readonly results?: Changes;
  readonly lastSeen?: LastSeen;
}

export function eventsIn(before: World, { after = before, results, lastSeen }: EventOptions = {}): EventSpec[] {
  const [found, left] = [plan(observe(before)), plan(observe(after))];
  return eventsOf({ before: found, after: left, results: resultsOf(results), lastSeen });
}
