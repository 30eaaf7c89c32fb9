/** A row's own part of the cluster: a namespace with Rook and an assignment, and how the right state of it looks. */
import { waitUntilAllowed } from '../access.js';
import type { Assignment } from '../assignment.js';
import type { Cluster } from '../cluster.js';
import type { AdminApi, KubeObject } from '../control-plane/admin-api.js';
import type { Mark } from '../control-plane/audit-log.js';
import { waitFor } from '../control-plane/wait-for.js';
import { RookInstallation } from '../rook/installation.js';
import { CSI_ADDONS_CONTAINER } from '../rook/names.js';
import { DEFAULT_PORTS, keysOf, layoutOf, SLOTS } from '../slots.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER, toWriteTheStatus } from '../operator-account.js';

const LAYOUT = layoutOf().join();
const PINNED = keysOf(DEFAULT_PORTS);
/** A setting of Rook's that is none of ours, in characters of up to four bytes. */
const FOREIGN = { ROOK_OBC_PROVISIONER_NAME_PREFIX: 'Grüße-日本-👋' };
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces';
/** A namespace with the operator's Role, as an admin makes it; copies of it are cheaper than that. */
const PATTERN = 'pattern';
const WRITTEN = ['deployments', 'daemonsets', 'configmaps', 'csiportassignments'];
/** The API server moves it with the template. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

export interface WriteCounts {
  readonly patches: number;
  readonly pins: number;
  readonly status: number;
  /** Of any of these, rejected by the API server: a guard or a version has held. */
  readonly rejected: number;
}

/** Once, before the first row. */
export async function allowRows(cluster: Cluster): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PATTERN } };
  await cluster.controlPlane.api.create('/api/v1/namespaces', namespace);
  await cluster.allowWrites(PATTERN);
}

export class RowWorld {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, rook: RookInstallation) {
    this.#cluster = cluster;
    this.rook = rook;
    this.assignment = cluster.assignment(rook.namespace);
  }

  static async make(cluster: Cluster, namespace: string): Promise<RowWorld> {
    const { controlPlane } = cluster;
    const rook = await RookInstallation.install(controlPlane, { namespace, config: FOREIGN });
    await copyRole(controlPlane.api, 'csi-port-operator-writer', PATTERN, namespace);
    await copyRole(controlPlane.api, 'csi-port-operator-leader-election', OPERATOR_NAMESPACE, namespace);
    await waitUntilAllowed(controlPlane.api, OPERATOR_USER, toWriteTheStatus(namespace));
    const world = new RowWorld(cluster, rook);
    await world.assignment.create();
    return world;
  }

  /** Resolves when all is as it has to be; the status speaks of the newest spec. */
  async waitUntilRight(timeoutMs: number): Promise<void> {
    await waitFor(`the right state of ${this.rook.namespace}`, () => this.#isRight(), {
      timeoutMs,
      everyMs: 100,
      lastSeen: async () => ({
        layout: await this.rook.layout(),
        config: await this.rook.config(),
        status: await this.assignment.status(),
      }),
    });
  }

  async #isRight(): Promise<boolean> {
    const [layout, config, { metadata, status }] = await Promise.all([
      this.rook.layout(),
      this.rook.config(),
      this.assignment.get(),
    ]);
    const ready = status?.conditions.find(({ type }) => type === 'Ready');
    return (
      String(layout) === LAYOUT &&
      Object.entries(PINNED).every(([key, value]) => config[key] === value) &&
      status?.observedGeneration === metadata.generation &&
      ready?.reason === 'RollingOut'
    );
  }

  /** All that the operator must leave as it is, whole: the ports and the pinned keys are taken out. */
  async foreign(): Promise<object> {
    const { api } = this.#cluster.controlPlane;
    const [config, operator, cephfsNodePlugin, ...workloads] = await Promise.all([
      api.get(this.rook.configPath),
      api.get(this.rook.operatorPath),
      api.get(this.rook.workloadPath('cephfsNodePlugin')),
      ...SLOTS.map((slot) => api.get(this.rook.workloadPath(slot))),
    ]);
    const data = without(config.data as object, ...Object.keys(PINNED));
    const whole = [{ ...config, data }, operator, cephfsNodePlugin];
    return [...whole.map(withoutServerSet), ...workloads.map(withoutPorts)];
  }

  /** Up to the point where the operator has nothing left to do. */
  async writesSince(mark: Mark): Promise<WriteCounts> {
    const first = await this.assignment.waitUntilSettled();
    const second = await this.assignment.waitUntilSettled();
    const settling = [first.observedGeneration, second.observedGeneration];
    const entries = await this.#cluster.controlPlane.audit.since(mark, { user: OPERATOR_USER });
    const sent = entries.filter(({ namespace, verb, resource, observedGeneration }) => {
      const isOfASettling = settling.some((generation) => generation === observedGeneration);
      return namespace === this.rook.namespace && verb === 'patch' && WRITTEN.includes(resource) && !isOfASettling;
    });
    const stored = sent.filter(({ code }) => code < 300);
    const count = (...resources: string[]): number =>
      stored.filter(({ resource }) => resources.includes(resource)).length;
    return {
      patches: count('deployments', 'daemonsets'),
      pins: count('configmaps'),
      status: count('csiportassignments'),
      rejected: sent.length - stored.length,
    };
  }
}

async function copyRole(api: AdminApi, name: string, from: string, to: string): Promise<void> {
  for (const plural of ['roles', 'rolebindings']) {
    const role = await api.get(`${RBAC}/${from}/${plural}/${name}`);
    await api.create(`${RBAC}/${to}/${plural}`, { ...role, metadata: { name } });
  }
}

function without<T extends object>(object: T, ...fields: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field))) as Partial<T>;
}

function withoutServerSet(object: KubeObject): object {
  const annotations = without(object.metadata.annotations ?? {}, TEMPLATE_GENERATION);
  const metadata = { ...without(object.metadata, 'resourceVersion', 'generation', 'managedFields'), annotations };
  return { ...without(object, 'status'), metadata };
}

function withoutPorts(workload: KubeObject): object {
  const object = structuredClone(withoutServerSet(workload)) as { spec: WorkloadSpec };
  const sidecar = object.spec.template.spec.containers.find(({ name }) => name === CSI_ADDONS_CONTAINER)!;
  sidecar.args = sidecar.args.map((arg) => arg.replace(/^(--controller-port=)\d+$/, '$1'));
  sidecar.ports = sidecar.ports.map((port) => without(port, 'containerPort', 'hostPort'));
  return object;
}

interface WorkloadSpec {
  readonly template: {
    readonly spec: { readonly containers: { readonly name: string; args: string[]; ports: object[] }[] };
  };
}
