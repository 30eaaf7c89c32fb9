/** A real Prometheus on loopback with the alerts of config/prometheus, as a process that does not outlive this one. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Component, PortClashError, untilServing } from '../control-plane/component.js';
import { freePorts } from '../control-plane/ports.js';
import { Watchdog } from '../control-plane/watchdog.js';
import { tool } from '../tools/tools.js';
import { RULE_FILE } from './rules.js';

export interface ScrapeTarget {
  readonly port: number;
  /** As the PodMonitor gives them: namespace and pod. */
  readonly labels: Readonly<Record<string, string>>;
}

export type Series = Readonly<Record<string, string>>;

export interface InstantSample {
  readonly metric: Series;
  readonly value: number;
}

export interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Series;
  readonly annotations: { readonly summary: string; readonly description: string };
}

type Answer<T> =
  { readonly status: 'success'; readonly data: T } | { readonly status: 'error'; readonly error: string };

const START_ATTEMPTS = 5;

export class Prometheus {
  readonly #url: string;
  readonly #component: Component;
  readonly #watchdog: Watchdog;

  private constructor(url: string, component: Component, watchdog: Watchdog) {
    this.#url = url;
    this.#component = component;
    this.#watchdog = watchdog;
  }

  /** Scrapes the targets every second, and looks at the alerts as often. */
  static async start(targets: readonly ScrapeTarget[]): Promise<Prometheus> {
    const program = await tool('prometheus');
    for (let attempt = 1; ; attempt++) {
      try {
        return await boot(program, targets, (url, component, watchdog) => new Prometheus(url, component, watchdog));
      } catch (error) {
        if (!(error instanceof PortClashError) || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /** What an expression is now. @throws with what Prometheus has to say against it */
  async query(expr: string): Promise<InstantSample[]> {
    const { result } = await this.#get<{ result: { metric: Series; value: [number, string] }[] }>('query', {
      query: expr,
    });
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }

  /** Those that are pending or firing. */
  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#get<{ alerts: ActiveAlert[] }>('alerts', {})).alerts;
  }

  async stop(): Promise<void> {
    await this.#component.kill();
    await this.#watchdog.finish();
  }

  async #get<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as Answer<T>;
    if (answer.status === 'error') throw new Error(`${parameters.query ?? path}: ${answer.error}`);
    return answer.data;
  }
}

async function boot<T>(
  program: string,
  targets: readonly ScrapeTarget[],
  whenServing: (url: string, component: Component, watchdog: Watchdog) => T,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const watchdog = new Watchdog(folder);
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'rules.yaml'), JSON.stringify(RULE_FILE));
  await writeFile(join(folder, 'prometheus.yaml'), JSON.stringify(configuration(targets)));
  const args = [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const component = new Component(program, args, join(folder, 'prometheus.log'), watchdog);
  try {
    await untilServing([component], async () => (await fetch(`${url}/-/ready`)).ok);
  } catch (error) {
    await component.kill();
    await watchdog.finish();
    throw error;
  }
  return whenServing(url, component, watchdog);
}

/** JSON is YAML. */
function configuration(targets: readonly ScrapeTarget[]): object {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'csi-port-operator',
        honor_labels: true,
        static_configs: targets.map(({ port, labels }) => ({ targets: [`127.0.0.1:${port}`], labels })),
      },
    ],
  };
}
