/**
 * The objects of a few namespaces as the API server keeps them, as far as anything here looks at them. None is ever changed
 * in place: an older version stays what it was, and shares with the newer what is the same.
 */
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, type Slot, type WorkloadKind } from '../../src/domain/rules/slots.js';
import { ROOK_OPERATOR_CONFIG, ROOK_OPERATOR_DEPLOYMENT } from '../support/rook/names.js';

export const NAMESPACE = 'rook-ceph';
export const ASSIGNMENT = 'default';
export const CONFIG = ROOK_OPERATOR_CONFIG;
export const ROOK = ROOK_OPERATOR_DEPLOYMENT;
export const WORKLOADS: readonly string[] = SLOT_SPECS.map(({ workload }) => workload);
/** Everything in a namespace that the operator watches by name. */
export const NAMES: readonly string[] = [ASSIGNMENT, CONFIG, ROOK, ...WORKLOADS];

/** An object's key in the model: in the main namespace its name alone. */
export function keyOf(namespace: string, name: string): string {
  return namespace === NAMESPACE ? name : `${namespace}/${name}`;
}

export function placeOf(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace, name] = key.split('/');
  return name === undefined ? { namespace: NAMESPACE, name: key } : { namespace: namespace!, name };
}

export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly time: string;
  readonly subresource?: 'status';
  readonly fieldsV1: object;
}

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields: readonly ManagedFields[];
}

export interface StoredObject {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: unknown;
}

export interface StoredAssignment extends StoredObject {
  readonly spec: AssignmentSpec;
  readonly status?: AssignmentStatus;
}

export interface ContainerPort {
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly args?: readonly string[];
  readonly ports?: readonly ContainerPort[];
}

export interface PodTemplate {
  readonly metadata?: object;
  readonly spec: { readonly hostNetwork?: boolean; readonly containers: readonly Container[] };
}

export interface StoredWorkload extends StoredObject {
  readonly kind: WorkloadKind;
  readonly spec: { readonly template: PodTemplate };
}

/** What whoever writes an object says of it; the rest is the API server's to say. */
export interface Written {
  readonly kind: string;
  readonly metadata: Partial<Metadata>;
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: unknown;
}

/** Where a sidecar says its port: what it listens on, and what is declared for it. */
export interface SaidPorts {
  readonly listens: number | undefined;
  readonly declared: readonly number[];
}

/** Undefined where the workload has no sidecar. Rook's form of the argument alone: nobody here writes another. */
export function saidPorts({ spec }: StoredWorkload): SaidPorts | undefined {
  const sidecar = sidecarOf(spec.template);
  if (sidecar === undefined) return undefined;
  const flags = (sidecar.args ?? []).flatMap((argument) => /^--controller-port=(\d+)$/.exec(argument)?.[1] ?? []);
  const declared = (sidecar.ports ?? []).map(({ containerPort }) => containerPort);
  return { listens: flags.length === 0 ? declared[0] : Number(flags.at(-1)), declared };
}

export function sidecarOf({ spec }: PodTemplate): Container | undefined {
  return spec.containers.find(({ name }) => name === SIDECAR_CONTAINER);
}

/** Whether it competes for host ports. */
export function isOnHostNetwork({ spec }: StoredWorkload): boolean {
  return spec.template.spec.hostNetwork === true && sidecarOf(spec.template) !== undefined;
}

/** What its sidecar takes on a node. */
export function portsHeld(workload: StoredWorkload): number[] {
  if (!isOnHostNetwork(workload)) return [];
  const { listens, declared } = saidPorts(workload)!;
  return [...new Set(listens === undefined ? declared : [listens, ...declared])];
}

export function slotOfWorkload(name: string): Slot | undefined {
  return SLOT_SPECS.find(({ workload }) => workload === name)?.slot;
}
