/**
 * What restarts, as it happens. docs/maintainer/rook.md, When it writes: a generation tells that Rook passed by and not that
 * anything rolls out, so a rollout is a pod template that differs from the one before it, and a restart a pod that was
 * created. Both are read from watches, which miss nothing that comes and goes between two looks.
 */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../control-plane/admin-api.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { waitFor } from '../control-plane/wait-for.js';
import { SLOTS } from '../slots.js';
import type { DaemonSet, Deployment } from './api-types.js';
import { CSI_ADDONS_CONTAINER, CSI_WORKLOAD_NAMES, type CsiAddonsWorkload } from './names.js';
import { KubeClient, type WatchEvent } from './program/kube-client.js';

export interface Restarts {
  /** How often the pod template changed. That a workload is created, or made again, is no rollout. */
  readonly rollouts: number;
  /** Pods created, by uid. */
  readonly pods: number;
  /** The ports of the templates in between, the last one included. */
  readonly ports: readonly number[];
}

export type RestartsByWorkload = Readonly<Record<CsiAddonsWorkload, Restarts>>;

interface Recorded {
  template?: string;
  resourceVersion?: string;
  readonly ports: number[];
}

export class RolloutRecorder {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #stopping: AbortController;
  readonly #workloads = new Map<CsiAddonsWorkload, Recorded>(SLOTS.map((name) => [name, { ports: [] }]));
  /** The uids of all pods ever seen and of those there now, by the name of their workload. */
  readonly #created = new Map<string, Set<string>>();
  readonly #present = new Set<string>();
  readonly #watches: Promise<void>[] = [];

  private constructor(client: KubeClient, namespace: string, stopping: AbortController) {
    this.#client = client;
    this.#namespace = namespace;
    this.#stopping = stopping;
  }

  /** Records from what is there now on. */
  static async start(controlPlane: ControlPlane, namespace: string): Promise<RolloutRecorder> {
    const stopping = new AbortController();
    const { server, ca, adminToken: token } = controlPlane;
    const client = new KubeClient({ server, ca, token }, 'rollout-recorder', stopping.signal);
    const recorder = new RolloutRecorder(client, namespace, stopping);
    for (const name of SLOTS) await recorder.#watch(recorder.#workloadPath(name), recorder.#onWorkload(name));
    await recorder.#watch(`/api/v1/namespaces/${namespace}/pods`, recorder.#onPod);
    await recorder.mark();
    return recorder;
  }

  /** Counts from here on, from the state of the API server at this moment. */
  async mark(): Promise<void> {
    await this.#catchUp();
    for (const recorded of this.#workloads.values()) recorded.ports.length = 0;
    this.#created.clear();
  }

  /** What happened since the mark, up to the state of the API server at this moment. */
  async sinceMark(): Promise<RestartsByWorkload> {
    await this.#catchUp();
    const entries = SLOTS.map((name) => {
      const { ports } = this.#workloads.get(name)!;
      const pods = this.#created.get(CSI_WORKLOAD_NAMES[name])?.size ?? 0;
      return [name, { rollouts: ports.length, pods, ports: [...ports] }];
    });
    return Object.fromEntries(entries) as RestartsByWorkload;
  }

  /** @throws what broke a watch: then something may have been missed */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#watches);
  }

  #workloadPath(name: CsiAddonsWorkload): string {
    const plural = name.endsWith('NodePlugin') ? 'daemonsets' : 'deployments';
    const selector = `fieldSelector=metadata.name%3D${CSI_WORKLOAD_NAMES[name]}`;
    return `/apis/apps/v1/namespaces/${this.#namespace}/${plural}?${selector}`;
  }

  async #watch<T extends KubeObject>(path: string, handle: (event: WatchEvent<T>) => void): Promise<void> {
    const { items, resourceVersion } = await this.#client.list<T>(path);
    for (const object of items) handle({ type: 'ADDED', object });
    const watching = this.#follow(path, resourceVersion, handle);
    watching.catch(() => undefined);
    this.#watches.push(watching);
  }

  async #follow<T extends KubeObject>(
    path: string,
    from: string,
    handle: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    let resourceVersion = from;
    try {
      while (!this.#stopping.signal.aborted) {
        for await (const event of this.#client.watch<T>(path, resourceVersion)) {
          resourceVersion = event.object.metadata.resourceVersion!;
          handle(event);
        }
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }

  #onWorkload(name: CsiAddonsWorkload) {
    return ({ type, object }: WatchEvent): void => {
      const recorded = this.#workloads.get(name)!;
      delete recorded.resourceVersion;
      if (type === 'DELETED') {
        delete recorded.template;
        return;
      }
      const { spec } = object as unknown as Deployment | DaemonSet;
      // The API server has filled in the defaults and keeps one order of fields.
      const template = createHash('sha256').update(JSON.stringify(spec!.template)).digest('hex');
      if (recorded.template !== undefined && recorded.template !== template) {
        recorded.ports.push(portOf(object));
      }
      recorded.template = template;
      recorded.resourceVersion = object.metadata.resourceVersion!;
    };
  }

  readonly #onPod = ({ type, object: { metadata } }: WatchEvent): void => {
    const uid = metadata.uid!;
    if (type === 'DELETED') {
      this.#present.delete(uid);
    } else if (!this.#present.has(uid)) {
      this.#present.add(uid);
      const workload = metadata.labels?.app ?? '';
      const created = this.#created.get(workload) ?? new Set();
      this.#created.set(workload, created.add(uid));
    }
  };

  /** Until the watches have brought what a list shows. */
  async #catchUp(): Promise<void> {
    const caughtUp = waitFor('the watches to have brought what a list shows', async () => {
      const workloads = await Promise.all(SLOTS.map((name) => this.#hasCaughtUpWith(name)));
      const { items } = await this.#client.list(`/api/v1/namespaces/${this.#namespace}/pods`);
      const pods =
        items.length === this.#present.size && items.every(({ metadata }) => this.#present.has(metadata.uid!));
      return pods && workloads.every(Boolean);
    });
    caughtUp.catch(() => undefined);
    // A watch that broke is the better news of the two.
    await Promise.race([caughtUp, ...this.#watches]);
    await caughtUp;
  }

  async #hasCaughtUpWith(name: CsiAddonsWorkload): Promise<boolean> {
    const { items } = await this.#client.list(this.#workloadPath(name));
    return items[0]?.metadata.resourceVersion === this.#workloads.get(name)!.resourceVersion;
  }
}

function portOf({ spec }: Deployment | DaemonSet): number {
  const sidecar = spec!.template.spec!.containers.find(({ name }) => name === CSI_ADDONS_CONTAINER);
  return sidecar?.ports?.[0]?.containerPort ?? NaN;
}
