/** Sees, as an outside observer on the API server, when each workload gets its port. */
import { projectDaemonSet, projectDeployment } from '../src/kube/projections.js';
import { currentPort } from '../src/domain/sidecar-port.js';
import { Transport } from '../src/kube/transport.js';
import { watchEvents } from '../src/kube/watch-events.js';
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';

const NEVER_IDLE_MS = 2 ** 30;

interface Sighting {
  readonly name: string;
  readonly port: number;
  /** performance.now() */
  readonly at: number;
}

export class PortWatch {
  readonly #stop = new AbortController();
  readonly #transport: Transport;
  readonly #namespace: string;
  readonly #last = new Map<string, number>();
  #wanted: { name: string; port: number; resolve: (at: number) => void }[] = [];

  private constructor(transport: Transport, namespace: string) {
    this.#transport = transport;
    this.#namespace = namespace;
  }

  static async open({ server, ca, adminToken }: ControlPlane, namespace: string): Promise<PortWatch> {
    const request = { headers: { Authorization: `Bearer ${adminToken}` }, trust: { ca } };
    const transport = new Transport(
      {
        server: new URL(server),
        forRequest: () => Promise.resolve(request),
        refused: () => undefined,
      },
      { userAgent: 'bench' },
    );
    const watch = new PortWatch(transport, namespace);
    await Promise.all([watch.#follow('deployments', projectDeployment), watch.#follow('daemonsets', projectDaemonSet)]);
    return watch;
  }

  /** Resolves with the time at which the workload next comes to this port from another one. */
  next(name: string, port: number): Promise<number> {
    return new Promise((resolve) => this.#wanted.push({ name, port, resolve }));
  }

  close(): void {
    this.#stop.abort();
    this.#transport.close();
  }

  async #follow(plural: string, project: typeof projectDeployment): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${this.#namespace}/${plural}`;
    const stream = await this.#transport.watch(path, { watch: 'true', resourceVersion: '0' }, this.#stop.signal);
    const read = async (): Promise<void> => {
      for await (const event of watchEvents(stream, NEVER_IDLE_MS)) {
        if (event.type === 'ERROR')
          throw new Error(`the watch of the benchmark failed: ${JSON.stringify(event.status)}`);
        const { name, sidecar } = project(event.object);
        const port = sidecar === undefined ? undefined : currentPort(sidecar);
        if (port !== undefined) this.#see({ name, port, at: performance.now() });
      }
    };
    read().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  #see({ name, port, at }: Sighting): void {
    const moved = this.#last.get(name) !== port;
    this.#last.set(name, port);
    if (!moved) return;
    for (const { resolve } of this.#wanted.filter((want) => want.name === name && want.port === port)) resolve(at);
    this.#wanted = this.#wanted.filter((want) => want.name !== name || want.port !== port);
  }
}
