/** Worlds as the tests describe them: what is observed of one namespace, and the report of a reconcile of it. */
import { FIELD_MANAGER, type AssignmentSpec, type AssignmentStatus } from '../../../src/domain/rules/api.js';
import type { PortAssignment, StoredStatus } from '../../../src/domain/rules/api.js';
import type { Ports } from '../../../src/domain/rules/assignment.js';
import { plan, type LastSeen, type Observed } from '../../../src/domain/rules/plan.js';
import type { RookConfig, RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import type { Pin } from '../../../src/domain/rules/pin.js';
import { SLOT_SPECS, forEachSlot, type ConfigKey, type Slot } from '../../../src/domain/rules/slots.js';
import type { Report } from '../../../src/domain/report/conditions.js';
import { eventsOf, type EventSpec } from '../../../src/domain/report/events.js';
import { statusOf } from '../../../src/domain/report/status.js';
import type { WriteResult } from '../../../src/domain/report/write-result.js';
import { project, rawWorkload, type RawOptions, type RawWorkload } from './raw-workload.js';

export const SLOTS: readonly Slot[] = SLOT_SPECS.map(({ slot }) => slot);
/** The ports of an empty spec without keys. */
export const DEFAULT_PORTS: Ports = forEachSlot(({ defaultPort }) => defaultPort);
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
  /** The status that is stored. */
  readonly stored?: StoredStatus;
  /** Undefined where the ConfigMap is absent. */
  readonly config?: RookConfig;
  readonly rook?: { readonly image?: string; readonly readyReplicas?: number };
  readonly workloads?: Readonly<Partial<Record<Slot, RawWorkload>>>;
  readonly hasDrivers?: boolean;
  readonly lastSeen?: LastSeen;
}

export function observe({ spec = {}, stored, config, rook, workloads = {}, ...rest }: World): Observed {
  const operator = { namespace: 'rook-ceph', name: 'rook-ceph-operator', uid: 'uid-rook', resourceVersion: '3' };
  const assignment: PortAssignment = {
    namespace: 'rook-ceph',
    name: 'default',
    uid: 'uid-assignment',
    resourceVersion: '1',
    generation: 3,
    deleting: false,
    spec,
    ...(stored === undefined ? {} : { status: stored }),
  };
  return {
    assignment,
    ...(config === undefined ? {} : { rookConfig: config }),
    ...(rook === undefined ? {} : { rookOperator: { ...operator, readyReplicas: 1, ...rook } }),
    workloads: Object.fromEntries(Object.entries(workloads).map(([slot, raw]) => [slot, project(raw)])),
    ...rest,
  };
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

/** One sidecar on a port that is neither its own nor another one's. */
export const DRIFTED: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9500 } }) };

/** Every key pinned by the operator, to the default ports unless others are given. */
export function pinned(ports: Partial<Ports> = {}): RookConfig {
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
