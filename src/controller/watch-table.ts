/**
 * What the operator watches, one row per object: where it is served, what is kept of it, and to which keys of the work queue
 * a change leads. Its informers, its store and its line at /readyz follow from the row; config/rbac has to allow it.
 */
import { ASSIGNMENT_KIND, ASSIGNMENT_NAME } from '../domain/rules/api.js';
import { ROOK_CONFIG_NAME } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../domain/rules/rook-operator.js';
import { forEachSlot } from '../domain/rules/slots.js';
import type { WatchTarget } from '../kube/informer-state.js';
import type { Projection } from '../kube/object-reader.js';
import {
  projectAssignment,
  projectDaemonSet,
  projectDeployment,
  projectDriver,
  projectRookConfig,
  projectRookOperator,
} from '../kube/projections.js';
import { ASSIGNMENTS, collectionPath, CONFIG_MAPS, DRIVERS, WORKLOADS, type Resource } from '../kube/resources.js';

export interface WatchRow<T> extends Resource {
  /** For people, e.g. "Deployment csi-rbdplugin-provisioner". */
  readonly title: string;
  /** Absent: objects of all names. */
  readonly name?: string;
  /** See WatchTarget. */
  readonly optional?: boolean;
  readonly project: Projection<T>;
  /** The keys to which a change of the object in this namespace leads. */
  readonly keysOf: (namespace: string) => readonly string[];
}

const ownNamespace = (namespace: string): readonly string[] => [namespace];

export const WATCH_TABLE = {
  assignments: {
    title: `${ASSIGNMENT_KIND} ${ASSIGNMENT_NAME}`,
    ...ASSIGNMENTS,
    name: ASSIGNMENT_NAME,
    project: projectAssignment,
    keysOf: ownNamespace,
  },
  rookConfigs: {
    title: `ConfigMap ${ROOK_CONFIG_NAME}`,
    ...CONFIG_MAPS,
    name: ROOK_CONFIG_NAME,
    project: projectRookConfig,
    keysOf: ownNamespace,
  },
  rookOperators: {
    title: `Deployment ${ROOK_OPERATOR_NAME}`,
    ...WORKLOADS.Deployment,
    name: ROOK_OPERATOR_NAME,
    project: projectRookOperator,
    keysOf: ownNamespace,
  },
  workloads: forEachSlot(({ kind, workload }) => ({
    title: `${kind} ${workload}`,
    ...WORKLOADS[kind],
    name: workload,
    project: kind === 'Deployment' ? projectDeployment : projectDaemonSet,
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
};

/** @param namespace undefined: across all namespaces */
export function watchTarget<T>(row: WatchRow<T>, namespace: string | undefined): WatchTarget<T> {
  const { title, group, resource, name, optional, project } = row;
  return {
    title,
    rule: { group, resource, ...(name === undefined ? {} : { name }) },
    ...(optional === undefined ? {} : { optional }),
    ...(namespace === undefined ? {} : { namespace }),
    path: collectionPath(row, namespace),
    project,
  };
}
