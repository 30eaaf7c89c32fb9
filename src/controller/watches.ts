/** What is watched, and which key each change leads to: always the namespace of the object that changed. */
import type { PortAssignment } from '../domain/api.js';
import type { Observed } from '../domain/plan.js';
import type { RookConfig } from '../domain/rook-config.js';
import type { RookOperator } from '../domain/rook-operator.js';
import { SLOT_LAYOUTS, forEachSlot, type Slot } from '../domain/slots.js';
import type { Workload } from '../domain/workload.js';
import { Informer, type InformerObserver, type InformerState, type Source } from '../kube/informer.js';
import { assignmentSource, rookConfigSource, rookOperatorSource, workloadSource } from '../kube/resources.js';
import { Store, type StoredObject } from '../kube/store.js';
import type { Transport } from '../kube/transport.js';

export interface WatchesOptions {
  /** Empty: one watch per object name across all namespaces. Else one per name and namespace. */
  readonly namespaces: readonly string[];
  readonly transport: Transport;
  readonly observer: InformerObserver;
  /** Told the namespace of every change. */
  readonly onChange: (namespace: string) => void;
}

export class Watches {
  readonly assignments: Store<PortAssignment>;
  readonly rookConfigs: Store<RookConfig>;
  readonly rookOperators: Store<RookOperator>;
  readonly workloads: Readonly<Record<Slot, Store<Workload>>>;
  readonly #informers: readonly Informer<StoredObject>[];

  constructor(options: WatchesOptions) {
    this.assignments = new Store(options.onChange);
    this.rookConfigs = new Store(options.onChange);
    this.rookOperators = new Store(options.onChange);
    this.workloads = forEachSlot(() => new Store<Workload>(options.onChange));

    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    const informers = <T extends StoredObject>(
      store: Store<T>,
      source: (namespace?: string) => Source<T>,
    ): Informer<T>[] => namespaces.map((namespace) => new Informer(source(namespace), store, options));
    this.#informers = [
      ...informers(this.assignments, assignmentSource),
      ...informers(this.rookConfigs, rookConfigSource),
      ...informers(this.rookOperators, rookOperatorSource),
      ...SLOT_LAYOUTS.flatMap((layout) =>
        informers(this.workloads[layout.slot], (namespace) => workloadSource(layout, namespace)),
      ),
    ];
  }

  get states(): readonly InformerState[] {
    return this.#informers;
  }

  /** Whether all that there is to know of a namespace is in the stores: its informers hold their first complete lists. */
  isSynced(namespace: string): boolean {
    return this.#informers.every((informer) => informer.synced || !concerns(informer, namespace));
  }

  /** Runs until `stop` is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(stop)));
  }

  /** Tells every namespace with an assignment that this informer concerns, as by a change of each. */
  tellAll(informer: InformerState, onChange: (namespace: string) => void): void {
    for (const namespace of this.assignments.namespaces()) if (concerns(informer, namespace)) onChange(namespace);
  }

  /** All that is known of a namespace now; undefined where it has no assignment, or one that is being deleted. */
  observe(namespace: string): Observed | undefined {
    const assignment = this.assignments.get(namespace);
    if (assignment === undefined || assignment.deleting) return undefined;
    const rookConfig = this.rookConfigs.get(namespace);
    const rookOperator = this.rookOperators.get(namespace);
    const workloads: Partial<Record<Slot, Workload>> = {};
    for (const { slot } of SLOT_LAYOUTS) {
      const workload = this.workloads[slot].get(namespace);
      if (workload !== undefined) workloads[slot] = workload;
    }
    return {
      assignment,
      ...(rookConfig === undefined ? {} : { rookConfig }),
      ...(rookOperator === undefined ? {} : { rookOperator }),
      workloads,
    };
  }
}

function concerns(informer: InformerState, namespace: string): boolean {
  return informer.namespace === undefined || informer.namespace === namespace;
}
