/**
 * The API csiports.io/v1alpha1, as crds/csiportassignments.yaml defines it (a test holds the two together).
 */
import type { ConfigKey, Slot, WorkloadKind } from './slots.js';

export const API_GROUP = 'csiports.io';
export const API_VERSION = 'v1alpha1';
export const ASSIGNMENT_KIND = 'CSIPortAssignment';
export const ASSIGNMENT_PLURAL = 'csiportassignments';
/** The only name the API server accepts: a namespace has at most one assignment. */
export const ASSIGNMENT_NAME = 'default';

/**
 * The name under which every write of the operator is recorded in managedFields. It tells the operator's own pins in
 * Rook's settings from a person's wishes, so it must never change.
 */
export const FIELD_MANAGER = 'csi-port-operator';

export type Mode = 'Enforce' | 'DryRun' | 'Paused';
export type RookConfigPolicy = 'Pin' | 'Leave';
export type Provider = 'Rook' | 'CephCSIOperator' | 'Mixed' | 'None';
export type WorkloadState =
  'Absent' | 'PodNetwork' | 'NoSidecar' | 'UpstreamManaged' | 'Drifted' | 'RollingOut' | 'Ready' | 'Rejected';

/** Every field may be absent: absent mode is Enforce, absent rookConfig is Pin, an absent port is the fixed one. */
export interface AssignmentSpec {
  readonly mode?: Mode;
  readonly ports?: Readonly<Partial<Record<Slot, number>>>;
  readonly rookConfig?: RookConfigPolicy;
}

/** How many of the three port keys the running Rook reads: up to 1.16.4 CSIADDONS_PORT alone, later one per workload. */
export type RookKeys = 'One' | 'Three';

export interface WorkloadStatus {
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Absent, like assignedPort, for a workload of ceph-csi-operator's: it is observed only. */
  readonly slot?: Slot;
  readonly hostNetwork: boolean;
  readonly assignedPort?: number;
  /** The port in the pod template; absent when there is no workload, no sidecar or no port in it. */
  readonly currentPort?: number;
  readonly state: WorkloadState;
}

/** A host port that several workloads hold. */
export interface PortConflict {
  readonly port: number;
  /** As "Deployment csi-rbdplugin-provisioner (liveness-prometheus)"; csi-addons goes without saying. */
  readonly holders: readonly string[];
}

/** An object on which somebody reverted what the operator had written. */
export interface RevertedObject {
  readonly kind: WorkloadKind | 'ConfigMap';
  readonly name: string;
  /** Of the ConfigMap, the keys that were reverted. */
  readonly keys?: readonly ConfigKey[];
  /** Who did it last: the field manager of that write; absent where the object does not tell. */
  readonly manager?: string;
  /** When it was seen, the latest few, oldest first; RFC 3339, whole seconds. */
  readonly times: readonly string[];
  /** Present while the object is contested: how long after the last time it is written again, in seconds. */
  readonly backoffSeconds?: number;
}

export interface Reverts {
  /** Patches of workloads that were reverted since the assignment exists. */
  readonly count: number;
  /** Pins that were reverted; absent where none was. */
  readonly pins?: number;
  /** When a patch or a pin was last seen reverted. */
  readonly lastTime?: string;
  readonly recent?: readonly RevertedObject[];
}

export type ConditionType = 'Ready' | 'Progressing' | 'Degraded';

/** metav1.Condition. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339, whole seconds; moves only when `status` flips. */
  readonly lastTransitionTime: string;
}

export interface AssignmentStatus {
  readonly observedGeneration: number;
  readonly provider: Provider;
  readonly rookVersion?: string;
  /** Absent until Rook's writes have shown it. */
  readonly rookKeys?: RookKeys;
  readonly ports: Readonly<Record<Slot, number>>;
  /** The keys of rook-ceph-operator-config that hold the assigned port, and that nobody but the operator is known to have written. */
  readonly pinned?: Readonly<Partial<Record<ConfigKey, string>>>;
  readonly workloads: readonly WorkloadStatus[];
  /** Absent where no host port is shared. */
  readonly conflicts?: readonly PortConflict[];
  readonly reverts: Reverts;
  /** The lasting remedy for this Rook, from compatibility.ts. */
  readonly advice?: string;
  readonly conditions: readonly Condition[];
}

/** What the operator keeps of a CSIPortAssignment. `status` is what was last stored, so any part of it may be absent. */
export interface PortAssignment {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly spec: AssignmentSpec;
  readonly status?: Partial<AssignmentStatus>;
  /** What is stored in its place where that cannot be gone by: it is to be replaced, whatever it holds. */
  readonly invalidStatus?: object;
}
