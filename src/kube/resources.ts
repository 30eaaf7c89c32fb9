/** The six object names that the operator watches, and the paths of what it writes. */
import {
  API_GROUP,
  API_VERSION,
  ASSIGNMENT_KIND,
  ASSIGNMENT_NAME,
  ASSIGNMENT_PLURAL,
  type PortAssignment,
} from '../domain/api.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../domain/rook-config.js';
import { ROOK_OPERATOR_NAME, type RookOperator } from '../domain/rook-operator.js';
import type { SlotLayout, WorkloadKind } from '../domain/slots.js';
import type { Workload } from '../domain/workload.js';
import type { Source } from './informer.js';
import {
  projectAssignment,
  projectDaemonSet,
  projectDeployment,
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

function workloadResource({ kind, workload }: SlotLayout): Resource<Workload> {
  return { ...WORKLOADS[kind], kind, name: workload };
}

export function assignmentSource(namespace?: string): Source<PortAssignment> {
  return source(ASSIGNMENT, namespace);
}

export function rookConfigSource(namespace?: string): Source<RookConfig> {
  return source(ROOK_CONFIG, namespace);
}

export function rookOperatorSource(namespace?: string): Source<RookOperator> {
  return source(ROOK_OPERATOR, namespace);
}

export function workloadSource(layout: SlotLayout, namespace?: string): Source<Workload> {
  return source(workloadResource(layout), namespace);
}

/** Path of one workload. */
export function workloadPath(layout: SlotLayout, namespace: string): string {
  return objectPath(workloadResource(layout), namespace);
}

export function rookConfigPath(namespace: string): string {
  return objectPath(ROOK_CONFIG, namespace);
}

export function assignmentStatusPath(namespace: string): string {
  return `${objectPath(ASSIGNMENT, namespace)}/status`;
}

function source<T>(resource: Resource<T>, namespace: string | undefined): Source<T> {
  const { kind, group, plural, name, project } = resource;
  return {
    title: `${kind} ${name}`,
    rule: { group, resource: plural, name },
    ...(namespace === undefined ? {} : { namespace }),
    path: collectionPath(resource, namespace),
    project,
  };
}

function collectionPath({ group, version, plural }: Resource<unknown>, namespace: string | undefined): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

function objectPath(resource: Resource<unknown>, namespace: string): string {
  return `${collectionPath(resource, namespace)}/${resource.name}`;
}
