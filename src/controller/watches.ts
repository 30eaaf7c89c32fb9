/** The informers and stores of watch-table.ts, what they hold of a namespace, and when that is all there is. */
import type { PortAssignment } from '../domain/rules/api.js';
import type { Driver } from '../domain/rules/driver.js';
import { HostNetworkPods, type HostNetworkPod } from '../domain/rules/host-network-pods.js';
import type { Observed } from '../domain/rules/observed.js';
import type { RookConfig } from '../domain/rules/rook-config.js';
import type { RookOperator } from '../domain/rules/rook-operator.js';
import type { RookWorld } from '../domain/rules/rook-world.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import { Informer } from '../kube/informer.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { PODS } from '../kube/resources.js';
import { Store, type StoredObject, type StoreIndex } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';
import { isWithheld } from '../kube/watch-failures.js';
import type { Known } from './pod-keys.js';
import { WATCH_TABLE, watchTarget, type WatchRow } from './watch-table.js';

/** Failures in a row of the first list of pods; the waits between them are some 15 s together. */
const PATIENCE = 6;
/**
 * How many Rooks are taken to share nodes where pods cannot be listed. More cannot have ports of their own: the pool has 28, for
 * three slots each. Then each is given ports as if it were alone on its nodes.
 */
const MAX_UNSEEN_ROOKS = 9;

/** What is observed but for the time, and what the reconciler remembers itself. */
export type ObservedObjects = Omit<Observed, 'now' | 'lastSeen'>;

export interface WatchesOptions {
  /** Empty: one watch per row across all namespaces. Else one per row and namespace. */
  readonly namespaces: readonly string[];
  readonly transport: Transport;
  readonly onEvent: OnInformerEvent;
  /** Receives the keys of every change, and each namespace with an assignment that no longer waits for an informer. */
  readonly enqueue: (key: string) => void;
}

export class Watches {
  readonly assignments: Store<PortAssignment>;
  readonly rookConfigs: Store<RookConfig>;
  readonly rookOperators: Store<RookOperator>;
  readonly workloads: Readonly<Record<Slot, Store<Workload>>>;
  readonly drivers: Store<Driver>;
  /** What is stored of pods, found by port and by workload; see podsKnown. */
  readonly pods = new HostNetworkPods();
  readonly podStore: Store<HostNetworkPod>;
  readonly #options: WatchesOptions;
  readonly #informers: Informer<StoredObject>[] = [];
  readonly #known: Known;
  /** Optional informers that no namespace waits for any more, as they fail. */
  readonly #released = new Set<InformerState>();
  /** Of pods: those that hold a complete list, and have not been forbidden to go on since. */
  readonly #knowing = new Set<InformerState>();

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#known = {
      pods: this.pods,
      assigned: () => this.#assigned(),
      isAssigned: (namespace) => this.assignments.get(namespace) !== undefined,
      near: (namespace) => this.#near(namespace),
    };
    this.assignments = this.#watch(WATCH_TABLE.assignments);
    this.rookConfigs = this.#watch(WATCH_TABLE.rookConfigs);
    this.rookOperators = this.#watch(WATCH_TABLE.rookOperators);
    this.workloads = forEachSlot(({ slot }) => this.#watch(WATCH_TABLE.workloads[slot]));
    this.drivers = this.#watch(WATCH_TABLE.drivers);
    this.podStore = this.#watch(WATCH_TABLE.pods, this.pods);
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
    if (assignment === undefined || assignment.deleting) return undefined;
    const hasRook = this.rookOperators.get(namespace) !== undefined || this.#hasSlots(namespace);
    return {
      ...this.#stored(namespace),
      assignment,
      others: this.#near(namespace).map((other) => this.#stored(other)),
      rooksElsewhere: hasRook ? [] : this.#rookNamespaces().filter((other) => other !== namespace),
      drivers: this.drivers.in(namespace),
      ...(this.podsKnown(namespace) ? { pods: this.pods } : {}),
    };
  }

  #hasSlots(namespace: string): boolean {
    return SLOT_SPECS.some(({ slot }) => this.workloads[slot].get(namespace) !== undefined);
  }

  /** Sorted. */
  #rookNamespaces(): string[] {
    const stores = [this.rookOperators, ...Object.values(this.workloads)];
    return [...new Set(stores.flatMap((store) => store.namespaces()))].sort();
  }

  /** Namespaces whose Rooks share nodes with this one's, and those that share nodes with these in turn. */
  #near(namespace: string): string[] {
    const near = new Set([namespace]);
    // A set goes on to what is added to it meanwhile.
    for (const one of near) for (const other of this.#neighboursOf(one)) near.add(other);
    near.delete(namespace);
    return [...near].filter((other) => this.#hasSlots(other));
  }

  /** Where pods are not known, any two Rooks may share nodes. */
  #neighboursOf(namespace: string): string[] {
    if (this.podsKnown(namespace)) return this.pods.neighboursOf(namespace);
    const rooks = this.#rookNamespaces();
    return rooks.length <= MAX_UNSEEN_ROOKS ? rooks : [];
  }

  /** The keys of others that a change in a namespace concerns: Rooks on its nodes, and assignments that look for a Rook. */
  #keysBeside(namespace: string, isOfRook: boolean): string[] {
    const near = this.#near(namespace);
    if (!isOfRook) return near;
    const isLost = (other: string): boolean => !this.#hasSlots(other) && this.rookOperators.get(other) === undefined;
    return [...near, ...this.assignments.namespaces().filter(isLost)];
  }

  #stored(namespace: string): RookWorld {
    const assignment = this.assignments.get(namespace);
    const rookConfig = this.rookConfigs.get(namespace);
    const rookOperator = this.rookOperators.get(namespace);
    const workloads: Partial<Record<Slot, Workload>> = {};
    for (const { slot } of SLOT_SPECS) {
      const workload = this.workloads[slot].get(namespace);
      if (workload !== undefined) workloads[slot] = workload;
    }
    return {
      namespace,
      ...(assignment === undefined ? {} : { assignment }),
      ...(rookConfig === undefined ? {} : { rookConfig }),
      ...(rookOperator === undefined ? {} : { rookOperator }),
      workloads,
    };
  }

  /** The store of a row, filled by its informers. */
  #watch<T extends StoredObject>(row: WatchRow<T>, index?: StoreIndex<T>): Store<T> {
    const { namespaces, transport, enqueue } = this.#options;
    const onChange = (namespace: string, objects: readonly T[]): void => {
      // Before the pods are known nothing is planned by them, and then all namespaces are enqueued.
      if (index !== undefined && !this.podsKnown(namespace)) return;
      row.keysOf(namespace, objects, this.#known).forEach((key) => enqueue(key));
      if (row.concernsOthers === undefined) return;
      this.#keysBeside(namespace, row.concernsOthers === 'Rook').forEach((key) => enqueue(key));
    };
    const store = new Store<T>(onChange, {
      // Of a named object a namespace has one.
      ...(row.name === undefined ? { keyOf: ({ namespace, name }) => `${namespace}/${name}` } : {}),
      ...(row.isSame === undefined ? {} : { isSame: row.isSame }),
      ...(index === undefined ? {} : { index }),
    });
    const onEvent: OnInformerEvent = (informer, event) => this.#onEvent(informer, event);
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces)
      this.#informers.push(new Informer(watchTarget(row, namespace), store, { transport, onEvent }));
    return store;
  }

  /** What is stored of the namespaces with an assignment. */
  #assigned(): RookWorld[] {
    const assignments = this.assignments.all().filter(({ deleting }) => !deleting);
    return assignments.map(({ namespace }) => this.#stored(namespace));
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
