/**
 * Watches of ceph-csi-operator's workloads. Their names hold a driver's, so they are opened for a namespace when it may
 * have some, and stay open until the namespace is closed: what was there once is told of as gone, not forgotten.
 */
import { upstreamWorkloads, type UpstreamName } from '../domain/upstream.js';
import type { Workload } from '../domain/workload.js';
import { Informer } from '../kube/informer.js';
import type { InformerObserver, InformerState } from '../kube/informer-state.js';
import { upstreamSource } from '../kube/resources.js';
import { Store } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';

export interface UpstreamWatchesOptions {
  readonly transport: Transport;
  readonly observer: InformerObserver;
  /** Told the namespace of every change. */
  readonly onChange: (namespace: string) => void;
  /** Told once of each namespace in which workloads are not watched, as there are MOST_WATCHES already. */
  readonly onCrowded: (namespace: string) => void;
}

/**
 * All namespaces together; of a Rook these are nine, which take 1.1 MiB. Namespaces and Driver objects may be anybody's, and
 * the memory of the operator is everybody's: more than 33 Rooks, of which none has all of its workloads, are not served.
 */
export const MOST_WATCHES = 300;

interface Watch {
  readonly store: Store<Workload>;
  readonly informer: InformerState;
}

interface OpenNamespace {
  readonly closing: AbortController;
  /** By kind and name. */
  readonly watches: Map<string, Watch>;
}

export class UpstreamWatches {
  readonly #options: UpstreamWatchesOptions;
  readonly #namespaces = new Map<string, OpenNamespace>();
  /** Those that were refused a watch, for want of room. */
  readonly #crowded = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: UpstreamWatchesOptions) {
    this.#options = options;
  }

  get states(): InformerState[] {
    return [...this.#namespaces.values()].flatMap(({ watches }) =>
      [...watches.values()].map(({ informer }) => informer),
    );
  }

  /** Watches the workloads of these drivers in a namespace, beside those that it watches there already. */
  open(namespace: string, drivers: readonly string[]): void {
    if (this.#stopped) return;
    const open = this.#namespaces.get(namespace) ?? { closing: new AbortController(), watches: new Map() };
    const missing = drivers.flatMap(upstreamWorkloads).filter((name) => !open.watches.has(keyOf(name)));
    if (!this.#hasRoom(namespace, missing.length)) return;
    if (missing.length > 0) this.#namespaces.set(namespace, open);
    for (const name of missing) open.watches.set(keyOf(name), this.#start(name, namespace, open.closing.signal));
  }

  /** Ends the watches of a namespace, and forgets what they saw; those that had no room are told that there is some. */
  close(namespace: string): void {
    this.#crowded.delete(namespace);
    const open = this.#namespaces.get(namespace);
    if (open === undefined) return;
    open.closing.abort();
    this.#namespaces.delete(namespace);
    for (const other of this.#crowded) this.#options.onChange(other);
  }

  /** The workloads that a Driver owns, by kind and name; one of the same name that somebody else made is not upstream's. */
  found(namespace: string): Workload[] {
    const open = this.#namespaces.get(namespace);
    if (open === undefined) return [];
    return [...open.watches]
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

  #hasRoom(namespace: string, more: number): boolean {
    if (more === 0 || this.states.length + more <= MOST_WATCHES) {
      this.#crowded.delete(namespace);
      return true;
    }
    if (!this.#crowded.has(namespace)) this.#options.onCrowded(namespace);
    this.#crowded.add(namespace);
    return false;
  }

  #start(name: UpstreamName, namespace: string, stop: AbortSignal): Watch {
    const store = new Store<Workload>(this.#options.onChange);
    const informer = new Informer(upstreamSource(name, namespace), store, this.#options);
    const running = informer.run(stop).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { store, informer };
  }
}

function keyOf({ kind, name }: UpstreamName): string {
  return `${kind} ${name}`;
}
