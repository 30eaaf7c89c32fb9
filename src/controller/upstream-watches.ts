/**
 * Watches of ceph-csi-operator's workloads. Their names hold a driver's, so they are opened for a namespace when it may
 * have some, and stay open as long as what they have found is there: it is told of as gone, not forgotten.
 */
import { upstreamWorkloads, type UpstreamName } from '../domain/rules/upstream.js';
import type { Workload } from '../domain/rules/workload.js';
import { Informer } from '../kube/informer.js';
import type { InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { upstreamTarget } from '../kube/resources.js';
import { Store } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';

export interface UpstreamWatchesOptions {
  readonly transport: Transport;
  readonly onEvent: OnInformerEvent;
  /** Told the namespace of every change. */
  readonly onChange: (namespace: string) => void;
  /** Told once of each namespace in which workloads are not watched, as there are MAX_WATCHES already. */
  readonly onCrowded: (namespace: string) => void;
}

/**
 * All namespaces together; of a Rook these are nine, which take 1.1 MiB. Namespaces and Driver objects may be anybody's, and
 * the memory of the operator is everybody's. There is room for 33 Rooks that lack workloads of their own.
 */
export const MAX_WATCHES = 300;

interface Watch {
  readonly store: Store<Workload>;
  readonly informer: InformerState;
  readonly closing: AbortController;
}

/** By kind and name. */
type Watches = Map<string, Watch>;

export class UpstreamWatches {
  readonly #options: UpstreamWatchesOptions;
  readonly #namespaces = new Map<string, Watches>();
  /** Those that were rejected a watch, for want of room. */
  readonly #crowded = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: UpstreamWatchesOptions) {
    this.#options = options;
  }

  get states(): InformerState[] {
    return [...this.#namespaces.values()].flatMap((watches) => [...watches.values()].map(({ informer }) => informer));
  }

  /** Watches the workloads of these drivers in a namespace, and no others but those that are still there. */
  watch(namespace: string, drivers: readonly string[]): void {
    if (this.#stopped) return;
    const wanted = new Map(drivers.flatMap(upstreamWorkloads).map((name) => [`${name.kind} ${name.name}`, name]));
    this.#closeUnless(namespace, (key, { store }) => wanted.has(key) || store.get(namespace) !== undefined);
    const watches = this.#namespaces.get(namespace) ?? new Map<string, Watch>();
    const missing = [...wanted].filter(([key]) => !watches.has(key));
    // So it mostly is, and there may be many watches to count.
    if (missing.length === 0) {
      this.#crowded.delete(namespace);
      return;
    }
    const added = missing.slice(0, MAX_WATCHES - this.states.length);
    for (const [key, name] of added) watches.set(key, this.#start(name, namespace));
    if (added.length > 0) this.#namespaces.set(namespace, watches);
    if (added.length < missing.length) this.#reject(namespace);
    else this.#crowded.delete(namespace);
  }

  /** Ends the watches of a namespace, and forgets what they saw. */
  close(namespace: string): void {
    this.#crowded.delete(namespace);
    this.#closeUnless(namespace, () => false);
  }

  /** The workloads that a Driver owns, by kind and name; one of the same name that somebody else made is not upstream's. */
  found(namespace: string): Workload[] {
    return [...(this.#namespaces.get(namespace) ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { store }]) => store.get(namespace) ?? [])
      .filter(({ driverOwned }) => driverOwned);
  }

  /** Lets watches be opened until `stop` is aborted, then ends them all; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
    this.#stopped = true;
    this.#crowded.clear();
    for (const namespace of [...this.#namespaces.keys()]) this.close(namespace);
    await Promise.all(this.#running);
  }

  /** Those that had no room are told that there is some. */
  #closeUnless(namespace: string, isKept: (key: string, watch: Watch) => boolean): void {
    const watches = this.#namespaces.get(namespace);
    if (watches === undefined) return;
    const closed = [...watches].filter(([key, watch]) => !isKept(key, watch));
    for (const [key, { closing }] of closed) {
      closing.abort();
      watches.delete(key);
    }
    if (watches.size === 0) this.#namespaces.delete(namespace);
    if (closed.length > 0) for (const other of this.#crowded) if (other !== namespace) this.#options.onChange(other);
  }

  #reject(namespace: string): void {
    if (this.#crowded.has(namespace)) return;
    this.#crowded.add(namespace);
    this.#options.onCrowded(namespace);
  }

  #start(name: UpstreamName, namespace: string): Watch {
    const closing = new AbortController();
    const store = new Store<Workload>(this.#options.onChange);
    const informer = new Informer(upstreamTarget(name, namespace), store, this.#options);
    const running = informer.run(closing.signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { store, informer, closing };
  }
}
