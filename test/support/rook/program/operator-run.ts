/** One life of the Rook program: from its start to its end it remembers settings, and forgets them with the end. */
import type { KubeObject } from '../../control-plane/admin-api.js';
import type { ConfigMap, DaemonSet, Deployment } from '../api-types.js';
import { RookConfigError, type RookOwner } from '../csi-parameters.js';
import { ROOK_OPERATOR_CONFIG } from '../names.js';
import { ROOK_RELEASES, type RookVersion } from '../release.js';
import { renderRook } from '../render.js';
import { type Access, KubeClient, KubeRequestError } from './kube-client.js';
import { describeConfigError } from './log-lines.js';
import { ROOK_PACING, until, type Pacing } from './pacing.js';
import { PassFailedError, PassQueue } from './pass-queue.js';
import { SettingsInForce, type Settings } from './settings.js';

/** client-go makes it of the program's name, and the API server makes the field manager "rook" of it. */
export const ROOK_USER_AGENT = 'rook/v0.0.0 (linux/amd64) kubernetes/$Format';

export interface OperatorRunOptions {
  readonly access: Access;
  readonly version: RookVersion;
  readonly namespace: string;
  readonly podName: string;
  readonly pacing?: Partial<Pacing>;
  /** What the write of a workload waits for beside its time: the word of a test. */
  readonly beforeWrite?: (workload: string) => Promise<void>;
  readonly log?: (line: string) => void;
}

export class OperatorRun {
  readonly #options: OperatorRunOptions;
  readonly #pacing: Pacing;
  readonly #log: (line: string) => void;
  readonly #end = new AbortController();
  readonly #client: KubeClient;
  readonly #settings: SettingsInForce;
  readonly #queue: PassQueue;
  readonly #ended: Promise<void>;
  #owner: RookOwner | undefined;
  /** The data that was seen last, as JSON; undefined: no ConfigMap, or none was looked for yet. */
  #seenData: string | undefined;
  #seenVersion: string | undefined;

  constructor(options: OperatorRunOptions) {
    this.#options = options;
    this.#pacing = { ...ROOK_PACING, ...options.pacing };
    this.#log = options.log ?? ((): void => undefined);
    const { signal } = this.#end;
    this.#client = new KubeClient(options.access, ROOK_USER_AGENT, signal);
    this.#settings = new SettingsInForce(ROOK_RELEASES[options.version], this.#log);
    this.#queue = new PassQueue(
      { pass: (retrying) => this.#pass(retrying), backOffMs: (failures) => this.#pacing.backOff(failures) },
      signal,
    );
    this.#ended = this.#run();
    // Told by stop() and by whoever awaits the end: it must not end this process before that.
    this.#ended.catch(() => undefined);
  }

  /** Resolves when the run was stopped. @throws what ended it else */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get passes(): number {
    return this.#queue.passes;
  }

  get failures(): number {
    return this.#queue.failures;
  }

  /** Whether this version of the ConfigMap (undefined: its absence) is what it saw last. */
  hasSeen(resourceVersion: string | undefined): boolean {
    return this.#seenVersion === resourceVersion;
  }

  /** Whether it has dealt with this version of the ConfigMap (undefined: with its absence), and nothing is left to do. */
  hasDealtWith(resourceVersion: string | undefined): boolean {
    return this.passes > 0 && this.#queue.isIdle && this.hasSeen(resourceVersion);
  }

  /** In the middle of a pass if need be, as SIGTERM does. @throws what ended the run before */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    try {
      await until(performance.now(), this.#pacing.startDelay, this.#end.signal);
      this.#owner = await this.#findOwner();
      await Promise.all([this.#queue.run(), this.#watchConfig()]);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#end.abort();
      throw error;
    }
  }

  /** From the pod to its ReplicaSet to its Deployment; a missing pod is fatal, as with Rook. */
  async #findOwner(): Promise<RookOwner | undefined> {
    const { namespace, podName } = this.#options;
    const pod = await this.#client.get(`/api/v1/namespaces/${namespace}/pods/${podName}`);
    const replicaSet = ownerOf(pod, 'ReplicaSet');
    if (replicaSet === undefined) return undefined;
    const path = `/apis/apps/v1/namespaces/${namespace}/replicasets/${replicaSet.name}`;
    const deployment = ownerOf(await this.#client.get(path), 'Deployment');
    return deployment && { name: deployment.name, uid: deployment.uid };
  }

  get #configPath(): string {
    return `/api/v1/namespaces/${this.#options.namespace}/configmaps`;
  }

  /** The first look counts as a change, whether or not there is a ConfigMap: one pass on each start. */
  async #watchConfig(): Promise<void> {
    const path = `${this.#configPath}?fieldSelector=metadata.name%3D${ROOK_OPERATOR_CONFIG}`;
    let first = true;
    while (!this.#end.signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#client.list<ConfigMap & KubeObject>(path);
        this.#see(items[0], first);
        first = false;
        await this.#follow(path, resourceVersion);
      } catch (error) {
        if (!(error instanceof KubeRequestError)) throw error;
        this.#log(`W | watch of ${ROOK_OPERATOR_CONFIG}: ${error.message}`);
        await until(performance.now(), this.#pacing.startDelay, this.#end.signal);
      }
    }
  }

  async #follow(path: string, resourceVersion: string): Promise<void> {
    for await (const { type, object } of this.#client.watch<ConfigMap & KubeObject>(path, resourceVersion)) {
      this.#see(type === 'DELETED' ? undefined : object);
    }
  }

  /** docs/maintainer/rook.md, When it writes: only another .data is a change, or that the ConfigMap comes or goes. */
  #see(configMap: (ConfigMap & KubeObject) | undefined, first = false): void {
    const data = configMap && JSON.stringify(Object.entries(configMap.data ?? {}).sort());
    const changed = data !== this.#seenData;
    this.#seenData = data;
    this.#seenVersion = configMap?.metadata.resourceVersion;
    if (changed || first) this.#queue.request();
  }

  async #pass(retrying: boolean): Promise<void> {
    const started = performance.now();
    const times = retrying ? this.#pacing.retriedWrites : this.#pacing.writes;
    try {
      const path = `${this.#configPath}/${ROOK_OPERATOR_CONFIG}`;
      const { data = {} } = (await this.#client.getOrUndefined<ConfigMap>(path)) ?? {};
      const workloads = this.#render(this.#settings.read(data));
      for (const [index, workload] of workloads.entries()) {
        await until(started, times[index]!, this.#end.signal);
        await this.#options.beforeWrite?.(workload.metadata!.name!);
        await this.#write(workload);
      }
    } catch (error) {
      const reason = reasonToRetry(error);
      if (reason === undefined) throw error;
      this.#log(`E | ceph-csi: failed to reconcile failed to configure ceph csi: ${reason}`);
      throw new PassFailedError(reason, { cause: error });
    }
  }

  /** In Rook's order. */
  #render(config: Settings): (DaemonSet | Deployment)[] {
    const { namespace, version } = this.#options;
    return Object.values(renderRook({ namespace, version, config, ...(this.#owner && { owner: this.#owner }) }));
  }

  /** docs/maintainer/rook.md, When it writes: POST, and where the object exists PUT, without resourceVersion and without a look at it. */
  async #write(workload: DaemonSet | Deployment): Promise<void> {
    const collection = `/apis/apps/v1/namespaces/${this.#options.namespace}/${workload.kind!.toLowerCase()}s`;
    try {
      await this.#client.send('POST', collection, workload);
    } catch (error) {
      if (!(error instanceof KubeRequestError) || error.status !== 409) throw error;
      await this.#client.send('PUT', `${collection}/${workload.metadata!.name!}`, workload);
    }
  }
}

function ownerOf({ metadata }: KubeObject, kind: string): RookOwner | undefined {
  return metadata.ownerReferences?.find((reference) => reference.kind === kind);
}

/** Why a pass fails and is tried again: a setting that cannot be read, or a request that the API server rejects. */
function reasonToRetry(error: unknown): string | undefined {
  if (error instanceof RookConfigError) return describeConfigError(error);
  return error instanceof KubeRequestError ? error.message : undefined;
}
