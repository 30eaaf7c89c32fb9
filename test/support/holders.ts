/** Pods of others on the host network, which hold a port on nodes. */
import type { KubeObject } from './control-plane/admin-api.js';
import type { ControlPlane } from './control-plane/control-plane.js';
import { waitFor } from './control-plane/wait-for.js';

export interface HolderOptions {
  readonly kind: 'DaemonSet' | 'Deployment' | 'ReplicaSet' | 'Pod';
  readonly port: number;
  /** Whether the container declares it. By default it does; else it stands in the argument --metricsport alone. */
  readonly isDeclared?: boolean;
  /** Default: `default`. */
  readonly namespace?: string;
  readonly priorityClassName?: string;
  /** The only node; absent: every node (DaemonSet), or any one. */
  readonly node?: string;
}

interface RunningPod extends KubeObject {
  readonly status?: { readonly phase?: string };
}

const NAME = 'node-agent';

export class Holder {
  readonly #cluster: ControlPlane;
  readonly #options: Required<Pick<HolderOptions, 'namespace'>> & HolderOptions;

  private constructor(cluster: ControlPlane, options: HolderOptions) {
    this.#cluster = cluster;
    this.#options = { namespace: 'default', ...options };
  }

  /** Back when its pods run. */
  static async start(cluster: ControlPlane, options: HolderOptions): Promise<Holder> {
    const holder = new Holder(cluster, options);
    await cluster.api.create<object>(holder.#collection, holder.#object());
    await holder.waitUntilRunning();
    return holder;
  }

  /** As the status names it, in messages. */
  get title(): string {
    const { kind, namespace } = this.#options;
    return `${kind} ${namespace}/${NAME}`;
  }

  async waitUntilRunning(): Promise<void> {
    const { kind, node } = this.#options;
    const wanted = kind === 'DaemonSet' && node === undefined ? 3 : 1;
    await waitFor(
      `${wanted} running pods of ${this.title}`,
      async () => (await this.pods()).filter(({ status }) => status?.phase === 'Running').length === wanted,
      { lastSeen: () => this.pods() },
    );
  }

  async pods(): Promise<RunningPod[]> {
    const pods = await this.#cluster.api.list<RunningPod>(`/api/v1/namespaces/${this.#options.namespace}/pods`);
    return pods.filter(({ metadata }) => metadata.labels?.app === NAME);
  }

  /** Uids of its pods: none was evicted if they are the same later. */
  async uids(): Promise<string[]> {
    return (await this.pods()).map(({ metadata }) => metadata.uid!).sort();
  }

  /** Back when its pods are gone. */
  async remove(): Promise<void> {
    const path = `${this.#collection}/${NAME}`;
    if ((await this.#cluster.api.getOrUndefined(path)) !== undefined) await this.#cluster.api.delete(path);
    await waitFor(`the pods of ${this.title} to be gone`, async () => (await this.pods()).length === 0);
  }

  get #collection(): string {
    const { kind, namespace } = this.#options;
    const root = kind === 'Pod' ? '/api/v1' : '/apis/apps/v1';
    return `${root}/namespaces/${namespace}/${kind.toLowerCase()}s`;
  }

  #object(): object {
    const { kind } = this.#options;
    const labels = { app: NAME };
    const metadata = { name: NAME, labels };
    if (kind === 'Pod') return { apiVersion: 'v1', kind, metadata, spec: this.#podSpec() };
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: this.#podSpec() },
    };
    return { apiVersion: 'apps/v1', kind, metadata, spec };
  }

  #podSpec(): object {
    const { port, isDeclared = true, priorityClassName, node } = this.#options;
    const taken = isDeclared ? { ports: [{ containerPort: port }] } : { args: [`--metricsport=${port}`] };
    return {
      hostNetwork: true,
      containers: [{ name: 'agent', image: 'registry.example/agent:1', ...taken }],
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
      ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
    };
  }
}
