/** What is known of a namespace and its surroundings: all that a plan is made from. */
import type { PortAssignment } from './api.js';
import type { Driver } from './driver.js';
import type { HostNetworkPods } from './host-network-pods.js';
import type { RookWorld } from './rook-world.js';
import type { Slot } from './slots.js';

/** All that is known of one namespace and its surroundings. */
export interface Observed extends RookWorld {
  readonly assignment: PortAssignment;
  /** Of ceph-csi-operator, of any type. */
  readonly drivers: readonly Driver[];
  /** Absent if they cannot be listed. */
  readonly pods?: HostNetworkPods;
  /** Rooks of other namespaces that may have pods on the same nodes, and those that these may share nodes with. */
  readonly others: readonly RookWorld[];
  /** Namespaces with a Rook in them; filled only if there is none here. */
  readonly rooksElsewhere: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What this process saw when it last reconciled the namespace; absent the first time. */
  readonly lastSeen?: LastSeen;
}

/** The process's own memory of a namespace. A restart forgets it, and no port depends on it. */
export interface LastSeen {
  /** By slot, the uid of a workload of which every pod had the assigned port, and that port. */
  readonly ready: Readonly<Partial<Record<Slot, string>>>;
  /** Whether sidecars shared a host port while the mode was Enforce. */
  readonly inConflict: boolean;
}
