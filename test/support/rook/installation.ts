/** A namespace with Rook in it, on a real API server, as Rook's own writes leave it. */
import type { AdminApi, KubeObject } from '../control-plane/admin-api.js';
import { AdminApiError } from '../control-plane/admin-api.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { waitFor } from '../control-plane/wait-for.js';
import { SLOTS } from '../slots.js';
import type { DaemonSet, Deployment } from './api-types.js';
import { CSI_ADDONS_CONTAINER, CSI_WORKLOAD_NAMES } from './names.js';
import { rookOperatorConfig, rookOperatorDeployment } from './operator.js';
import type { RookVersion } from './release.js';
import { CSI_WORKLOADS, renderRook, type RookWorkloads } from './render.js';

export type WorkloadName = keyof RookWorkloads;

export interface InstallOptions {
  readonly namespace: string;
  /** Default 1.16.4. */
  readonly version?: RookVersion;
  /** Settings over those of a cluster with the conflict. */
  readonly config?: Readonly<Record<string, string>>;
  /** Whether rook-ceph-operator has a ready pod. Default false: the operator then waits for nobody. */
  readonly alive?: boolean;
  readonly storedHostPort?: boolean;
  /** Whether the ConfigMap exists. Default true. */
  readonly operatorConfig?: boolean;
  /** Whether the workloads are written here, once. Default true; false where a Rook that runs is to write them. */
  readonly workloads?: boolean;
  /** image: of the Rook operator, where its version is none that the workloads can be rendered for. */
  readonly image?: string;
}

interface CsiPod extends KubeObject {
  status?: { phase?: string };
}

interface OperatorPod extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Where a csi-addons sidecar of the API server's copy listens, and what it declares. */
export interface SidecarPorts {
  readonly argument: number;
  readonly containerPort: number;
  readonly hostPort: number | undefined;
}

export class RookInstallation {
  readonly namespace: string;
  readonly #api: AdminApi;
  readonly #options: InstallOptions;
  readonly #owner: { name: string; uid: string };

  private constructor(api: AdminApi, options: InstallOptions, owner: { name: string; uid: string }) {
    this.#api = api;
    this.#options = options;
    this.namespace = options.namespace;
    this.#owner = owner;
  }

  /** Creates the namespace, the Rook operator and its settings, and lets Rook write its workloads once. */
  static async install({ api }: Pick<ControlPlane, 'api'>, options: InstallOptions): Promise<RookInstallation> {
    const { namespace, version = '1.16.4', alive = false, image } = options;
    await createUnlessThere(api, '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    const operator = rookOperatorDeployment({ namespace, version, replicas: alive ? 1 : 0, ...(image && { image }) });
    const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    // It is there at the second attempt of a test.
    const created = await createUnlessThere(api, deployments, operator);
    const stored = created ?? (await api.get<object>(`${deployments}/${operator.metadata!.name!}`));
    const { metadata } = stored as KubeObject;
    if (options.operatorConfig !== false) {
      const config = rookOperatorConfig({ namespace, data: options.config ?? {} });
      await deleteIfThere(api, `/api/v1/namespaces/${namespace}/configmaps/${config.metadata!.name!}`);
      await api.create<object>(`/api/v1/namespaces/${namespace}/configmaps`, config);
    }
    const rook = new RookInstallation(api, options, { name: metadata.name!, uid: metadata.uid! });
    if (alive) await rook.waitUntilAlive();
    if (options.workloads !== false) await rook.writePass();
    return rook;
  }

  /** What Rook would write now by the settings given at the installation and `config` over them. */
  render(config: Readonly<Record<string, string>> = {}): RookWorkloads {
    const { namespace, version = '1.16.4', storedHostPort = false } = this.#options;
    const settings = rookOperatorConfig({ namespace, data: { ...this.#options.config, ...config } }).data!;
    return renderRook({ namespace, version, storedHostPort, owner: this.#owner, config: settings });
  }

  /** One pass of Rook over all workloads, in its order. */
  async writePass(config: Readonly<Record<string, string>> = {}): Promise<void> {
    const workloads = this.render(config);
    for (const name of CSI_WORKLOADS) await this.#write(workloads[name]);
  }

  /** Rook's write of one workload: full, without resourceVersion. Resolves with what is stored then. */
  async rewrite(name: WorkloadName, config: Readonly<Record<string, string>> = {}): Promise<KubeObject> {
    return this.#write(this.render(config)[name]);
  }

  /** The same under a field manager's name. */
  async rewriteAs(manager: string, name: WorkloadName): Promise<void> {
    await this.#api.replace<object>(`${this.workloadPath(name)}?fieldManager=${manager}`, this.render()[name]);
  }

  /** Creates or replaces any workload as it is given. */
  async #write(workload: Deployment | DaemonSet): Promise<KubeObject> {
    const collection = `/apis/apps/v1/namespaces/${this.namespace}/${workload.kind!.toLowerCase()}s`;
    const created = await createUnlessThere(this.#api, collection, workload);
    const stored = created ?? (await this.#api.replace<object>(`${collection}/${workload.metadata!.name!}`, workload));
    return stored as KubeObject;
  }

  workloadPath(name: WorkloadName): string {
    const kind = name.endsWith('NodePlugin') ? 'daemonsets' : 'deployments';
    return `/apis/apps/v1/namespaces/${this.namespace}/${kind}/${CSI_WORKLOAD_NAMES[name]}`;
  }

  workload(name: WorkloadName): Promise<Deployment | DaemonSet> {
    return this.#api.get<Deployment | DaemonSet>(this.workloadPath(name));
  }

  async deleteWorkload(name: WorkloadName): Promise<void> {
    await this.#api.delete(this.workloadPath(name), { propagationPolicy: 'Foreground' });
    await waitFor(
      `${name} to be gone`,
      async () => (await this.#api.getOrUndefined(this.workloadPath(name))) === undefined,
    );
  }

  async ports(name: WorkloadName): Promise<SidecarPorts> {
    const { spec } = await this.workload(name);
    const sidecar = spec!.template.spec!.containers.find((container) => container.name === CSI_ADDONS_CONTAINER);
    const argument = sidecar?.args?.map((arg) => /^--controller-port=(\d+)$/.exec(arg)?.[1]).find(Boolean);
    const declared = sidecar?.ports?.[0];
    return { argument: Number(argument), containerPort: declared?.containerPort ?? NaN, hostPort: declared?.hostPort };
  }

  /** Of each slot, in the order of SLOT_SPECS, the argument, which must equal the declared port. */
  async layout(): Promise<number[]> {
    const ports = await Promise.all(SLOTS.map((slot) => this.ports(slot)));
    for (const { argument, containerPort, hostPort } of ports) {
      if (argument !== containerPort || (hostPort !== undefined && hostPort !== argument)) {
        throw new Error(`argument ${argument}, containerPort ${containerPort} and hostPort ${hostPort} differ`);
      }
    }
    return ports.map(({ argument }) => argument);
  }

  pods(): Promise<KubeObject[]> {
    return this.#api.list(`/api/v1/namespaces/${this.namespace}/pods`);
  }

  /**
   * Waits until all that are wanted run, no other is there, and the controllers have counted them. A pod that was preempted a moment ago
   * shows in its Deployment's counters, and so in the status of an assignment, a little later.
   */
  async podsAtRest(): Promise<KubeObject[]> {
    const phases = (pods: CsiPod[]): unknown[] => pods.map(({ metadata, status }) => [metadata.name, status?.phase]);
    return waitFor(
      'all pods to run, and no other to be there',
      async () => {
        const pods = (await this.pods()) as CsiPod[];
        const workloads = await Promise.all(CSI_WORKLOADS.map((name) => this.workload(name)));
        const wanted = workloads.reduce((sum, workload) => sum + podsWanted(workload), 0);
        return pods.length === wanted && pods.every(isRunning) && workloads.every(isRolledOut) && pods;
      },
      { lastSeen: async () => phases(await this.pods()) },
    );
  }

  /** The settings ConfigMap's data. */
  async config(): Promise<Record<string, string>> {
    const { data } = await this.#api.get<{ data: Record<string, string> }>(this.configPath);
    return data;
  }

  get configPath(): string {
    return `/api/v1/namespaces/${this.namespace}/configmaps/rook-ceph-operator-config`;
  }

  /** The name of the one pod of rook-ceph-operator that is ready. */
  async operatorPod(): Promise<string> {
    return waitFor('one ready pod of rook-ceph-operator', async () => {
      const pods = (await this.pods()) as OperatorPod[];
      const own = pods.filter(({ metadata }) => metadata.labels?.app === 'rook-ceph-operator');
      const ready = own[0]?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return own.length === 1 && ready === true && own[0]!.metadata.name!;
    });
  }

  /** Replaces the pod of rook-ceph-operator, by a new image where one is given; resolves with the new pod's name. */
  async replaceOperatorPod(image?: string): Promise<string> {
    const before = await this.operatorPod();
    if (image === undefined) await this.#api.delete(`/api/v1/namespaces/${this.namespace}/pods/${before}`);
    else await this.#setOperatorImage(image);
    return waitFor('another pod of rook-ceph-operator', async () => {
      const now = await this.operatorPod();
      return now !== before && now;
    });
  }

  async #setOperatorImage(image: string): Promise<void> {
    const containers = [{ name: 'rook-ceph-operator', image }];
    await this.#api.patch<object>(
      this.operatorPath,
      { spec: { template: { spec: { containers } } } },
      'application/strategic-merge-patch+json',
    );
  }

  get operatorPath(): string {
    return `/apis/apps/v1/namespaces/${this.namespace}/deployments/rook-ceph-operator`;
  }

  async waitUntilAlive(): Promise<void> {
    await waitFor('rook-ceph-operator to be ready', async () => {
      const { status } = await this.#api.get<Deployment>(this.operatorPath);
      return status?.readyReplicas === 1;
    });
  }
}

function isRunning({ metadata, status }: CsiPod): boolean {
  return status?.phase === 'Running' && metadata.deletionTimestamp === undefined;
}

/** By the spec of a Deployment; a DaemonSet has one on each of its nodes. */
function podsWanted({ spec, status }: Deployment | DaemonSet): number {
  const { replicas } = spec as { replicas?: number };
  const { desiredNumberScheduled } = (status ?? {}) as { desiredNumberScheduled?: number };
  return replicas ?? desiredNumberScheduled ?? NaN;
}

/** By the status that its controller has written. */
export function isRolledOut({ metadata, status }: Deployment | DaemonSet): boolean {
  const counters = (status ?? {}) as Readonly<Record<string, number | undefined>>;
  const { observedGeneration, replicas, updatedReplicas, availableReplicas } = counters;
  const { desiredNumberScheduled, updatedNumberScheduled, numberAvailable } = counters;
  const wanted = replicas ?? desiredNumberScheduled;
  return (
    observedGeneration === metadata!.generation &&
    (updatedReplicas ?? updatedNumberScheduled) === wanted &&
    (availableReplicas ?? numberAvailable) === wanted
  );
}

/** The ConfigMap that an earlier test left in the namespace. */
async function deleteIfThere(api: AdminApi, path: string): Promise<void> {
  if ((await api.getOrUndefined(path)) !== undefined) await api.delete(path);
}

/** @returns undefined where it is there already */
async function createUnlessThere(api: AdminApi, collection: string, object: object): Promise<object | undefined> {
  try {
    return await api.create(collection, object);
  } catch (error) {
    if (error instanceof AdminApiError && error.status === 409) return undefined;
    throw error;
  }
}
