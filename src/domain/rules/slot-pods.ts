/** The pods of all Rooks' slots: which Rooks they make neighbours, on a node or by a port for which one of them waits. */
import type { HostNetworkPod, WorkloadId } from './host-network-pods.js';

/** How many of something there are, by key; none is no entry. */
type Counts = Map<string, number>;

export class SlotPods {
  /** By namespace, how many pods are on each node. */
  readonly #nodes = new Map<string, Counts>();
  /** By node, how many pods each namespace has on it. */
  readonly #namespaces = new Map<string, Counts>();
  /** On a node, by port. */
  readonly #placed = new Map<number, Set<HostNetworkPod>>();
  /** Without a node, as no node has their port free. */
  readonly #waiting = new Set<HostNetworkPod>();
  /** Made from the two above when it is asked for. */
  #keptOff: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  add(pod: HostNetworkPod): void {
    const { node, ports, workload } = pod;
    this.#keptOff = undefined;
    if (node === undefined) {
      if (isWithoutPort(pod)) this.#waiting.add(pod);
      return;
    }
    count(this.#nodes, workload.namespace, node, 1);
    count(this.#namespaces, node, workload.namespace, 1);
    for (const { port } of ports) this.#placed.set(port, (this.#placed.get(port) ?? new Set()).add(pod));
  }

  /** @param pod the very object that was added */
  remove(pod: HostNetworkPod): void {
    const { node, ports, workload } = pod;
    this.#keptOff = undefined;
    this.#waiting.delete(pod);
    if (node === undefined) return;
    count(this.#nodes, workload.namespace, node, -1);
    count(this.#namespaces, node, workload.namespace, -1);
    for (const { port } of ports) {
      const pods = this.#placed.get(port);
      pods?.delete(pod);
      if (pods?.size === 0) this.#placed.delete(port);
    }
  }

  /** Namespaces with pods on a node of this one's, or whose pods keep this one's off all nodes, or the other way; sorted. */
  neighboursOf(namespace: string): string[] {
    this.#keptOff ??= this.#findKeptOff();
    const found = new Set(this.#keptOff.get(namespace));
    for (const node of this.#nodes.get(namespace)?.keys() ?? []) {
      for (const other of this.#namespaces.get(node)?.keys() ?? []) found.add(other);
    }
    found.delete(namespace);
    return [...found].sort();
  }

  /** Its own namespace, and those with pods on its node or, where it waits for a port, on that port. */
  namespacesBeside(pod: HostNetworkPod): string[] {
    const { node, ports, workload } = pod;
    const found = new Set([workload.namespace]);
    if (node !== undefined) for (const other of this.#namespaces.get(node)?.keys() ?? []) found.add(other);
    if (isWithoutPort(pod))
      for (const { port } of ports) for (const other of this.#holdersOf(port).keys()) found.add(other);
    return [...found];
  }

  #findKeptOff(): Map<string, Set<string>> {
    const keptOff = new Map<string, Set<string>>();
    const link = (a: string, b: string): void => void keptOff.set(a, (keptOff.get(a) ?? new Set()).add(b));
    const holders = new Map<number, Map<string, Set<string>>>();
    const holdersOf = (port: number): Map<string, Set<string>> => {
      const known = holders.get(port) ?? this.#holdersOf(port);
      holders.set(port, known);
      return known;
    };
    for (const { workload, ports } of this.#waiting) {
      for (const other of ports.flatMap(({ port }) => namespacesInTheWay(workload, holdersOf(port)))) {
        link(workload.namespace, other);
        link(other, workload.namespace);
      }
    }
    return keptOff;
  }

  /** Names of workloads with pods that have the port, by namespace. */
  #holdersOf(port: number): Map<string, Set<string>> {
    const byNamespace = new Map<string, Set<string>>();
    for (const { workload } of this.#placed.get(port) ?? []) {
      const { namespace, name } = workload;
      byNamespace.set(namespace, (byNamespace.get(namespace) ?? new Set()).add(name));
    }
    return byNamespace;
  }
}

/**
 * Where another workload of its own Rook has the port, that is what is in the way of the pod: the other Rooks that have it, too,
 * may be on other nodes.
 */
function namespacesInTheWay(waiting: WorkloadId, holders: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const own = [...(holders.get(waiting.namespace) ?? [])];
  if (own.some((name) => name !== waiting.name)) return [];
  return [...holders.keys()].filter((namespace) => namespace !== waiting.namespace);
}

/** Whether the scheduler finds no node for a pod on which its ports are free. */
export function isWithoutPort({ progress }: HostNetworkPod): boolean {
  return progress?.trouble?.lacksPort === true;
}

function count(index: Map<string, Counts>, key: string, of: string, change: 1 | -1): void {
  const counts = index.get(key) ?? new Map<string, number>();
  const now = (counts.get(of) ?? 0) + change;
  if (now > 0) counts.set(of, now);
  else counts.delete(of);
  if (counts.size > 0) index.set(key, counts);
  else index.delete(key);
}
