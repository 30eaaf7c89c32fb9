/** The informers and stores of watch-table.ts, what they hold of a namespace, and when that is all there is. */
import type { PortAssignment } from '../domain/rules/api.js';
import { hasSidecar, type Driver } from '../domain/rules/driver.js';
import type { Observed } from '../domain/rules/plan.js';
import type { RookConfig } from '../domain/rules/rook-config.js';
import type { RookOperator } from '../domain/rules/rook-operator.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import { Informer } from '../kube/informer.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../kube/informer-state.js';
import { Store, type StoredObject } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';
import { WATCH_TABLE, watchTarget, type WatchRow } from './watch-table.js';

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
  readonly #options: WatchesOptions;
  readonly #informers: Informer<StoredObject>[] = [];

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.assignments = this.#watch(WATCH_TABLE.assignments);
    this.rookConfigs = this.#watch(WATCH_TABLE.rookConfigs);
    this.rookOperators = this.#watch(WATCH_TABLE.rookOperators);
    this.workloads = forEachSlot(({ slot }) => this.#watch(WATCH_TABLE.workloads[slot]));
    this.drivers = this.#watch(WATCH_TABLE.drivers);
  }

  get states(): readonly InformerState[] {
    return this.#informers;
  }

  /**
   * Whether all that there is to know of the namespace is in the stores: its informers hold their first complete lists. An
   * optional informer that is failing is not waited for. If this is false, the namespace is enqueued when it may change.
   */
  ensureSynced(namespace: string): boolean {
    return this.#informers.every((informer) => !concerns(informer, namespace) || !isAwaited(informer));
  }

  /** Runs until `stop` is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(stop)));
  }

  /** What the stores hold of a namespace; undefined if it has no assignment, or one that is being deleted. */
  observe(namespace: string): Observed | undefined {
    const assignment = this.assignments.get(namespace);
    if (assignment === undefined || assignment.deleting) return undefined;
    const rookConfig = this.rookConfigs.get(namespace);
    const rookOperator = this.rookOperators.get(namespace);
    const workloads: Partial<Record<Slot, Workload>> = {};
    for (const { slot } of SLOT_SPECS) {
      const workload = this.workloads[slot].get(namespace);
      if (workload !== undefined) workloads[slot] = workload;
    }
    return {
      assignment,
      ...(rookConfig === undefined ? {} : { rookConfig }),
      ...(rookOperator === undefined ? {} : { rookOperator }),
      workloads,
      hasDrivers: this.drivers.in(namespace).some(({ name }) => hasSidecar(name)),
    };
  }

  /** The store of a row, filled by its informers. */
  #watch<T extends StoredObject>(row: WatchRow<T>): Store<T> {
    const { namespaces, transport, enqueue } = this.#options;
    const onChange = (namespace: string): void => row.keysOf(namespace).forEach((key) => enqueue(key));
    // Of a named object a namespace has one.
    const store = new Store<T>(
      onChange,
      row.name === undefined ? ({ namespace, name }) => `${namespace}/${name}` : undefined,
    );
    const onEvent: OnInformerEvent = (informer, event) => this.#onEvent(informer, event);
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces)
      this.#informers.push(new Informer(watchTarget(row, namespace), store, { transport, onEvent }));
    return store;
  }

  #onEvent(informer: InformerState, event: InformerEvent): void {
    this.#options.onEvent(informer, event);
    if (!endsWait(informer, event)) return;
    const waiting = this.assignments.namespaces().filter((namespace) => concerns(informer, namespace));
    for (const namespace of waiting) this.#options.enqueue(namespace);
  }
}

/** Whether the namespaces that have waited for the informer need not wait any more. */
function endsWait({ optional, synced, failures }: InformerState, { type }: InformerEvent): boolean {
  return type === 'Synced' || (type === 'Failed' && optional && !synced && failures === 1);
}

function isAwaited({ synced, optional, lastError }: InformerState): boolean {
  return !synced && !(optional && lastError !== undefined);
}

function concerns(informer: InformerState, namespace: string): boolean {
  return informer.namespace === undefined || informer.namespace === namespace;
}
