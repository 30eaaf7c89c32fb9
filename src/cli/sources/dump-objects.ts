/** What a dump holds: projections of the objects that are watched, and what else shows how complete it is. */
import { isRecord } from '../../kube/validate.js';
import { API_GROUP, ASSIGNMENT_KIND } from '../../domain/rules/api.js';
import { SLOT_SPECS } from '../../domain/rules/slots.js';
import type { HostNetworkPod } from '../../domain/rules/host-network-pods.js';
import { DRIVERS, WORKLOADS } from '../../kube/resources.js';
import type { Store, StoredObject } from '../../kube/store.js';
import { WATCH_TABLE, type WatchRow } from '../../watched/watch-table.js';
import { WatchedObjects } from '../../watched/watched-objects.js';
import { isManifest, settled } from './manifest.js';
import type { Passed } from './parse-piece.js';
import { rawDumpObject, type Completion, type RawDumpObject } from './raw-dump-object.js';
import { standInPod } from './stand-in-pods.js';

/** Takes an object of one kind, and of one name if the row has one. */
type Take = (raw: RawDumpObject) => void;

export class DumpObjects {
  readonly watched: WatchedObjects;
  /** How many objects of Kubernetes there were, whatever their kind. */
  count = 0;
  readonly podNamespaces = new Set<string>();
  /** As "Deployment rook-ceph/csi-rbdplugin-provisioner": workloads that have no status, and count as settled. */
  readonly manifests: string[] = [];
  readonly #completion: Completion;
  /** By namespace, the kinds of which the dump has any. */
  readonly #kinds = new Map<string, Set<string>>();
  readonly #standIns: HostNetworkPod[] = [];
  readonly #takers: ReadonlyMap<string, Take>;

  constructor(completion: Completion) {
    this.#completion = completion;
    this.watched = new WatchedObjects({ podsKnown: (namespace) => this.podsKnown(namespace) });
    const { assignments, rookConfigs, rookOperators, workloads, drivers, podStore } = this.watched;
    this.#takers = new Map<string, Take>([
      [keyOf(API_GROUP, ASSIGNMENT_KIND, WATCH_TABLE.assignments.name), taker(WATCH_TABLE.assignments, assignments)],
      [keyOf('', 'ConfigMap', WATCH_TABLE.rookConfigs.name), taker(WATCH_TABLE.rookConfigs, rookConfigs)],
      [
        keyOf(WORKLOADS.Deployment.group, 'Deployment', WATCH_TABLE.rookOperators.name),
        taker(WATCH_TABLE.rookOperators, rookOperators),
      ],
      ...SLOT_SPECS.map(({ slot, kind, workload }): [string, Take] => {
        return [keyOf(WORKLOADS[kind].group, kind, workload), taker(WATCH_TABLE.workloads[slot], workloads[slot])];
      }),
      [keyOf(DRIVERS.group, 'Driver'), taker(WATCH_TABLE.drivers, drivers)],
      [keyOf('', 'Pod'), taker(WATCH_TABLE.pods, podStore)],
    ]);
  }

  /** Without any pod the templates stand in. With some, those of a namespace whose workloads have pods have to be there. */
  podsKnown(namespace: string): boolean {
    if (this.podNamespaces.size === 0 || this.podNamespaces.has(namespace)) return true;
    const { workloads, drivers } = this.watched;
    const hasPods = SLOT_SPECS.some(({ slot }) => (workloads[slot].get(namespace)?.rollout.total ?? 0) > 0);
    return !hasPods && drivers.in(namespace).length === 0;
  }

  hasKind(namespace: string, kind: string): boolean {
    return this.#kinds.get(namespace)?.has(kind) === true;
  }

  pass({ kind, namespace }: Passed): void {
    this.#count(kind, namespace ?? this.#completion.namespace);
  }

  /**
   * @param listKind that the list of the object says its items are of
   * @throws TypeError for an object that is not of the API's shape, with its kind and name
   */
  add(value: unknown, listKind: string | undefined, onFault: (error: unknown) => void): void {
    if (isRecord(value) && Array.isArray(value.items) && typeof value.kind === 'string') {
      const kind = /^(\w+)List$/.exec(value.kind)?.[1];
      for (const item of value.items as readonly unknown[]) this.#addItem(item, kind, onFault);
      return;
    }
    const raw = rawDumpObject(value, listKind, this.#completion);
    if (raw === undefined) return;
    const { kind, metadata } = raw;
    this.#count(kind, metadata.namespace);
    try {
      this.#take(isManifest(raw) ? this.#settle(raw) : raw);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`${kind} ${metadata.namespace}/${metadata.name}: ${error.message}`, { cause: error });
    }
  }

  /** What is wrong with one item says nothing of the others. */
  #addItem(item: unknown, kind: string | undefined, onFault: (error: unknown) => void): void {
    try {
      this.add(item, kind, onFault);
    } catch (error) {
      onFault(error);
    }
  }

  /** After the last object. */
  complete(): void {
    if (this.podNamespaces.size === 0) for (const pod of this.#standIns) this.watched.podStore.put(pod);
    this.#standIns.length = 0;
  }

  #count(kind: string, namespace: string): void {
    this.count += 1;
    if (kind === 'Pod') this.podNamespaces.add(namespace);
    const kinds = this.#kinds.get(namespace);
    if (kinds === undefined) this.#kinds.set(namespace, new Set([kind]));
    else kinds.add(kind);
  }

  #settle(raw: RawDumpObject): RawDumpObject {
    const { namespace, name } = raw.metadata;
    if (SLOT_SPECS.some(({ kind, workload }) => kind === raw.kind && workload === name)) {
      this.manifests.push(`${raw.kind} ${namespace}/${name}`);
    }
    return settled(raw);
  }

  #take(raw: RawDumpObject): void {
    const { group, kind, metadata } = raw;
    const take = this.#takers.get(keyOf(group, kind, metadata.name)) ?? this.#takers.get(keyOf(group, kind));
    take?.(raw);
    const pod = this.podNamespaces.size === 0 ? standInPod(raw) : undefined;
    if (pod !== undefined) this.#standIns.push(pod);
  }
}

function keyOf(group: string, kind: string, name = ''): string {
  return `${group}/${kind}/${name}`;
}

function taker<T extends StoredObject>({ project }: WatchRow<T>, store: Store<T>): Take {
  return (raw) => {
    const projected = project(raw);
    if (projected !== undefined) store.put(projected);
  };
}
