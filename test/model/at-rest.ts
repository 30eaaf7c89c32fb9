/**
 * What has to be so when the others rest, told from the API server alone, and with rules of its own: README.md, Whose port
 * wins.
 */
import {
  FIELD_MANAGER,
  type AssignmentSpec,
  type AssignmentStatus,
  type Condition,
  type ConditionType,
} from '../../src/domain/rules/api.js';
import { SLOT_SPECS, forEachSlot, type ConfigKey, type Slot, type SlotSpec } from '../../src/domain/rules/slots.js';
import { hold, is } from './ledger.js';
import {
  ASSIGNMENT,
  CONFIG,
  isOnHostNetwork,
  saidPorts,
  sidecarOf,
  type Metadata,
  type StoredAssignment,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';
import type { World } from './world.js';

export function checkAtRest(world: World): void {
  const assignment = world.server.get(ASSIGNMENT) as StoredAssignment | undefined;
  if (assignment === undefined) return;
  const { spec, status, metadata } = assignment;
  if (status === undefined) throw new Error('there is no status');
  const config = world.server.get(CONFIG);
  const ports = desiredPorts(spec, config);
  hold(new Set(Object.values(ports)).size === 3, 'the desired ports are distinct');
  is('status.observedGeneration', status.observedGeneration, metadata.generation);
  for (const { slot } of SLOT_SPECS) is(`status.ports.${slot}`, status.ports[slot], ports[slot]);
  const rows = SLOT_SPECS.map((layout) => checkRow(world, layout, assignment, ports[layout.slot]));
  checkConditions(rows, spec, status);
  if ((spec.mode ?? 'Enforce') === 'Enforce') checkEnforced(world, rows, assignment);
}

/** What is rejected is said, and what comes of that is not the operator's. */
function checkEnforced({ server, rejected }: World, rows: readonly Row[], { spec, status }: StoredAssignment): void {
  if (status === undefined) return;
  const config = server.get(CONFIG);
  const competing = rows.filter(({ competes }) => competes);
  if (!competing.some(({ state }) => state === 'Rejected')) {
    const taken = competing.flatMap(({ declared }) => declared);
    is('host ports that are shared', taken.length - new Set(taken).size, 0);
    is('status.conflicts', status.conflicts, undefined);
  }
  if (spec.rookConfig === 'Leave' || config === undefined) return;
  if (rejected.has(CONFIG)) checkPinRejected(status, competing, config);
  else checkKeys(config, competing);
}

function checkPinRejected(status: AssignmentStatus, competing: readonly Row[], { data = {} }: StoredObject): void {
  const isWanted = competing.some(({ layout, port }) => Number(data[layout.configKey]) !== port);
  const { message } = conditionOf(status, 'Degraded');
  if (isWanted) hold(message.includes(CONFIG), `Degraded does not say that the pin is rejected: ${message}`);
}

interface Row {
  readonly layout: SlotSpec;
  readonly state: string;
  readonly competes: boolean;
  readonly declared: readonly number[];
  readonly port: number;
}

function checkRow(world: World, layout: SlotSpec, { spec, status }: StoredAssignment, port: number): Row {
  const stored = world.server.get(layout.workload) as StoredWorkload | undefined;
  const isRejected = spec.mode !== 'Paused' && world.rejected.has(layout.workload);
  const standing = stateOf(world, stored, port);
  const state = standing === 'Drifted' && isRejected ? 'Rejected' : standing;
  const said = stored && saidPorts(stored);
  const expected = [state, port, said?.listens];
  is(`status of ${layout.workload}`, toldOf(status, layout).join(' '), expected.join(' '));
  const competes = stored !== undefined && isOnHostNetwork(stored);
  return { layout, state, competes, declared: said?.declared ?? [], port };
}

function toldOf(status: AssignmentStatus | undefined, { slot }: SlotSpec): unknown[] {
  const row = status?.workloads.find((one) => one.slot === slot);
  return [row?.state, row?.assignedPort, row?.currentPort];
}

function stateOf(world: World, stored: StoredWorkload | undefined, port: number): string {
  if (stored === undefined) return 'Absent';
  if (sidecarOf(stored.spec.template) === undefined) return 'NoSidecar';
  if (!isOnHostNetwork(stored)) return 'PodNetwork';
  const said = saidPorts(stored);
  const isThere = said?.listens === port && said.declared.every((declared) => declared === port);
  if (isThere) return world.pods.isRolledOut(stored.metadata.name) ? 'Ready' : 'RollingOut';
  return 'Drifted';
}

function checkConditions(rows: readonly Row[], { mode = 'Enforce' }: AssignmentSpec, status: AssignmentStatus): void {
  const states = rows.filter(({ competes }) => competes).map(({ state }) => state);
  const ready = readyReason(states, mode);
  is('Ready', conditionOf(status, 'Ready').reason, ready);
  const isReady = ready === 'PortsAssigned' || ready === 'NothingToAssign';
  is('Ready.status', conditionOf(status, 'Ready').status, isReady ? 'True' : 'False');
  if (mode !== 'Enforce') return;
  hold(!states.includes('Drifted'), 'a workload is off its port, and is left so');
  if (states.includes('Rejected')) return;
  is('Progressing', conditionOf(status, 'Progressing').reason, 'Settled');
  const { reason, message } = conditionOf(status, 'Degraded');
  hold(reason !== 'Contested' && reason !== 'PortConflict', `Degraded is ${reason}: ${message}`);
}

function conditionOf({ conditions }: AssignmentStatus, type: ConditionType): Condition {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`there is no condition ${type}`);
  return found;
}

function readyReason(states: readonly string[], mode: string): string {
  if (states.length === 0) return 'NothingToAssign';
  if (states.includes('Rejected')) return 'PatchRejected';
  if (states.includes('Drifted')) return mode === 'Enforce' ? 'PortsDiffer' : mode;
  return states.includes('RollingOut') ? 'RollingOut' : 'PortsAssigned';
}

function checkKeys({ data = {} }: StoredObject, competing: readonly Row[]): void {
  for (const { layout, port } of competing) is(layout.configKey, Number(data[layout.configKey]), port);
}

/** The port in the spec; else one's own key, of those that clash the first; else the fixed port; else the lowest free. */
function desiredPorts(spec: AssignmentSpec, config: StoredObject | undefined): Record<Slot, number> {
  const ports: Partial<Record<Slot, number>> = { ...spec.ports };
  const isFree = (port: number): boolean => !Object.values(ports).includes(port);
  const fill = (wish: (layout: SlotSpec) => number | undefined): void => {
    for (const layout of SLOT_SPECS) {
      const port = wish(layout);
      if (ports[layout.slot] === undefined && port !== undefined && isFree(port)) ports[layout.slot] = port;
    }
  };
  fill(({ configKey }) => ownKey(config, configKey));
  fill(({ defaultPort }) => defaultPort);
  fill(() => [9070, 9071, 9072].find(isFree));
  return forEachSlot(({ slot }) => ports[slot] ?? NaN);
}

function ownKey(config: StoredObject | undefined, key: ConfigKey): number | undefined {
  const value = config?.data?.[key];
  return config !== undefined && isPort(value) && !isOperators(config.metadata, key) ? Number(value) : undefined;
}

function isPort(value: string | undefined): value is string {
  const isNumber = value !== undefined && /^\d+$/.test(value);
  return isNumber && Number(value) >= 1024 && Number(value) <= 65535 && ![9080, 9081].includes(Number(value));
}

function isOperators({ managedFields }: Metadata, key: ConfigKey): boolean {
  const owners = managedFields.filter(({ fieldsV1 }) => {
    const { 'f:data': data } = fieldsV1 as { readonly 'f:data'?: object };
    return data !== undefined && `f:${key}` in data;
  });
  return owners.length > 0 && owners.every(({ manager }) => manager === FIELD_MANAGER);
}
