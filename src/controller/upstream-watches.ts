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
}

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
    if (this.#stopped || drivers.length === 0) return;
    const open = this.#namespaces.get(namespace) ?? { closing: new AbortController(), watches: new Map() };
    this.#namespaces.set(namespace, open);
    for (const name of drivers.flatMap(upstreamWorkloads)) {
      const key = `${name.kind} ${name.name}`;
      if (!open.watches.has(key)) open.watches.set(key, this.#start(name, namespace, open.closing.signal));
    }
  }

  /** Ends the watches of a namespace, and forgets what they saw. */
  close(namespace: string): void {
    this.#namespaces.get(namespace)?.closing.abort();
    this.#namespaces.delete(namespace);
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
    for (const namespace of [...this.#namespaces.keys()]) this.close(namespace);
    await Promise.all(this.#running);
  }

  #start(name: UpstreamName, namespace: string, stop: AbortSignal): Watch {
    const store = new Store<Workload>(this.#options.onChange);
    const informer = new Informer(upstreamSource(name, namespace), store, this.#options);
    const running = informer.run(stop).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { store, informer };
  }
}
