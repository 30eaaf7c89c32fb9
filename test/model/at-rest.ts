/**
 * What has to be so when the others rest, told from the API server and the pods alone, and with rules of its own:
 * docs/admin/configure.md, Whose port wins.
 */
import {
  FIELD_MANAGER,
  type AssignmentSpec,
  type AssignmentStatus,
  type Condition,
  type ConditionType,
} from '../../src/domain/rules/api.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type ConfigKey, type SlotSpec } from '../../src/domain/rules/slots.js';
import { hold, is } from './hold.js';
import {
  ASSIGNMENT,
  CONFIG,
  isOnHostNetwork,
  keyOf,
  portsHeld,
  saidPorts,
  sidecarOf,
  type Metadata,
  type StoredAssignment,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';
import type { World } from './world.js';

/** A slot of an assignment, as its status reports it. */
interface Row {
  readonly layout: SlotSpec;
  readonly key: string;
  readonly stored: StoredWorkload | undefined;
  readonly state: string;
  readonly assigned: number | undefined;
  readonly competes: boolean;
}

interface Room {
  readonly namespace: string;
  readonly spec: AssignmentSpec;
  readonly status: AssignmentStatus;
  readonly config: StoredObject | undefined;
  readonly rows: readonly Row[];
}

/** @param isMended whether no policy rejects and no node is dead, so that all that is not held must have ended well */
export function checkAtRest(world: World, isMended: boolean): void {
  const rooms = world.namespaces.flatMap((namespace) => roomOf(world, namespace) ?? []);
  for (const room of rooms) {
    for (const row of room.rows) checkRow(world, room, row);
    const ports = room.rows.flatMap(({ assigned }) => assigned ?? []);
    hold(new Set(ports).size === ports.length, `the ports are not distinct: ${ports.join(', ')}`);
    checkReady(room);
    if (isMended && isEnforced(room)) checkEnforced(world, room, rooms);
  }
  if (isMended) checkDistinct(world, rooms);
}

function roomOf({ server }: World, namespace: string): Room | undefined {
  const assignment = server.get(keyOf(namespace, ASSIGNMENT)) as StoredAssignment | undefined;
  if (assignment === undefined) return undefined;
  const { spec, status, metadata } = assignment;
  if (status === undefined) throw new Error(`there is no status in ${namespace}`);
  is('status.observedGeneration', status.observedGeneration, metadata.generation);
  const rows = SLOT_SPECS.map((layout): Row => {
    const key = keyOf(namespace, layout.workload);
    const stored = server.get(key) as StoredWorkload | undefined;
    const row = status.workloads.find(({ slot }) => slot === layout.slot);
    const competes = stored !== undefined && isOnHostNetwork(stored);
    return { layout, key, stored, state: row?.state ?? '', assigned: row?.assignedPort, competes };
  });
  return { namespace, spec, status, config: server.get(keyOf(namespace, CONFIG)), rows };
}

function isEnforced({ spec }: Room): boolean {
  return (spec.mode ?? 'Enforce') === 'Enforce';
}

/** One that is held off its port stays on the one that it has. */
function portInForce({ state, assigned }: Row, current: number | undefined): number | undefined {
  return state === 'PortInUse' && assigned !== undefined ? (current ?? assigned) : assigned;
}

function portOf(stored: StoredWorkload | undefined): number | undefined {
  return stored && saidPorts(stored)?.listens;
}

function checkRow(world: World, { status }: Room, row: Row): void {
  const { layout, key, stored, state, assigned, competes } = row;
  const title = `status of ${key}`;
  const listens = portOf(stored);
  const told = status.workloads.find(({ slot }) => slot === layout.slot);
  is(`${title}, currentPort`, told?.currentPort, listens);
  is(`${title}, status.ports`, status.ports[layout.slot], portInForce(row, listens));
  if (!competes) {
    is(title, state, nonCompeting(stored));
    is(`${title}, assignedPort`, assigned, undefined);
    return;
  }
  const isRolledOut = world.pods.isRolledOut(key);
  if (state === 'Ready') hold(isRolledOut, `${title} is Ready, and its pods are not`);
  if (state === 'RollingOut' || state === 'Stuck') hold(!isRolledOut, `${title} is ${state}, and its pods are ready`);
  if (['Ready', 'RollingOut', 'Stuck'].includes(state)) is(`${title} ${state}`, listens, assigned);
  else hold(['Drifted', 'Rejected', 'PortInUse'].includes(state), `${title} is ${state}`);
}

function nonCompeting(stored: StoredWorkload | undefined): string {
  if (stored === undefined) return 'Absent';
  return sidecarOf(stored.spec.template) === undefined ? 'NoSidecar' : 'PodNetwork';
}

/** The gravest of what the slots are. Where nothing is moved, pods may be stuck for that alone. */
function checkReady({ rows, status, spec: { mode = 'Enforce' } }: Room): void {
  const { reason, status: value } = conditionOf(status, 'Ready');
  const states = new Set(rows.filter(({ competes }) => competes).map(({ state }) => state));
  const expected = [
    ['Rejected', 'PatchRejected'],
    ['PortInUse', 'PortInUse'],
    ...(mode === 'Enforce' ? [] : [['Drifted', mode]]),
    ['Stuck', 'RolloutStuck'],
    ['Drifted', 'AwaitingPods'],
    ['RollingOut', 'RollingOut'],
    ['Ready', 'PortsAssigned'],
  ].find(([state]) => states.has(state!))?.[1];
  const calm = expected ?? (reason === 'NoRook' ? 'NoRook' : 'NothingToAssign');
  const isBackingOff = conditionOf(status, 'Degraded').reason === 'Contested';
  if (!isBackingOff) is('Ready', reason, calm);
  is('Ready.status', value, reason === 'PortsAssigned' || reason === 'NothingToAssign' ? 'True' : 'False');
}

function checkEnforced(world: World, room: Room, rooms: readonly Room[]): void {
  const { spec, config, rows } = room;
  const competing = rows.filter(({ competes }) => competes);
  for (const { state, key, layout, assigned } of competing) {
    hold(!['Drifted', 'Rejected'].includes(state), `${key} is ${state}, and is left so`);
    const wanted = spec.ports?.[layout.slot];
    if (wanted !== undefined) is(`port of ${key}`, assigned, wanted);
    else hold(state !== 'PortInUse', `${key} is PortInUse, and the spec names no port for it`);
  }
  if (isAlone(world, rooms)) checkSettled(room, competing);
  checkUserKeys(room, rows);
  if (spec.rookConfig !== 'Leave' && config !== undefined) checkKeys(config, competing);
}

/** Those who share a port with somebody that nobody moves may keep others' pods off, too. */
function isAlone(world: World, rooms: readonly Room[]): boolean {
  const isHeld = rooms.some((one) => one.rows.some(({ state }) => state === 'PortInUse'));
  return !isHeld && rooms.length === world.namespaces.length && rooms.every(isEnforced) && world.knowsPods;
}

function checkSettled({ status }: Room, competing: readonly Row[]): void {
  for (const { state, key } of competing) is(`state of ${key}`, state, 'Ready');
  is('status.conflicts', status.conflicts, undefined);
  is('Progressing', conditionOf(status, 'Progressing').reason, 'Settled');
  const { reason, message } = conditionOf(status, 'Degraded');
  hold(reason !== 'Contested' && reason !== 'PortConflict', `Degraded is ${reason}: ${message}`);
}

/** A user's own key wins over what is there, if nobody else has its port. */
function checkUserKeys({ spec, config, status }: Room, rows: readonly Row[]): void {
  const isSetAside = conditionOf(status, 'Degraded').message.includes('set aside');
  for (const { layout, competes, assigned, key } of rows) {
    const own = ownKey(config, layout.configKey);
    if (!competes || own === undefined || spec.ports?.[layout.slot] !== undefined || isSetAside) continue;
    is(`port of ${key}, by the user's key`, assigned, own);
  }
}

/** Rook renders what is in force. */
function checkKeys({ data = {} }: StoredObject, competing: readonly Row[]): void {
  for (const { layout, assigned, state } of competing) {
    if (state === 'PortInUse') continue;
    const value = data[layout.configKey] ?? '';
    is(layout.configKey, value === '' ? 9070 : Number(value), assigned);
  }
}

interface Taken {
  readonly port: number;
  readonly key: string;
  /** Of a slot that the operator may not move: it stays where it is. */
  readonly isExempt: boolean;
  readonly namespace: string;
  /** Whether nobody may move anything in its namespace. */
  readonly isFixed: boolean;
  readonly nodes: readonly string[];
  /** Whether it listens there, and does not only declare the port. */
  readonly isMain: boolean;
}

/** A collision that can be ended has ended, or the status says why not. */
function checkDistinct(world: World, rooms: readonly Room[]): void {
  const taken = world.namespaces.flatMap((namespace) => takenIn(world, namespace, rooms));
  for (const one of taken) {
    if (one.isExempt) continue;
    for (const other of taken) {
      if (other.key === one.key || other.port !== one.port) continue;
      if (isExcused(one, other) || !other.nodes.some((node) => one.nodes.includes(node))) continue;
      throw new Error(`${one.key} and ${other.key} share host port ${one.port}, and the status gives no reason`);
    }
    const node = one.nodes.find((name) => world.pods.foreignPorts(name).includes(one.port));
    if (world.knowsPods)
      hold(node === undefined, `${one.key} shares host port ${one.port} with a pod on ${node ?? ''}`);
  }
}

/** A Rook of another namespace that is held keeps its port, and the status there gives the reason. */
function isExcused(one: Taken, other: Taken): boolean {
  if (!other.isExempt || other.isFixed) return false;
  // The node plugin stays where its key has put it: a Rook of one key puts the held one there, too.
  return one.namespace !== other.namespace || !other.isMain || one.key.endsWith('csi-rbdplugin');
}

const SETTLED = ['Ready', 'RollingOut'];

function takenIn(world: World, namespace: string, rooms: readonly Room[]): Taken[] {
  const room = rooms.find((one) => one.namespace === namespace);
  return SLOT_SPECS.flatMap(({ slot, workload }): Taken[] => {
    const key = keyOf(namespace, workload);
    const stored = world.server.get(key) as StoredWorkload | undefined;
    if (stored?.spec.template.spec.hostNetwork !== true) return [];
    const state = room?.rows.find(({ layout }) => layout.slot === slot)?.state ?? '';
    const isFixed = room === undefined || !isEnforced(room);
    const isExempt = isFixed || !SETTLED.includes(state);
    const nodes = world.pods.nodesWith(key);
    const listens = saidPorts(stored)?.listens;
    const common = { namespace, isFixed, nodes };
    const own = portsHeld(stored).map((port) => ({ ...common, port, key, isExempt, isMain: port === listens }));
    const proxy = { ...common, key: `${key}, another container`, isExempt: true, isFixed: true, isMain: true };
    return [...own, ...otherPorts(stored).map((port) => ({ ...proxy, port }))];
  });
}

function otherPorts({ spec }: StoredWorkload): number[] {
  const others = spec.template.spec.containers.filter(({ name }) => name !== SIDECAR_CONTAINER);
  return others.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
}

export function conditionOf({ conditions }: AssignmentStatus, type: ConditionType): Condition {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`there is no condition ${type}`);
  return found;
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
