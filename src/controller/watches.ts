/** The informers of watch-table.ts: they fill the watched objects, wake namespaces, and know when all is there. */
import type { RookWorld } from '../domain/rules/rook-world.js';
import { forEachSlot } from '../domain/rules/slots.js';
import { Informer } from '../kube/informer.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { PODS } from '../kube/resources.js';
import type { Store, StoredObject } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';
import { isWithheld } from '../kube/watch-failures.js';
import type { Known } from '../watched/pod-keys.js';
import { WATCH_TABLE, watchTarget, type WatchRow } from '../watched/watch-table.js';
import { WatchedObjects, type ObservedObjects } from '../watched/watched-objects.js';

/** Failures in a row of the first list of pods; the waits between them are some 15 s together. */
const PATIENCE = 6;

export interface WatchesOptions {
  /** Empty: one watch per row across all namespaces. Else one per row and namespace. */
  readonly namespaces: readonly string[];
  readonly transport: Transport;
  readonly onEvent: OnInformerEvent;
  /** Receives the keys of every change, and each namespace with an assignment that no longer waits for an informer. */
  readonly enqueue: (key: string) => void;
}

export class Watches {
  readonly #objects: WatchedObjects;
  readonly #options: WatchesOptions;
  readonly #informers: Informer<StoredObject>[] = [];
  readonly #known: Known;
  /** Optional informers that no namespace waits for any more, as they fail. */
  readonly #released = new Set<InformerState>();
  /** Of pods: those that hold a complete list, and have not been forbidden to go on since. */
  readonly #knowing = new Set<InformerState>();
  readonly assignments: WatchedObjects['assignments'];
  readonly rookConfigs: WatchedObjects['rookConfigs'];
  readonly rookOperators: WatchedObjects['rookOperators'];
  readonly workloads: WatchedObjects['workloads'];
  readonly drivers: WatchedObjects['drivers'];
  readonly pods: WatchedObjects['pods'];
  readonly podStore: WatchedObjects['podStore'];

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#objects = new WatchedObjects({
      podsKnown: (namespace) => this.podsKnown(namespace),
      onChange: (row, namespace, objects) => this.#enqueue(row, namespace, objects),
    });
    this.assignments = this.#watch(WATCH_TABLE.assignments, this.#objects.assignments);
    this.rookConfigs = this.#watch(WATCH_TABLE.rookConfigs, this.#objects.rookConfigs);
    this.rookOperators = this.#watch(WATCH_TABLE.rookOperators, this.#objects.rookOperators);
    this.workloads = forEachSlot(({ slot }) => this.#watch(WATCH_TABLE.workloads[slot], this.#objects.workloads[slot]));
    this.drivers = this.#watch(WATCH_TABLE.drivers, this.#objects.drivers);
    this.podStore = this.#watch(WATCH_TABLE.pods, this.#objects.podStore);
    this.pods = this.#objects.pods;
    this.#known = {
      pods: this.pods,
      assigned: () => this.#assigned(),
      isAssigned: (namespace) => this.assignments.get(namespace) !== undefined,
      near: (namespace) => this.#objects.near(namespace),
    };
  }

  get states(): readonly InformerState[] {
    return this.#informers;
  }

  /**
   * Whether all that there is to know of the namespace is in the stores: its informers hold their first complete lists. An
   * optional informer without the right, or that keeps failing, is not waited for. If this is false, the namespace is
   * enqueued when it may change.
   */
  ensureSynced(namespace: string): boolean {
    return this.#informers.every((informer) => !concerns(informer, namespace) || !this.#isAwaited(informer));
  }

  #isAwaited(informer: InformerState): boolean {
    return !informer.synced && !this.#released.has(informer);
  }

  /** Whether `pods` can be trusted for this namespace: they were listed, and the right to do so was not taken since. */
  podsKnown(namespace: string): boolean {
    return [...this.#knowing].some((informer) => concerns(informer, namespace));
  }

  /** Runs until `stop` is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(stop)));
  }

  /** What the stores hold of a namespace; undefined if it has no assignment, or one that is being deleted. */
  observe(namespace: string): ObservedObjects | undefined {
    const assignment = this.assignments.get(namespace);
    return assignment === undefined || assignment.deleting ? undefined : this.#objects.observe(namespace, assignment);
  }

  /** The keys of others that a change in a namespace concerns: Rooks on its nodes, and assignments that look for a Rook. */
  #keysBeside(namespace: string, isOfRook: boolean): string[] {
    const near = this.#objects.near(namespace);
    if (!isOfRook) return near;
    return [...near, ...this.assignments.namespaces().filter((other) => !this.#objects.hasRook(other))];
  }

  #enqueue<T extends StoredObject>(row: WatchRow<T>, namespace: string, objects: readonly T[]): void {
    const { enqueue } = this.#options;
    // Before the pods are known nothing is planned by them, and then all namespaces are enqueued.
    if (row.resource === PODS.resource && !this.podsKnown(namespace)) return;
    row.keysOf(namespace, objects, this.#known).forEach((key) => enqueue(key));
    if (row.concernsOthers === undefined) return;
    this.#keysBeside(namespace, row.concernsOthers === 'Rook').forEach((key) => enqueue(key));
  }

  /** The informers of a row, which fill its store. */
  #watch<T extends StoredObject>(row: WatchRow<T>, store: Store<T>): Store<T> {
    const { namespaces, transport } = this.#options;
    const onEvent: OnInformerEvent = (informer, event) => this.#onEvent(informer, event);
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces)
      this.#informers.push(new Informer(watchTarget(row, namespace), store, { transport, onEvent }));
    return store;
  }

  /** What is stored of the namespaces with an assignment. */
  #assigned(): RookWorld[] {
    const assignments = this.assignments.all().filter(({ deleting }) => !deleting);
    return assignments.map(({ namespace }) => this.#objects.world(namespace));
  }

  #onEvent(informer: InformerState, event: InformerEvent): void {
    this.#options.onEvent(informer, event);
    const arePodsLost = isOfPods(informer) && this.#learn(informer, event) === 'Lost';
    if (!this.#endsWait(informer, event) && !arePodsLost) return;
    const waiting = this.assignments.namespaces().filter((namespace) => concerns(informer, namespace));
    for (const namespace of waiting) this.#options.enqueue(namespace);
  }

  /** Whether the namespaces that have waited for the informer need not wait any more. */
  #endsWait(informer: InformerState, event: InformerEvent): boolean {
    if (event.type === 'Synced') return true;
    if (event.type !== 'Failed' || !isDispensable(informer, event.error) || this.#released.has(informer)) return false;
    this.#released.add(informer);
    return true;
  }

  /** A failure of another kind ends by itself, and what was known until then is the best there is. */
  #learn(informer: InformerState, event: InformerEvent): 'Lost' | undefined {
    if (event.type === 'Synced') this.#knowing.add(informer);
    const isForbidden = event.type === 'Failed' && isWithheld(informer, event.error);
    return isForbidden && this.#knowing.delete(informer) ? 'Lost' : undefined;
  }
}

function isOfPods({ rule }: InformerState): boolean {
  return rule.group === PODS.group && rule.resource === PODS.resource;
}

/**
 * Whether the first list is waited for no longer: the right to it is missing, or it fails. A port that is chosen without the
 * pods may be a stranger's, so for them a passing fault of some 15 s is waited out.
 */
function isDispensable(informer: InformerState, error: unknown): boolean {
  const { optional, synced, failures } = informer;
  return optional && !synced && (isWithheld(informer, error) || failures >= (isOfPods(informer) ? PATIENCE : 1));
}

function concerns(informer: InformerState, namespace: string): boolean {
  return informer.namespace === undefined || informer.namespace === namespace;
}
