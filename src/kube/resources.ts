/** The paths of the objects that the operator watches and writes. */
import { API_GROUP, API_VERSION, ASSIGNMENT_NAME, ASSIGNMENT_PLURAL } from '../domain/rules/api.js';
import { ROOK_CONFIG_NAME } from '../domain/rules/rook-config.js';
import type { SlotSpec, WorkloadKind } from '../domain/rules/slots.js';

export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** In the plural, as in a path and in an RBAC rule. */
  readonly resource: string;
}

export const ASSIGNMENTS: Resource = { group: API_GROUP, version: API_VERSION, resource: ASSIGNMENT_PLURAL };
export const CONFIG_MAPS: Resource = { group: '', version: 'v1', resource: 'configmaps' };
export const PODS: Resource = { group: '', version: 'v1', resource: 'pods' };
/** v1 since ceph-csi-operator 0.3.0. */
export const DRIVERS: Resource = { group: 'csi.ceph.io', version: 'v1', resource: 'drivers' };
export const WORKLOADS: Readonly<Record<WorkloadKind, Resource>> = {
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments' },
  DaemonSet: { group: 'apps', version: 'v1', resource: 'daemonsets' },
};

/** @param namespace undefined: across all namespaces */
export function collectionPath({ group, version, resource }: Resource, namespace?: string): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
}

export function workloadPath({ kind, workload }: SlotSpec, namespace: string): string {
  return `${collectionPath(WORKLOADS[kind], namespace)}/${workload}`;
}

export function rookConfigPath(namespace: string): string {
  return `${collectionPath(CONFIG_MAPS, namespace)}/${ROOK_CONFIG_NAME}`;
}

export function assignmentPath(namespace: string): string {
  return `${collectionPath(ASSIGNMENTS, namespace)}/${ASSIGNMENT_NAME}`;
}
