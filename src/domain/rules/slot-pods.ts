/** On which nodes the pods of all Rooks' slots are: Rooks with pods on one node are neighbours. */

/** Of a pod, what counts here. */
interface SlotPod {
  /** Absent if any node may get it. */
  readonly node?: string;
  readonly workload: { readonly namespace: string };
}

/** How many of something there are, by key; none is no entry. */
type Counts = Map<string, number>;

export class SlotPods {
  /** By namespace, how many pods are on each node. */
  readonly #nodes = new Map<string, Counts>();
  /** By node, how many pods each namespace has on it. */
  readonly #namespaces = new Map<string, Counts>();

  add(pod: SlotPod): void {
    this.#count(pod, 1);
  }

  remove(pod: SlotPod): void {
    this.#count(pod, -1);
  }

  /** Namespaces with pods on a node on which this namespace has pods, too; sorted. */
  neighboursOf(namespace: string): string[] {
    const found = new Set<string>();
    for (const node of this.#nodes.get(namespace)?.keys() ?? []) {
      for (const other of this.#namespaces.get(node)?.keys() ?? []) found.add(other);
    }
    found.delete(namespace);
    return [...found].sort();
  }

  /** Its own namespace, and those with pods on its node. */
  namespacesBeside({ node, workload }: SlotPod): string[] {
    const beside = node === undefined ? [] : (this.#namespaces.get(node)?.keys() ?? []);
    return [...new Set([workload.namespace, ...beside])];
  }

  #count({ node, workload: { namespace } }: SlotPod, change: 1 | -1): void {
    if (node === undefined) return;
    count(this.#nodes, namespace, node, change);
    count(this.#namespaces, node, namespace, change);
  }
}

function count(index: Map<string, Counts>, key: string, of: string, change: 1 | -1): void {
  const counts = index.get(key) ?? new Map<string, number>();
  const now = (counts.get(of) ?? 0) + change;
  if (now > 0) counts.set(of, now);
  else counts.delete(of);
  if (counts.size > 0) index.set(key, counts);
  else index.delete(key);
}
