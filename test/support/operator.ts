/** The built operator as a process of its own, as a cluster runs it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { freePorts } from './control-plane/ports.js';
import { addWitness, dismissWitness, waitFor } from './control-plane/wait-for.js';
import { Scrape } from './scrape.js';

export interface OperatorOptions {
  /** Path of the kubeconfig that holds the operator's own credentials. */
  readonly kubeconfig: string;
  readonly watchNamespaces?: readonly string[];
  readonly args?: readonly string[];
  /** Of node itself. */
  readonly nodeArgs?: readonly string[];
  readonly podName?: string;
  /** What its servers listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Addresses {
  /** The host as a URL has it. */
  readonly at: string;
  readonly probePort: number;
  readonly metricsPort: number;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const BUNDLE = new URL('../../dist/main.js', import.meta.url).pathname;

export class Operator {
  /** performance.now() at the spawn. */
  readonly startedAt = performance.now();
  readonly log: LogLine[] = [];
  readonly #process: ChildProcess;
  readonly metricsPort: number;
  readonly #at: string;
  readonly #probePort: number;
  readonly #secrets: readonly string[];
  readonly #leaks: string[] = [];
  /** The end of the process and of its output: only then the log is complete. */
  readonly #closed: Promise<unknown>;

  private constructor(process: ChildProcess, { at, probePort, metricsPort }: Addresses, secrets: readonly string[]) {
    this.#process = process;
    this.#at = at;
    this.#probePort = probePort;
    this.metricsPort = metricsPort;
    this.#secrets = secrets;
    this.#closed = once(process, 'close');
    addWitness(this.#lastWords);
    createInterface({ input: process.stdout! }).on('line', (line) => this.#take(line, parse(line)));
    createInterface({ input: process.stderr! }).on('line', (line) => this.#take(line, { level: 'stderr', msg: line }));
  }

  static async start(options: OperatorOptions): Promise<Operator> {
    const [probePort, metricsPort] = (await freePorts(2)) as [number, number];
    const { host = '127.0.0.1' } = options;
    const at = host.includes(':') ? `[${host}]` : host;
    const args = [
      ...(options.nodeArgs ?? []),
      BUNDLE,
      `--health-probe-bind-address=${at}:${probePort}`,
      `--metrics-bind-address=${at}:${metricsPort}`,
      '--log-level=debug',
      ...(options.args ?? []),
    ];
    const env = {
      PATH: process.env.PATH,
      KUBECONFIG: options.kubeconfig,
      WATCH_NAMESPACE: (options.watchNamespaces ?? []).join(','),
      POD_NAME: options.podName ?? 'csi-port-operator-0',
      ...options.env,
    };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Operator(child, { at, probePort, metricsPort }, await tokensIn(options.kubeconfig));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get messages(): string[] {
    return this.log.map(({ msg }) => msg);
  }

  /** Waits until it has said this. */
  async waitForMessage(message: string, timeoutMs = 90_000): Promise<void> {
    await this.waitForLine(`the operator to say "${message}"`, ({ msg }) => msg === message, timeoutMs);
  }

  /**
   * The first line of which this is true. What is in the API server already, or was answered, may not have been said yet: the
   * log comes by a channel of its own.
   */
  async waitForLine(what: string, isIt: (line: LogLine) => boolean, timeoutMs = 90_000): Promise<LogLine> {
    return waitFor(what, () => Promise.resolve(this.log.find(isIt)), {
      timeoutMs,
      everyMs: 20,
      lastSeen: () => this.log.slice(-10),
    });
  }

  /** Resolves with the exit code when it has ended by itself and all that it said is in the log. */
  async ended(): Promise<number | null> {
    await waitFor('the operator to end by itself', () => Promise.resolve(!this.isRunning), {
      lastSeen: () => this.log.slice(-10),
    });
    return this.#end();
  }

  /** What ended it: its own exit code, or a signal; null while it runs. */
  get endedBy(): number | NodeJS.Signals | null {
    return this.#process.exitCode ?? this.#process.signalCode;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async probe(path: '/healthz' | '/readyz'): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://${this.#at}:${this.#probePort}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async scrape(): Promise<Scrape> {
    const response = await fetch(`http://${this.#at}:${this.metricsPort}/metrics`);
    if (response.status !== 200) throw new Error(`/metrics answers ${response.status}`);
    return new Scrape(await response.text());
  }

  /** How many reverts it has counted since its start, in all namespaces or in one. */
  async reverts(namespace?: string): Promise<number> {
    const scrape = await this.scrape();
    return scrape.sum('csiports_reverts_total', namespace === undefined ? {} : { namespace });
  }

  /** Waits until it has counted so many, which may be overtaken by more. */
  async waitForReverts(count: number, namespace?: string): Promise<void> {
    await waitFor(`${count} reverts`, async () => (await this.reverts(namespace)) >= count, {
      everyMs: 20,
      lastSeen: () => this.log.slice(-10),
    });
  }

  /** @throws at once where the process ends instead */
  async waitUntilReady(): Promise<void> {
    const ready = waitFor('the operator to be ready', async () => (await this.probe('/readyz')).status === 200, {
      lastSeen: () => this.log.slice(-10),
    });
    const ended = this.#closed.then(() => {
      throw new Error(`the operator ended: ${this.log.map(({ msg }) => msg).join('\n')}`);
    });
    await Promise.race([ready, ended]);
  }

  /** What an admin sees who does not debug: warnings, errors, and whatever is no log line. */
  get warnings(): LogLine[] {
    return this.log.filter(({ level }) => level !== 'debug' && level !== 'info');
  }

  /** Waits until that many tries to watch have failed, of one informer or of any; resolves with their log lines. */
  async waitForWatchFailures(count: number, informer?: string): Promise<LogLine[]> {
    return waitFor(
      `${count} failures to watch ${informer ?? ''}`,
      () => {
        const failures = this.log.filter((line) => line.msg === 'Watch failed');
        const lines = failures.filter((line) => informer === undefined || line.informer === informer);
        return Promise.resolve(lines.length >= count && lines);
      },
      { lastSeen: () => this.log.slice(-10) },
    );
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.isRunning) this.#process.kill('SIGTERM');
    return this.#end();
  }

  async kill(): Promise<void> {
    if (this.isRunning) this.#process.kill('SIGKILL');
    await this.#end();
  }

  async #end(): Promise<number | null> {
    await this.#closed;
    dismissWitness(this.#lastWords);
    if (this.#leaks.length > 0) throw new Error(`the log tells a secret: ${this.#leaks.join('\n')}`);
    return this.#process.exitCode;
  }

  readonly #lastWords = (): string => {
    const { exitCode, signalCode } = this.#process;
    const state = this.isRunning ? 'runs' : `has ended with ${exitCode ?? signalCode}`;
    const lines = this.log.slice(-6).map(({ msg, error, informer }) => JSON.stringify({ msg, error, informer }));
    return `the operator ${state}, and said last: ${lines.join(' ')}`;
  };

  #take(line: string, parsed: LogLine): void {
    this.log.push(parsed);
    if (/\bBearer\b/i.test(line) || this.#secrets.some((secret) => line.includes(secret))) this.#leaks.push(line);
  }
}

/** Whatever else it says, it is nothing that a log may show. */
async function tokensIn(kubeconfig: string): Promise<string[]> {
  const text = await readFile(kubeconfig, 'utf8').catch(() => '');
  return [...text.matchAll(/"?token"?: "?([\w.-]{8,})/g)].map(([, token]) => token!);
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 'stdout', msg: line };
  }
}
