/**
 * Who takes a host port beside the slots of one Rook: containers of its own pods, its liveness settings, pods on the host
 * network, and the Rooks of other namespaces on the same nodes.
 *
 * - A port is free if no claim is on it, on any node, and no other slot has it. Slots are moved to free ports only.
 * - A slot collides if a claim on its port can meet it: on a node where its workload has pods, or a DaemonSet wants one.
 */
import type { HostNetworkPod, HostNetworkPods, WorkloadId } from './host-network-pods.js';
import { isSlotWorkload, isWithoutPort } from './host-network-pods.js';
import { livenessPorts } from './rook-config.js';
import type { RookWorld } from './rook-world.js';
import { heldPorts } from './sidecar-port.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, isListenable, type Slot } from './slots.js';
import { isCompeting, type HostPort, type Workload } from './workload.js';

export interface Holder extends WorkloadId {
  readonly container: string;
}

/** Equal for the same container of the same workload. */
export function holderKey({ namespace, kind, name, container }: Holder): string {
  return JSON.stringify([namespace, kind, name, container]);
}

export interface Claim {
  readonly port: number;
  readonly holder: Holder;
  /** Where its pods run, sorted; undefined if it can meet every slot. */
  readonly nodes?: readonly string[];
  /** Whether it makes way: a younger Rook, which is moved off the ports of older ones. */
  readonly yields?: true;
}

/** A Rook on the same nodes. */
export interface Neighbour extends RookWorld {
  /**
   * Older: its assignment was made earlier, and it keeps what it is given. Younger: it makes way. Fixed: it has no
   * assignment, or one that moves nothing, so it stays where it is.
   */
  readonly rank: 'Older' | 'Younger' | 'Fixed';
  /** Of an older one, the ports that it is given. */
  readonly ports: Readonly<Partial<Record<Slot, number>>>;
  /** Of an older one, where slots stay meanwhile that are given a port that somebody holds. */
  readonly staying: Readonly<Partial<Record<Slot, number>>>;
}

/** What is known of the surroundings of a Rook. */
export interface Surroundings {
  /** Absent if nobody may list them. */
  readonly pods?: HostNetworkPods | undefined;
  readonly neighbours: readonly Neighbour[];
}

const NONE: readonly Claim[] = [];

/** All claims on a port but those of the Rook's own slots. */
export function claimsOn(port: number, world: RookWorld, surroundings: Surroundings): Claim[] {
  return [
    ...ownContainers(port, world),
    ...livenessSettings(port, world),
    ...podsOn(port, surroundings.pods),
    ...surroundings.neighbours.flatMap((neighbour) => neighbourOn(port, neighbour)),
  ];
}

/**
 * Whether a claim and the pods of a workload may be on one node. A workload without pods may go anywhere, and so may a pod for
 * which the scheduler finds no free port; one that was only just made will be where it can be.
 */
export function canMeet({ nodes }: Claim, workload: Workload, pods: HostNetworkPods | undefined): boolean {
  if (nodes === undefined || pods === undefined) return true;
  const own = pods.of(workload);
  if (own.size === 0) return true;
  const where = new Set(nodes);
  for (const pod of own) if (pod.node === undefined ? isWithoutPort(pod) : where.has(pod.node)) return true;
  return false;
}

/** A workload never changes: each version of it is another object. A plan asks for its ports many times. */
const HOST_PORTS = new WeakMap<Workload, readonly HostPort[]>();

/** What a workload takes on each of its nodes: the sidecar's ports and those of the other containers. */
export function hostPorts(workload: Workload): readonly HostPort[] {
  const known = HOST_PORTS.get(workload);
  if (known !== undefined) return known;
  const read = readHostPorts(workload);
  HOST_PORTS.set(workload, read);
  return read;
}

function readHostPorts({ hostNetwork, sidecar, otherPorts }: Workload): HostPort[] {
  if (!hostNetwork) return [];
  const held = sidecar === undefined ? [] : [...heldPorts(sidecar)];
  const own = held.map((port) => ({ container: SIDECAR_CONTAINER, port }));
  return [...own, ...otherPorts].filter(({ port }) => isListenable(port));
}

export function workloadsOf({ workloads }: RookWorld): Workload[] {
  return SLOT_SPECS.flatMap(({ slot }) => workloads[slot] ?? []);
}

/** All containers but the sidecars that the operator moves. */
function ownContainers(port: number, world: RookWorld): Claim[] {
  return workloadsOf(world).flatMap((workload) =>
    claimsBy(workload, port, ({ container }) => container !== SIDECAR_CONTAINER || !isCompeting(workload)),
  );
}

/** Rook gives the same port to its provisioner and to its node plugin; the one of CephFS is not watched by name. */
function livenessSettings(port: number, { namespace, rookConfig, rookOperator }: RookWorld): Claim[] {
  return livenessPorts(rookConfig, rookOperator)
    .filter((liveness) => liveness.port === port)
    .map(({ workload: { kind, name }, container }) => ({ port, holder: { namespace, kind, name, container } }));
}

/** Slots count by the port that they are being given, not by the pods of an earlier template. */
function podsOn(port: number, pods: HostNetworkPods | undefined): readonly Claim[] {
  const found = [...(pods?.withPort(port) ?? NO_PODS)].filter(isStranger);
  if (found.length === 0) return NONE;
  const nodesByHolder = new Map<string, { readonly holder: Holder; readonly nodes: Set<string> }>();
  for (const { workload, node, ports } of found) {
    const container = ports.find((taken) => taken.port === port)?.container ?? '';
    const holder = { ...workload, container };
    const key = holderKey(holder);
    const nodes = nodesByHolder.get(key)?.nodes ?? new Set<string>();
    nodesByHolder.set(key, { holder, nodes: nodes.add(node) });
  }
  return [...nodesByHolder.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { holder, nodes }]) => ({ port, holder, nodes: [...nodes].sort() }));
}

const NO_PODS: ReadonlySet<HostNetworkPod> = new Set();

function isStranger(pod: HostNetworkPod): pod is HostNetworkPod & { readonly node: string } {
  return pod.node !== undefined && pod.isScheduled && !isSlotWorkload(pod.workload);
}

function neighbourOn(port: number, neighbour: Neighbour): Claim[] {
  const { rank, ports, staying } = neighbour;
  const others = ownContainers(port, neighbour);
  if (rank === 'Older') {
    const given = SLOT_SPECS.filter(({ slot }) => ports[slot] === port || staying[slot] === port);
    const { namespace } = neighbour;
    const holders = given.map(({ kind, workload: name }) => ({ namespace, kind, name, container: SIDECAR_CONTAINER }));
    return [...holders.map((holder) => ({ port, holder })), ...others];
  }
  const sidecars = workloadsOf(neighbour)
    .filter(isCompeting)
    .flatMap((workload) => claimsBy(workload, port, ({ container }) => container === SIDECAR_CONTAINER));
  return [...sidecars.map((claim) => (rank === 'Younger' ? { ...claim, yields: true as const } : claim)), ...others];
}

function claimsBy(workload: Workload, port: number, choose: (taken: HostPort) => boolean): readonly Claim[] {
  const { namespace, kind, name } = workload;
  const taken = hostPorts(workload).filter((one) => one.port === port && choose(one));
  if (taken.length === 0) return NONE;
  return taken.map(({ container }) => ({ port, holder: { namespace, kind, name, container } }));
}
