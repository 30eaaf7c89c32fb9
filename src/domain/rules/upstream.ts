/** The Drivers of ceph-csi-operator in a namespace: which of them do not work as they should, by Rook's settings and the pods. */
import type { PortConflict } from './api.js';
import type { Ports } from './assignment.js';
import { claimsOn, type Surroundings } from './claims.js';
import type { Conflicts } from './conflicts.js';
import { controllerPluginOf, driverType, nodePluginOf, type Driver, type DriverType } from './driver.js';
import type { HostNetworkPods } from './host-network-pods.js';
import { isTrue, rookSetting } from './rook-config.js';
import { compareRookVersions, parseRookVersion, rookVersion, type RookVersion } from './rook-operator.js';
import type { RookWorld } from './rook-world.js';
import { POOL, SLOT_SPECS, isAssignable, type Slot } from './slots.js';

export interface DriverWorld extends RookWorld {
  /** Of any type; none where ceph-csi-operator is not installed. */
  readonly drivers: readonly Driver[];
  readonly pods?: HostNetworkPods;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Names of Drivers, sorted. A Driver is in one list at most. */
export interface UpstreamFindings {
  /** Rook renders these drivers itself, as ROOK_USE_CSI_OPERATOR is not true. */
  readonly leftBehind: readonly string[];
  /** No pod of the node plugin is there. */
  readonly withoutWorkloads: readonly string[];
  /** Rook's settings ask for the host network, and no pod of the ctrlplugin is on it. */
  readonly withoutHostNetwork: readonly string[];
  /** When the next Driver is old enough to be judged, in milliseconds; Infinity if none waits for that. */
  readonly recheckAfterMs: number;
}

/** Before this age a Driver may still be rendered: ceph-csi-operator took up to 12 s (1.0.4, as run). */
const MIN_AGE_MS = 60_000;

/** Up to 1.18.0 Rook takes an absent ROOK_USE_CSI_OPERATOR for false. */
const DEFAULT_IS_UPSTREAM: RookVersion = [1, 18, 1];
/** From here on Rook renders no CSI workloads. */
const WITHOUT_LEGACY_MODE: RookVersion = [1, 20, 0];

const SLOTS_BY_TYPE: Readonly<Record<DriverType, readonly Slot[]>> = {
  rbd: ['rbdProvisioner', 'rbdNodePlugin'],
  cephfs: ['cephfsProvisioner'],
  nvmeof: [],
};

/** The one with the same csi-addons port in its ctrlplugin, 9070: on one node only one of them can be on the host network. */
const SAME_PORT: Readonly<Partial<Record<DriverType, DriverType>>> = { rbd: 'nvmeof', nvmeof: 'rbd' };

type TypedDriver = Driver & { readonly type: DriverType };

export function upstreamFindings(world: DriverWorld): UpstreamFindings {
  const drivers = typed(world.drivers);
  const leftBehind = drivers.filter((driver) => isLeftBehind(driver, world));
  const { pods, now } = world;
  const found = { leftBehind: namesOf(leftBehind), withoutWorkloads: [], withoutHostNetwork: [] };
  if (pods === undefined) return { ...found, recheckAfterMs: Infinity };
  const others = drivers.filter((driver) => !leftBehind.includes(driver));
  const judged = others.filter((driver) => ageOf(driver, now) >= MIN_AGE_MS);
  const isRendered = (driver: Driver): boolean => pods.of(nodePluginOf(driver)).size > 0;
  const isLost = (driver: TypedDriver): boolean => isRendered(driver) && hasLostHostNetwork(driver, drivers, pods);
  const remaining = others.map((driver) => MIN_AGE_MS - ageOf(driver, now)).filter((ms) => ms > 0 && ms < Infinity);
  return {
    ...found,
    withoutWorkloads: namesOf(judged.filter((driver) => !isRendered(driver))),
    withoutHostNetwork: asksForHostNetwork(world) ? namesOf(judged.filter(isLost)) : [],
    // A clock that is behind makes a Driver younger than it is.
    recheckAfterMs: Math.min(...remaining.map((ms) => Math.min(ms, MIN_AGE_MS))),
  };
}

/** Those whose pods carry a csi-addons sidecar, by name. */
function typed(drivers: readonly Driver[]): TypedDriver[] {
  const found = drivers.flatMap((driver): TypedDriver[] => {
    const type = driverType(driver.name);
    return type === undefined ? [] : [{ ...driver, type }];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Not where a Driver with the same csi-addons port has it. */
function hasLostHostNetwork(driver: TypedDriver, drivers: readonly TypedDriver[], pods: HostNetworkPods): boolean {
  const isOnHost = (one: Driver): boolean => pods.of(controllerPluginOf(one)).size > 0;
  return !isOnHost(driver) && !drivers.some((other) => other.type === SAME_PORT[driver.type] && isOnHost(other));
}

/**
 * Where this Rook's slots can go that have a port for which a pod of another namespace's Driver waits. ceph-csi-operator's
 * ports are fixed, and a newcomer moves nobody by itself.
 */
export function portsInstead(
  { upstream }: Conflicts,
  assignment: Ports,
  world: RookWorld,
  surroundings: Surroundings,
): Ports {
  const isForeign = ({ holders }: PortConflict): boolean =>
    holders.some(({ namespace }) => namespace !== world.namespace);
  const wanted = new Set(upstream.filter(isForeign).map(({ port }) => port));
  if (wanted.size === 0) return {};
  const given = new Set(Object.values(assignment));
  const ports: Partial<Record<Slot, number>> = {};
  for (const { slot } of SLOT_SPECS) {
    const port = assignment[slot];
    if (port === undefined || !wanted.has(port)) continue;
    const free = POOL.find((candidate) => !given.has(candidate) && isFree(candidate, world, surroundings));
    if (free === undefined) continue;
    given.add(free);
    ports[slot] = free;
  }
  return ports;
}

/** Neither taken by anybody else nor waited for. */
function isFree(port: number, world: RookWorld, surroundings: Surroundings): boolean {
  const { size } = surroundings.pods?.withPort(port) ?? { size: 0 };
  return isAssignable(port) && size === 0 && claimsOn(port, world, surroundings).length === 0;
}

/** Rook deletes Drivers when it renders the workloads itself again, and only logs it if that fails. */
function isLeftBehind({ type }: TypedDriver, { workloads, rookConfig, rookOperator }: RookWorld): boolean {
  const version = parseRookVersion(rookVersion(rookOperator));
  if (version === undefined || compareRookVersions(version, WITHOUT_LEGACY_MODE) >= 0) return false;
  const value = rookSetting('ROOK_USE_CSI_OPERATOR', rookConfig, rookOperator) ?? '';
  const isUpstream = value === '' ? compareRookVersions(version, DEFAULT_IS_UPSTREAM) >= 0 : isTrue(value);
  // Without Rook's own workloads the Drivers may be all that serves the volumes.
  return !isUpstream && SLOTS_BY_TYPE[type].some((slot) => workloads[slot]?.driverOwned === false);
}

function asksForHostNetwork({ rookConfig, rookOperator }: RookWorld): boolean {
  return isTrue(rookSetting('ROOK_ENFORCE_HOST_NETWORK', rookConfig, rookOperator));
}

/** Of one that has no time it is unknown, and no age is enough. */
function ageOf({ creationTimestamp }: Driver, now: number): number {
  const age = now - Date.parse(creationTimestamp);
  return Number.isNaN(age) ? -Infinity : age;
}

function namesOf(drivers: readonly Driver[]): string[] {
  return drivers.map(({ name }) => name);
}
