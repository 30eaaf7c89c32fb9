/** What the operator watches, and the paths of what it writes. */
import {
  API_GROUP,
  API_VERSION,
  ASSIGNMENT_KIND,
  ASSIGNMENT_NAME,
  ASSIGNMENT_PLURAL,
  type PortAssignment,
} from '../domain/rules/api.js';
import type { Driver } from '../domain/rules/driver.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rules/rook-operator.js';
import type { SlotSpec, WorkloadKind } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import type { WatchTarget } from './informer.js';
import {
  projectAssignment,
  projectDaemonSet,
  projectDeployment,
  projectDriver,
  projectRookConfig,
  projectRookOperator,
} from './projections.js';

interface Resource<T> {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly name: string;
  readonly project: (raw: unknown) => T;
}

const WORKLOADS: Readonly<Record<WorkloadKind, Pick<Resource<Workload>, 'group' | 'version' | 'plural' | 'project'>>> =
  {
    Deployment: { group: 'apps', version: 'v1', plural: 'deployments', project: projectDeployment },
    DaemonSet: { group: 'apps', version: 'v1', plural: 'daemonsets', project: projectDaemonSet },
  };

const ASSIGNMENT: Resource<PortAssignment> = {
  kind: ASSIGNMENT_KIND,
  group: API_GROUP,
  version: API_VERSION,
  plural: ASSIGNMENT_PLURAL,
  name: ASSIGNMENT_NAME,
  project: projectAssignment,
};

const ROOK_CONFIG: Resource<RookConfig> = {
  kind: 'ConfigMap',
  group: '',
  version: 'v1',
  plural: 'configmaps',
  name: ROOK_CONFIG_NAME,
  project: projectRookConfig,
};

const ROOK_OPERATOR: Resource<RookOperator> = {
  ...WORKLOADS.Deployment,
  kind: 'Deployment',
  name: ROOK_OPERATOR_NAME,
  project: projectRookOperator,
};

function workloadResource(kind: WorkloadKind, name: string): Resource<Workload> {
  return { ...WORKLOADS[kind], kind, name };
}

export function assignmentTarget(namespace?: string): WatchTarget<PortAssignment> {
  return source(ASSIGNMENT, namespace);
}

export function rookConfigTarget(namespace?: string): WatchTarget<RookConfig> {
  return source(ROOK_CONFIG, namespace);
}

export function rookOperatorTarget(namespace?: string): WatchTarget<RookOperator> {
  return source(ROOK_OPERATOR, namespace);
}

export function workloadTarget(slotSpec: SlotSpec, namespace?: string): WatchTarget<Workload> {
  return source(workloadResource(slotSpec.kind, slotSpec.workload), namespace);
}

/** All Driver objects of ceph-csi-operator, which is not installed everywhere. */
export function driverTarget(namespace?: string): WatchTarget<Driver> {
  // v1 since ceph-csi-operator 0.3.0. A name cannot be watched for: it holds a namespace and a type.
  const collection = { group: 'csi.ceph.io', version: 'v1', plural: 'drivers' };
  return {
    title: 'Drivers of ceph-csi-operator',
    rule: { group: collection.group, resource: collection.plural },
    optional: true,
    ...(namespace === undefined ? {} : { namespace }),
    path: collectionPath(collection, namespace),
    project: projectDriver,
  };
}

/** Path of one workload. */
export function workloadPath(slotSpec: SlotSpec, namespace: string): string {
  return objectPath(workloadResource(slotSpec.kind, slotSpec.workload), namespace);
}

export function rookConfigPath(namespace: string): string {
  return objectPath(ROOK_CONFIG, namespace);
}

export function assignmentPath(namespace: string): string {
  return objectPath(ASSIGNMENT, namespace);
}

export function assignmentStatusPath(namespace: string): string {
  return `${assignmentPath(namespace)}/status`;
}

function source<T>(resource: Resource<T>, namespace: string | undefined): WatchTarget<T> {
  const { kind, group, plural, name, project } = resource;
  return {
    title: `${kind} ${name}`,
    rule: { group, resource: plural, name },
    ...(namespace === undefined ? {} : { namespace }),
    path: collectionPath(resource, namespace),
    project,
  };
}

function collectionPath(
  { group, version, plural }: Pick<Resource<unknown>, 'group' | 'version' | 'plural'>,
  namespace: string | undefined,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

function objectPath(resource: Resource<unknown>, namespace: string): string {
  return `${collectionPath(resource, namespace)}/${resource.name}`;
}
