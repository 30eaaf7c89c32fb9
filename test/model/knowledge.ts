/** What the operator has been told when it begins a reconcile: by this its writes are judged. */
import type { Watches } from '../../src/controller/watches.js';
import type { HostNetworkPod } from '../../src/domain/rules/host-network-pods.js';
import type { RookConfig } from '../../src/domain/rules/rook-config.js';
import type { PortAssignment } from '../../src/domain/rules/api.js';
import { SLOT_SPECS, type Slot } from '../../src/domain/rules/slots.js';
import type { Workload } from '../../src/domain/rules/workload.js';

export interface KnownRook {
  readonly assignment: PortAssignment | undefined;
  readonly config: RookConfig | undefined;
  readonly workloads: Readonly<Partial<Record<Slot, Workload>>>;
}

export interface Knowledge {
  /** By namespace. */
  readonly rooks: ReadonlyMap<string, KnownRook>;
  /** Undefined: they may not be listed. */
  readonly pods: readonly HostNetworkPod[] | undefined;
}

export function knowledgeOf(watches: Watches, knowsPods: boolean): Knowledge {
  const stores = [watches.assignments, ...Object.values(watches.workloads)];
  const namespaces = new Set(stores.flatMap((store) => store.namespaces()));
  const rooks = new Map([...namespaces].map((namespace) => [namespace, rookIn(namespace, watches)]));
  return { rooks, pods: knowsPods ? watches.podStore.all() : undefined };
}

function rookIn(namespace: string, { assignments, rookConfigs, workloads }: Watches): KnownRook {
  const found = SLOT_SPECS.flatMap(({ slot }) => {
    const workload = workloads[slot].get(namespace);
    return workload === undefined ? [] : [[slot, workload] as const];
  });
  return {
    assignment: assignments.get(namespace),
    config: rookConfigs.get(namespace),
    workloads: Object.fromEntries(found),
  };
}
