/** What is watched, and which key each change leads to: always the namespace of the object that changed. */
import type { PortAssignment } from '../domain/rules/api.js';
import { hasSidecar, type Driver } from '../domain/rules/driver.js';
import type { Observed } from '../domain/rules/plan.js';
import type { RookConfig } from '../domain/rules/rook-config.js';
import type { RookOperator } from '../domain/rules/rook-operator.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import { Informer, type WatchTarget } from '../kube/informer.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../kube/informer-state.js';
import {
  assignmentTarget,
  driverTarget,
  rookConfigTarget,
  rookOperatorTarget,
  workloadTarget,
} from '../kube/resources.js';
import { Store, StoreByName, type ObjectSink, type StoredObject } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';

export interface WatchesOptions {
  /** Empty: one watch per object name across all namespaces. Else one per name and namespace. */
  readonly namespaces: readonly string[];
  readonly transport: Transport;
  readonly onEvent: OnInformerEvent;
  /** Told the namespace of every change, and each with an assignment for which an informer is no longer waited. */
  readonly onChange: (namespace: string) => void;
}

export class Watches {
  readonly assignments: Store<PortAssignment>;
  readonly rookConfigs: Store<RookConfig>;
  readonly rookOperators: Store<RookOperator>;
  readonly workloads: Readonly<Record<Slot, Store<Workload>>>;
  readonly drivers: StoreByName<Driver>;
  readonly #informers: readonly Informer<StoredObject>[];
  readonly #onChange: (namespace: string) => void;

  constructor(options: WatchesOptions) {
    this.#onChange = options.onChange;
    this.assignments = new Store(options.onChange);
    this.rookConfigs = new Store(options.onChange);
    this.rookOperators = new Store(options.onChange);
    this.workloads = forEachSlot(() => new Store<Workload>(options.onChange));
    this.drivers = new StoreByName(options.onChange);
    const deps: WatchesOptions = {
      ...options,
      onEvent: (informer, event) => {
        options.onEvent(informer, event);
        if (endsWait(informer, event)) this.#enqueueWaiting(informer);
      },
    };

    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    const informers = <T extends StoredObject>(
      store: ObjectSink<T>,
      source: (namespace?: string) => WatchTarget<T>,
    ): Informer<T>[] => namespaces.map((namespace) => new Informer(source(namespace), store, deps));
    this.#informers = [
      ...informers(this.assignments, assignmentTarget),
      ...informers(this.rookConfigs, rookConfigTarget),
      ...informers(this.rookOperators, rookOperatorTarget),
      ...SLOT_SPECS.flatMap((slotSpec) =>
        informers(this.workloads[slotSpec.slot], (namespace) => workloadTarget(slotSpec, namespace)),
      ),
      ...informers(this.drivers, driverTarget),
    ];
  }

  get states(): readonly InformerState[] {
    return this.#informers;
  }

  /**
   * Whether all that there is to know of the namespace is in the stores: its informers hold their first complete lists. An
   * optional informer that is failing is not waited for.
   */
  ensureSynced(namespace: string): boolean {
    return this.#informers.every((informer) => !concerns(informer, namespace) || !isAwaited(informer));
  }

  /** Runs until `stop` is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(stop)));
  }

  /** All that is known of a namespace now; undefined where it has no assignment, or one that is being deleted. */
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

  #enqueueWaiting(informer: InformerState): void {
    for (const namespace of this.assignments.namespaces()) if (concerns(informer, namespace)) this.#onChange(namespace);
  }
}

/** Whether a namespace that has waited for the informer need not wait any more. */
function endsWait({ optional, synced, failures }: InformerState, { type }: InformerEvent): boolean {
  return type === 'Synced' || (type === 'Failed' && optional && !synced && failures === 1);
}

function isAwaited({ synced, optional, lastError }: InformerState): boolean {
  return !synced && !(optional && lastError !== undefined);
}

function concerns(informer: InformerState, namespace: string): boolean {
  return informer.namespace === undefined || informer.namespace === namespace;
}
