/** Who sits on which host port of which node, and which pods wait for a port: of the ports that matter to one Rook. */
import type { PortHolder } from '../../domain/rules/api.js';
import { holderKey } from '../../domain/rules/claims.js';
import { isWithoutPort, type HostNetworkPod, type HostNetworkPods } from '../../domain/rules/host-network-pods.js';
import { SIDECAR_CONTAINER } from '../../domain/rules/slots.js';
import type { RookSurvey } from '../survey.js';

export interface PortOccupants {
  readonly port: number;
  /** Containers of pods that are scheduled here. */
  readonly holders: readonly PortHolder[];
  /** Of pods that are to run here, and are not scheduled as long as the port is taken. */
  readonly waiting: readonly PortHolder[];
  /** Whether they cannot all have the port, or pods without a node want it, too. */
  readonly collides: boolean;
}

/** Nodes on which the same containers have the same ports. */
export interface NodeGroup {
  /** In natural order. Of a dump without pods one, `*`: each template has a pod there. */
  readonly nodes: readonly string[];
  readonly ports: readonly PortOccupants[];
}

/** Pods that no node is chosen for. */
export interface Unscheduled {
  readonly port: number;
  readonly holder: PortHolder;
  readonly pods: number;
  /** Whether the scheduler says that no node has the port free. */
  readonly lacksPort: boolean;
}

export interface Occupancy {
  /** Those with a collision first. */
  readonly groups: readonly NodeGroup[];
  readonly unscheduled: readonly Unscheduled[];
}

interface Taker {
  readonly port: number;
  readonly holder: PortHolder;
  readonly pod: HostNetworkPod;
}

/** Undefined if the pods are not known. */
export function occupancyOf(rook: RookSurvey): Occupancy | undefined {
  const { pods } = rook.observed;
  if (pods === undefined) return undefined;
  const takers = [...portsOf(rook, pods)].sort((a, b) => a - b).flatMap((port) => takersOf(port, pods));
  const unscheduled = unscheduledOf(takers);
  return { groups: groupsOf(takers, unscheduled), unscheduled };
}

/** What its sidecars have or are given, also by pods of an earlier template, and what is in conflict. */
function portsOf({ plan, status, namespace }: RookSurvey, pods: HostNetworkPods): Set<number> {
  const ports = new Set((status.conflicts ?? []).map(({ port }) => port));
  for (const { currentPort, assignedPort, workload } of plan.workloads) {
    if (workload?.hostNetwork !== true) continue;
    for (const port of [currentPort, assignedPort]) if (port !== undefined) ports.add(port);
  }
  for (const pod of pods.csiPodsIn(namespace)) {
    for (const { port, container } of pod.ports) if (container === SIDECAR_CONTAINER) ports.add(port);
  }
  return ports;
}

function takersOf(port: number, pods: HostNetworkPods): Taker[] {
  return [...pods.withPort(port)].flatMap((pod) => {
    const { namespace, kind, name } = pod.workload;
    const containers = new Set(pod.ports.filter((taken) => taken.port === port).map(({ container }) => container));
    return [...containers].map((container) => ({ port, pod, holder: { namespace, kind, name, container } }));
  });
}

function groupsOf(takers: readonly Taker[], unscheduled: readonly Unscheduled[]): NodeGroup[] {
  const byNode = Map.groupBy(takers, ({ pod }) => pod.node);
  const bySignature = new Map<string, { readonly nodes: string[]; readonly ports: readonly PortOccupants[] }>();
  for (const [node, onNode] of byNode) {
    if (node === undefined) continue;
    const ports = occupantsOf(onNode, unscheduled);
    const signature = JSON.stringify(ports);
    const alike = bySignature.get(signature);
    if (alike === undefined) bySignature.set(signature, { nodes: [node], ports });
    else alike.nodes.push(node);
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  const groups = [...bySignature.values()].map(({ nodes, ports }) => ({ nodes: nodes.sort(compare), ports }));
  const rank = (group: NodeGroup): number => (group.ports.some(({ collides }) => collides) ? 0 : 1);
  return groups.sort((a, b) => rank(a) - rank(b) || compare(a.nodes[0] ?? '', b.nodes[0] ?? ''));
}

function occupantsOf(takers: readonly Taker[], unscheduled: readonly Unscheduled[]): PortOccupants[] {
  return [...Map.groupBy(takers, ({ port }) => port)]
    .sort(([a], [b]) => a - b)
    .map(([port, ofPort]) => {
      const holders = holdersOf(ofPort.filter(({ pod }) => pod.isScheduled));
      const waiting = holdersOf(ofPort.filter(({ pod }) => !pod.isScheduled));
      const contenders = new Set([...holders, ...waiting].map(holderKey));
      const isWanted = unscheduled.some(
        (one) => one.port === port && one.lacksPort && !contenders.has(holderKey(one.holder)),
      );
      return { port, holders, waiting, collides: holders.length > 0 && (contenders.size > 1 || isWanted) };
    });
}

function holdersOf(takers: readonly Taker[]): PortHolder[] {
  const byKey = new Map(takers.map(({ holder }) => [holderKey(holder), holder]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, holder]) => holder);
}

function unscheduledOf(takers: readonly Taker[]): Unscheduled[] {
  const homeless = takers.filter(({ pod }) => pod.node === undefined);
  const byHolder = Map.groupBy(homeless, ({ port, holder }) => `${port} ${holderKey(holder)}`);
  return [...byHolder.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const lacksPort = alike.some(({ pod }) => isWithoutPort(pod));
    return [{ port: first.port, holder: first.holder, pods: alike.length, lacksPort }];
  });
}
