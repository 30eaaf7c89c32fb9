/**
 * What the operator watches, one row per object: where it is served, what is kept of it, and to which keys of the work queue
 * a change leads. Its informers, its store and its line at /readyz follow from the row; config/rbac has to allow it.
 */
import { ASSIGNMENT_KIND, ASSIGNMENT_NAME } from '../domain/rules/api.js';
import { ROOK_CONFIG_NAME } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../domain/rules/rook-operator.js';
import { forEachSlot } from '../domain/rules/slots.js';
import { isSamePod } from '../domain/rules/pod-changes.js';
import type { WatchTarget } from '../kube/informer-state.js';
import type { Projection } from '../kube/object-reader.js';
import { projectHostNetworkPod } from '../kube/pod-projection.js';
import { projectAssignment, projectDriver, projectRookConfig, projectRookOperator } from '../kube/projections.js';
import { projectDaemonSet, projectDeployment } from '../kube/workload-projection.js';
import {
  ASSIGNMENTS,
  collectionPath,
  CONFIG_MAPS,
  DRIVERS,
  PODS,
  WORKLOADS,
  type Resource,
} from '../kube/resources.js';
import { keysOfPods, type Known } from './pod-keys.js';

export interface WatchRow<T> extends Resource {
  /** For people, e.g. "Deployment csi-rbdplugin-provisioner". */
  readonly title: string;
  /** Absent: objects of all names. */
  readonly name?: string;
  /** See WatchTarget. */
  readonly optional?: boolean;
  readonly fieldSelector?: string;
  /** See WatchedRule. */
  readonly folder?: string;
  readonly project: Projection<T>;
  /** Whether a change concerns Rooks on the same nodes and, if it is Rook itself, assignments that look for one. */
  readonly concernsOthers?: 'Neighbours' | 'Rook';
  /** See StoreOptions. */
  readonly isSame?: (before: T, after: T) => boolean;
  /**
   * The keys to which a change of an object in this namespace leads.
   *
   * @param objects the object before the change and after it
   */
  readonly keysOf: (namespace: string, objects: readonly T[], known: Known) => readonly string[];
}

const ownNamespace = (namespace: string): readonly string[] => [namespace];

export const WATCH_TABLE = {
  assignments: {
    title: `${ASSIGNMENT_KIND} ${ASSIGNMENT_NAME}`,
    ...ASSIGNMENTS,
    name: ASSIGNMENT_NAME,
    project: projectAssignment,
    concernsOthers: 'Neighbours' as const,
    keysOf: ownNamespace,
  },
  rookConfigs: {
    title: `ConfigMap ${ROOK_CONFIG_NAME}`,
    ...CONFIG_MAPS,
    name: ROOK_CONFIG_NAME,
    project: projectRookConfig,
    concernsOthers: 'Neighbours' as const,
    keysOf: ownNamespace,
  },
  rookOperators: {
    title: `Deployment ${ROOK_OPERATOR_NAME}`,
    ...WORKLOADS.Deployment,
    name: ROOK_OPERATOR_NAME,
    project: projectRookOperator,
    concernsOthers: 'Rook' as const,
    keysOf: ownNamespace,
  },
  workloads: forEachSlot(({ kind, workload }) => ({
    title: `${kind} ${workload}`,
    ...WORKLOADS[kind],
    name: workload,
    project: kind === 'Deployment' ? projectDeployment : projectDaemonSet,
    concernsOthers: 'Rook' as const,
    keysOf: ownNamespace,
  })),
  // Of all names, as the name of a Driver holds a namespace and a type. ceph-csi-operator is not installed everywhere.
  drivers: {
    title: 'Drivers of ceph-csi-operator',
    ...DRIVERS,
    optional: true,
    project: projectDriver,
    keysOf: ownNamespace,
  },
  // Where they may not be listed, the ports of strangers are not known.
  pods: {
    title: 'Pods on the host network',
    ...PODS,
    optional: true,
    fieldSelector: 'spec.hostNetwork=true',
    folder: 'config/rbac/host-network-pods',
    project: projectHostNetworkPod,
    isSame: isSamePod,
    keysOf: keysOfPods,
  },
};

/** @param namespace undefined: across all namespaces */
export function watchTarget<T>(row: WatchRow<T>, namespace: string | undefined): WatchTarget<T> {
  const { title, group, resource, name, optional, fieldSelector, folder, project } = row;
  return {
    title,
    rule: {
      group,
      resource,
      ...(name === undefined ? {} : { name }),
      ...(folder === undefined ? {} : { folder }),
    },
    ...(optional === undefined ? {} : { optional }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(namespace === undefined ? {} : { namespace }),
    path: collectionPath(row, namespace),
    project,
  };
}
