/** Collects from the API server what `doctor` judges beside the survey. What cannot be read is a fact of its own. */
import { API_GROUP, ASSIGNMENT_PLURAL } from '../domain/rules/api.js';
import { sanitize } from '../domain/report/sanitize.js';
import { Deadline } from '../kube/deadline.js';
import { ApiError } from '../kube/errors.js';
import { LEASE_NAME } from '../kube/lease.js';
import {
  ASSIGNMENTS,
  collectionPath,
  CONFIG_MAPS,
  DRIVERS,
  PODS,
  WORKLOADS,
  type Resource,
} from '../kube/resources.js';
import type { Transport } from '../kube/transport.js';
import { isRecord } from '../kube/validate.js';
import { messageOf } from '../log.js';
import { listPages } from './sources/list-pages.js';
import type {
  CrdFact,
  CsiAddonsNodeFact,
  DoctorFacts,
  Fact,
  LeaseFact,
  OperatorFact,
  RightFact,
} from './commands/doctor.js';

export interface DoctorScope {
  readonly transport: Transport;
  /** Whose rights are reviewed, and where objects are read that may not be listed everywhere. Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Of each list, in milliseconds. */
  readonly timeLimitMs: number;
}

const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
const CSI_ADDONS_NODES: Resource = { group: 'csiaddons.openshift.io', version: 'v1alpha1', resource: 'csiaddonsnodes' };
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const OPERATOR_LABEL = 'app.kubernetes.io/name=csi-port-operator';
/** Names and messages of objects are others' text. */
const MAX_TEXT = 500;

const READ: readonly Resource[] = [
  ...[ASSIGNMENTS, WORKLOADS.Deployment, WORKLOADS.DaemonSet, CONFIG_MAPS, PODS],
  ...[DRIVERS, LEASES, CSI_ADDONS_NODES],
];

/** Never rejects. */
export async function collectDoctorFacts(scope: DoctorScope): Promise<DoctorFacts> {
  const [rights, crd, operators, leases, csiAddonsNodes] = await Promise.all([
    factOf(rightsOf(scope)),
    factOf(crdOf(scope)),
    factOf(operatorsOf(scope)),
    factOf(leasesOf(scope)),
    factOf(csiAddonsNodesOf(scope)),
  ]);
  return { rights, crd, operators, leases, csiAddonsNodes };
}

async function factOf<T>(reading: Promise<T>): Promise<Fact<T>> {
  try {
    return await reading;
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

function rightsOf({ transport, namespace }: DoctorScope): Promise<RightFact[]> {
  const review = async ({ group, resource }: Resource): Promise<RightFact> => {
    const asked = { verb: 'list', group, resource, ...(namespace === undefined ? {} : { namespace }) };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: asked },
    };
    const { status } = recordOf(await transport.call({ method: 'POST', path: REVIEWS, body }));
    const fact = { verb: asked.verb, resource: group === '' ? resource : `${resource}.${group}` };
    const allowed = recordOf(status).allowed === true;
    return { ...fact, allowed, ...(namespace === undefined ? {} : { namespace }) };
  };
  return Promise.all(READ.map(review));
}

/** By discovery, which every account may read; the definition itself is for admins. */
async function crdOf({ transport }: DoctorScope): Promise<CrdFact> {
  const path = `/apis/${API_GROUP}`;
  const group = await unlessAbsent(transport.call({ method: 'GET', path }));
  const versions = recordsOf(recordOf(group).versions).map(({ version }) => textOf(version));
  const served = await Promise.all(
    versions.map(async (version) => {
      const found = recordOf(await unlessAbsent(transport.call({ method: 'GET', path: `${path}/${version}` })));
      return recordsOf(found.resources).some(({ name }) => name === ASSIGNMENT_PLURAL);
    }),
  );
  const servedVersions = versions.filter((_, index) => served[index]);
  return { installed: servedVersions.length > 0, servedVersions };
}

/** In any namespace: in which it is, nobody says. */
async function operatorsOf(scope: DoctorScope): Promise<OperatorFact[]> {
  const objects = await pages(scope, collectionPath(WORKLOADS.Deployment), { labelSelector: OPERATOR_LABEL });
  return objects.map((object) => {
    const spec = recordOf(object.spec);
    const [container] = recordsOf(recordOf(recordOf(spec.template).spec).containers);
    return {
      ...nameOf(object),
      image: textOf(container?.image),
      replicas: numberOf(spec.replicas) ?? 1,
      readyReplicas: numberOf(recordOf(object.status).readyReplicas) ?? 0,
    };
  });
}

async function leasesOf(scope: DoctorScope): Promise<LeaseFact[]> {
  const objects = await pages(scope, collectionPath(LEASES), { fieldSelector: `metadata.name=${LEASE_NAME}` });
  return objects.map((object) => {
    const { holderIdentity, renewTime, leaseDurationSeconds } = recordOf(object.spec);
    const renewedAt = timeOf(renewTime);
    const duration = numberOf(leaseDurationSeconds);
    return {
      ...nameOf(object),
      ...(textOf(holderIdentity) === '' ? {} : { holder: textOf(holderIdentity) }),
      ...(renewedAt === undefined ? {} : { renewedAt }),
      ...(duration === undefined ? {} : { leaseDurationSeconds: duration }),
    };
  });
}

async function csiAddonsNodesOf(scope: DoctorScope): Promise<CsiAddonsNodeFact[]> {
  const objects = (await unlessAbsent(list(scope, CSI_ADDONS_NODES))) ?? [];
  return objects.map((object) => {
    const { creationTimestamp, ownerReferences } = recordOf(object.metadata);
    const driver = recordOf(recordOf(object.spec).driver);
    const { state, message } = recordOf(object.status);
    const owner =
      recordsOf(ownerReferences).find(({ controller }) => controller === true) ?? recordsOf(ownerReferences)[0];
    return {
      ...nameOf(object),
      driver: textOf(driver.name),
      nodeId: textOf(driver.nodeID),
      endpoint: textOf(driver.endpoint),
      createdAt: timeOf(creationTimestamp) ?? 0,
      ...(textOf(state) === '' ? {} : { state: textOf(state) }),
      ...(textOf(message) === '' ? {} : { message: textOf(message) }),
      ...(owner === undefined ? {} : { owner: { kind: textOf(owner.kind), name: textOf(owner.name) } }),
    };
  });
}

type Json = Readonly<Record<string, unknown>>;

/** All pages; of the scope's namespace alone if that was asked for, or if all may not be listed. */
async function list(
  scope: DoctorScope,
  resource: Resource,
  selector: Readonly<Record<string, string>> = {},
): Promise<Json[]> {
  try {
    return await pages(scope, collectionPath(resource), selector);
  } catch (error) {
    if (scope.namespace === undefined || !(error instanceof ApiError) || !error.isForbidden) throw error;
    return pages(scope, collectionPath(resource, scope.namespace), selector);
  }
}

async function pages(
  { transport, timeLimitMs }: DoctorScope,
  path: string,
  selector: Readonly<Record<string, string>>,
): Promise<Json[]> {
  let objects: Json[] = [];
  const onStart = (): void => void (objects = []);
  const onPage = (items: readonly unknown[]): void => void objects.push(...recordsOf(items));
  const deadline = new Deadline(timeLimitMs, undefined);
  try {
    await listPages(transport, { path, selector, onStart, onPage }, deadline.signal);
  } finally {
    deadline.stopClock();
  }
  return objects;
}

/** Undefined where the API server does not know the path. */
async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

function nameOf({ metadata }: Json): { readonly namespace: string; readonly name: string } {
  const { namespace, name } = recordOf(metadata);
  return { namespace: textOf(namespace), name: textOf(name) };
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function recordsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? sanitize(value, MAX_TEXT) : '';
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Milliseconds since 1970. */
function timeOf(value: unknown): number | undefined {
  const time = Date.parse(textOf(value));
  return Number.isNaN(time) ? undefined : time;
}
