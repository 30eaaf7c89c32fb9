/** The operator as its image and its Deployment run it: what it knows of the API server is what a pod is given. */
import { onTestFinished } from 'vitest';
import type { Cluster } from '../cluster.js';
import { freePorts } from '../control-plane/ports.js';
import { waitFor } from '../control-plane/wait-for.js';
import type { LogLine } from '../operator.js';
import { Image, type Account, type Container } from './container.js';
import { podEnvironment } from './pod-environment.js';
import { OPERATOR_NAMESPACE } from '../operator-account.js';

export interface PodOptions {
  /** Default: one that is valid for a day. */
  readonly token?: string;
  /** What its servers listen on; default 127.0.0.1. */
  readonly host?: string;
}

export class Pod {
  readonly container: Container;
  readonly probes: string;
  readonly metrics: string;
  readonly #image: Image;

  private constructor(image: Image, container: Container, urls: { probes: string; metrics: string }) {
    this.#image = image;
    this.container = container;
    this.probes = urls.probes;
    this.metrics = urls.metrics;
  }

  /** Until the test ends. Back when it is ready. */
  static async start({ controlPlane }: Cluster, { token, host = '127.0.0.1' }: PodOptions = {}): Promise<Pod> {
    const account = {
      token: token ?? (await controlPlane.serviceAccountToken(OPERATOR_NAMESPACE, 'csi-port-operator')),
      ca: controlPlane.ca,
      namespace: OPERATOR_NAMESPACE,
    };
    const image = await Image.create(account);
    const at = host.includes(':') ? `[${host}]` : host;
    const [probes, metrics] = (await freePorts(2)).map((port) => `${at}:${port}`) as [string, string];
    const container = image.start({
      args: [`--health-probe-bind-address=${probes}`, `--metrics-bind-address=${metrics}`, '--log-level=debug'],
      env: await podEnvironment(controlPlane.server, OPERATOR_NAMESPACE),
    });
    onTestFinished(async () => {
      await container.kill();
      await image.remove();
    });
    await container.waitUntilServing(`http://${probes}/readyz`);
    return new Pod(image, container, { probes: `http://${probes}`, metrics: `http://${metrics}/metrics` });
  }

  get log(): LogLine[] {
    const lines = this.container.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  async setAccount(account: Partial<Account>): Promise<void> {
    await this.#image.setAccount(account);
  }

  async waitForLine(what: string, isIt: (line: LogLine) => boolean, from = 0): Promise<void> {
    await waitFor(what, () => Promise.resolve(this.log.slice(from).some(isIt)), {
      lastSeen: () => this.log.slice(-10),
    });
  }

  async isHealthy(): Promise<boolean> {
    return (await fetch(`${this.probes}/healthz`)).ok;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.container.signal('SIGTERM');
    return this.container.end();
  }
}
