/** The objects of watch-table.ts as last seen, and which of them concern a namespace. Informers, lists or a dump fill it. */
import type { PortAssignment } from '../domain/rules/api.js';
import type { Driver } from '../domain/rules/driver.js';
import { HostNetworkPods, type HostNetworkPod } from '../domain/rules/host-network-pods.js';
import type { Observed } from '../domain/rules/observed.js';
import type { RookConfig } from '../domain/rules/rook-config.js';
import type { RookOperator } from '../domain/rules/rook-operator.js';
import type { RookWorld } from '../domain/rules/rook-world.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import { Store, type StoredObject, type StoreIndex } from '../kube/store.js';
import { WATCH_TABLE, type WatchRow } from './watch-table.js';

/**
 * How many Rooks are taken to share nodes where pods cannot be listed. More cannot have ports of their own: the pool has 28, for
 * three slots each. Then each is given ports as if it were alone on its nodes.
 */
const MAX_UNSEEN_ROOKS = 9;

/** What is observed but for the time, and what the reconciler remembers itself. */
export type ObservedObjects = Omit<Observed, 'now' | 'lastSeen'>;

/** The assignment of a namespace as it is to count; undefined if there is none. */
export type AssignmentOf = (namespace: string) => PortAssignment | undefined;

export interface WatchedObjectsOptions {
  /** Whether the pods on the host network that concern the namespace can be trusted to be there. */
  readonly podsKnown: (namespace: string) => boolean;
  /** Called after each change, with the namespace and the object before and after it, of those that there are. */
  readonly onChange?: <T extends StoredObject>(row: WatchRow<T>, namespace: string, objects: readonly T[]) => void;
}

export class WatchedObjects {
  readonly assignments: Store<PortAssignment>;
  readonly rookConfigs: Store<RookConfig>;
  readonly rookOperators: Store<RookOperator>;
  readonly workloads: Readonly<Record<Slot, Store<Workload>>>;
  readonly drivers: Store<Driver>;
  /** What is stored of pods, found by port and by workload; see podsKnown. */
  readonly pods = new HostNetworkPods();
  readonly podStore: Store<HostNetworkPod>;
  readonly #options: WatchedObjectsOptions;

  constructor(options: WatchedObjectsOptions) {
    this.#options = options;
    this.assignments = this.#storeOf(WATCH_TABLE.assignments);
    this.rookConfigs = this.#storeOf(WATCH_TABLE.rookConfigs);
    this.rookOperators = this.#storeOf(WATCH_TABLE.rookOperators);
    this.workloads = forEachSlot(({ slot }) => this.#storeOf(WATCH_TABLE.workloads[slot]));
    this.drivers = this.#storeOf(WATCH_TABLE.drivers);
    this.podStore = this.#storeOf(WATCH_TABLE.pods, this.pods);
  }

  /**
   * What concerns a namespace: its own objects, the pods, and the Rooks that may share nodes with its own.
   *
   * @param assignmentOf those of the other Rooks; by default what is stored
   */
  observe(
    namespace: string,
    assignment: PortAssignment,
    assignmentOf: AssignmentOf = (other) => this.assignments.get(other),
  ): ObservedObjects {
    return {
      ...this.#world(namespace, assignment),
      assignment,
      others: this.near(namespace).map((other) => this.#world(other, assignmentOf(other))),
      rooksElsewhere: this.hasRook(namespace) ? [] : this.rookNamespaces().filter((other) => other !== namespace),
      drivers: this.drivers.in(namespace),
      ...(this.#options.podsKnown(namespace) ? { pods: this.pods } : {}),
    };
  }

  /** What is stored of a namespace alone. */
  world(namespace: string): RookWorld {
    return this.#world(namespace, this.assignments.get(namespace));
  }

  #world(namespace: string, assignment: PortAssignment | undefined): RookWorld {
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

  /** Whether there is a Rook in the namespace, or what it has left. */
  hasRook(namespace: string): boolean {
    return this.rookOperators.get(namespace) !== undefined || this.#hasSlots(namespace);
  }

  /** Those with a Rook in them, or what it has left; sorted. */
  rookNamespaces(): string[] {
    const stores = [this.rookOperators, ...Object.values(this.workloads)];
    return [...new Set(stores.flatMap((store) => store.namespaces()))].sort();
  }

  /** Namespaces whose Rooks share nodes with this one's, and those that share nodes with these in turn. */
  near(namespace: string): string[] {
    const near = new Set([namespace]);
    // A set goes on to what is added to it meanwhile.
    for (const one of near) for (const other of this.#neighboursOf(one)) near.add(other);
    near.delete(namespace);
    return [...near].filter((other) => this.#hasSlots(other));
  }

  /** Where pods are not known, any two Rooks may share nodes. */
  #neighboursOf(namespace: string): string[] {
    if (this.#options.podsKnown(namespace)) return this.pods.neighboursOf(namespace);
    const rooks = this.rookNamespaces();
    return rooks.length <= MAX_UNSEEN_ROOKS ? rooks : [];
  }

  #hasSlots(namespace: string): boolean {
    return SLOT_SPECS.some(({ slot }) => this.workloads[slot].get(namespace) !== undefined);
  }

  #storeOf<T extends StoredObject>(row: WatchRow<T>, index?: StoreIndex<T>): Store<T> {
    return new Store<T>((namespace, objects) => this.#options.onChange?.(row, namespace, objects), {
      // Of a named object a namespace has one.
      ...(row.name === undefined ? { keyOf: ({ namespace, name }) => `${namespace}/${name}` } : {}),
      ...(row.isSame === undefined ? {} : { isSame: row.isSame }),
      ...(index === undefined ? {} : { index }),
    });
  }
}
