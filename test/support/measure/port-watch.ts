/** Sees, as an outside observer on the API server, when each workload gets its port. It shares no code with the operator. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { CSI_ADDONS_CONTAINER } from '../rook/names.js';
import { within } from './within.js';

const FLAG = '--controller-port=';

export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** The resourceVersion of the write before: what counts is newer. */
  readonly after: number;
}

type Watchable = Pick<ControlPlane, 'server' | 'ca' | 'adminToken' | 'api'>;

/** When the events came that show a reset and its repair, by performance.now(). */
export interface Fix {
  readonly resetAt: number;
  readonly fixedAt: number;
}

/** When a workload came to a port. */
interface Sighting {
  readonly port: number | undefined;
  readonly version: number;
  /** performance.now() */
  readonly at: number;
}

export interface Workload {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly containerPort: number }[];
}

interface Waiting extends Target {
  readonly resolve: (fix: Fix) => void;
  readonly reject: (error: Error) => void;
}

/** The port that the sidecar listens on and declares; undefined while the two differ. */
export function sidecarPort({ spec }: Workload): number | undefined {
  const sidecar = spec.template.spec.containers.find(({ name }) => name === CSI_ADDONS_CONTAINER);
  const argument = sidecar?.args?.find((arg) => arg.startsWith(FLAG))?.slice(FLAG.length);
  const declared = sidecar?.ports?.[0]?.containerPort;
  return argument !== undefined && Number(argument) === declared ? declared : undefined;
}

export class PortWatch {
  readonly #agent: Agent;
  /** Of each workload, in their order. */
  readonly #sightings = new Map<string, Sighting[]>();
  readonly #waiting = new Map<string, Waiting>();
  #failure: Error | undefined;

  private constructor(ca: string) {
    this.#agent = new Agent({ ca });
  }

  /** Of all namespaces, from now on. */
  static async open(controlPlane: Watchable): Promise<PortWatch> {
    const watch = new PortWatch(controlPlane.ca);
    await Promise.all(['deployments', 'daemonsets'].map((plural) => watch.#follow(controlPlane, plural)));
    return watch;
  }

  /**
   * When each first showed its port. A reset that was written before the watch was opened is not seen: resetAt is then NaN.
   * @throws where one does not in time
   */
  async seen(targets: readonly Target[], timeoutMs: number): Promise<Fix[]> {
    const times = Promise.all(targets.map((target) => this.#next(target)));
    return within(timeoutMs, `${targets.length} workloads to have their ports`, times);
  }

  /** Whether it still sees anything: an API server that goes takes the watch with it. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  close(): void {
    this.#failure = new Error('the watch is closed');
    this.#agent.destroy();
  }

  #next(target: Target): Promise<Fix> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      const waiting = { ...target, resolve, reject };
      const key = `${target.namespace}/${target.name}`;
      if (!answer(waiting, this.#sightings.get(key) ?? [])) this.#waiting.set(key, waiting);
    });
  }

  async #follow({ server, adminToken, api }: Watchable, plural: string): Promise<void> {
    const path = `/apis/apps/v1/${plural}`;
    const { metadata } = await api.get(`${path}?limit=1`);
    const call = request(`${server}${path}?watch=true&resourceVersion=${metadata.resourceVersion!}`, {
      agent: this.#agent,
      headers: { authorization: `Bearer ${adminToken}`, 'user-agent': 'port-watch' },
    });
    call.on('error', (error) => this.#fail(error)).end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the watch of ${plural} is answered ${response.statusCode!}`);
    let pending = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const at = performance.now();
      const lines = (pending + chunk).split('\n');
      pending = lines.pop()!;
      for (const line of lines) this.#take(line, at);
    });
    response
      .on('error', (error) => this.#fail(error))
      .on('end', () => this.#fail(new Error(`${plural}: no more events`)));
  }

  #take(line: string, at: number): void {
    // What others write costs next to nothing.
    if (!line.includes(FLAG)) return;
    const workload = (JSON.parse(line) as { object: Workload }).object;
    const { namespace, name, resourceVersion } = workload.metadata;
    const key = `${namespace}/${name}`;
    const port = sidecarPort(workload);
    const sightings = this.#sightings.get(key) ?? [];
    if (sightings.at(-1)?.port === port) return;
    sightings.push({ port, version: Number(resourceVersion), at });
    this.#sightings.set(key, sightings);
    const waiting = this.#waiting.get(key);
    if (waiting && answer(waiting, sightings)) this.#waiting.delete(key);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** @returns whether there is an answer */
function answer({ port, after, resolve }: Waiting, sightings: readonly Sighting[]): boolean {
  const fix = sightings.find((sighting) => sighting.port === port && sighting.version > after);
  if (fix === undefined) return false;
  resolve({ resetAt: sightings.find(({ version }) => version === after)?.at ?? NaN, fixedAt: fix.at });
  return true;
}
