/** The API csiports.io/v1alpha1, as crds/csiportassignments.yaml defines it (a test compares the two). */
import type { Slot, WorkloadKind } from './slots.js';

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
  | 'Absent'
  | 'PodNetwork'
  | 'NoSidecar'
  | 'UpstreamManaged'
  | 'Drifted'
  | 'PortInUse'
  | 'RollingOut'
  | 'Stuck'
  | 'Ready'
  | 'Rejected';

/** Every field may be absent: absent mode is Enforce, absent rookConfig is Pin, an absent port is the default one. */
export interface AssignmentSpec {
  readonly mode?: Mode;
  readonly ports?: Readonly<Partial<Record<Slot, number>>>;
  readonly rookConfig?: RookConfigPolicy;
}

export interface WorkloadStatus {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly slot: Slot;
  readonly hostNetwork: boolean;
  /** Absent if the workload is not in play, or no port is free. */
  readonly assignedPort?: number;
  /** The port in the pod template; absent when there is no workload, no sidecar or no port in it. */
  readonly currentPort?: number;
  readonly state: WorkloadState;
}

export interface PortHolder {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly container: string;
}

/** A host port that several containers take. */
export interface PortConflict {
  readonly port: number;
  readonly holders: readonly PortHolder[];
  /** A few of the nodes on which pods have it; absent if none are known. */
  readonly nodes?: readonly string[];
  /** How many there are. */
  readonly nodeCount?: number;
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
  /** Of the slots in play. */
  readonly ports: Readonly<Partial<Record<Slot, number>>>;
  readonly workloads: readonly WorkloadStatus[];
  /** Absent if no host port is shared. */
  readonly conflicts?: readonly PortConflict[];
  /** The lasting remedy for this Rook, from compatibility.ts. */
  readonly advice?: string;
  readonly conditions: readonly Condition[];
}

/** What is kept of the metadata of every object that is watched. */
export interface ObjectMeta {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What the operator keeps of a CSIPortAssignment. */
export interface PortAssignment extends ObjectMeta {
  readonly generation: number;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly deleting: boolean;
  readonly spec: AssignmentSpec;
  /** As stored, so any part of it may be absent. No decision is made from it. */
  readonly status?: StoredStatus;
  /** A stored status of another shape than the API's: it is replaced as a whole. */
  readonly invalidStatus?: object;
}

/** An earlier status. Only a condition's lastTransitionTime is taken over from it. */
export type StoredStatus = Partial<AssignmentStatus>;
