/** toxiproxy: TCP connections that break as networks break them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../control-plane/ports.js';
import { waitFor } from '../control-plane/wait-for.js';
import { Watchdog } from '../control-plane/watchdog.js';
import { tool } from '../tools/tools.js';

/** As toxiproxy's API takes it: https://github.com/Shopify/toxiproxy#toxics */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data';
  /** Towards the operator (downstream, the default) or towards the API server. */
  readonly stream?: 'downstream' | 'upstream';
  readonly attributes: Readonly<Record<string, number>>;
}

export class Toxiproxy {
  readonly #process: ChildProcess;
  readonly #api: string;
  readonly #watchdog: Watchdog;

  private constructor(process: ChildProcess, api: string, watchdog: Watchdog) {
    this.#process = process;
    this.#api = api;
    this.#watchdog = watchdog;
  }

  /** @throws Error where it is not built and cannot be */
  static async start(): Promise<Toxiproxy> {
    const program = await tool('toxiproxy');
    const [port] = (await freePorts(1)) as [number];
    const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
    const watchdog = new Watchdog(await mkdtemp(join(tmpdir(), 'toxiproxy-')));
    watchdog.add(child.pid!);
    const toxiproxy = new Toxiproxy(child, `http://127.0.0.1:${port}`, watchdog);
    await waitFor('toxiproxy to serve', async () => (await fetch(`${toxiproxy.#api}/version`)).ok);
    return toxiproxy;
  }

  /** A proxy to an address such as 127.0.0.1:6443. */
  async proxyTo(upstream: string): Promise<Proxy> {
    const [port] = (await freePorts(1)) as [number];
    const name = `proxy-${port}`;
    await this.#call('/proxies', { name, listen: `127.0.0.1:${port}`, upstream, enabled: true });
    return new Proxy(port, (path, body) => this.#call(`/proxies/${name}${path}`, body));
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    this.#watchdog.remove(this.#process.pid!);
    await this.#watchdog.finish();
  }

  /** POST, or DELETE where there is no body. */
  async #call(path: string, body: object | undefined): Promise<void> {
    const request = body === undefined ? { method: 'DELETE' } : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${this.#api}${path}`, request);
    if (!response.ok) throw new Error(`toxiproxy answers ${response.status}: ${await response.text()}`);
  }
}

export class Proxy {
  readonly port: number;
  readonly #call: (path: string, body: object | undefined) => Promise<void>;

  constructor(port: number, call: (path: string, body: object | undefined) => Promise<void>) {
    this.port = port;
    this.#call = call;
  }

  /** From now on, for what passes on old connections and on new ones. */
  add({ type, stream = 'downstream', attributes }: Toxic): Promise<void> {
    return this.#call('/toxics', { name: `${type}_${stream}`, type, stream, toxicity: 1, attributes });
  }

  remove({ type, stream = 'downstream' }: Toxic): Promise<void> {
    return this.#call(`/toxics/${type}_${stream}`, undefined);
  }

  /** Ends every connection and rejects new ones. */
  reject(): Promise<void> {
    return this.#call('', { enabled: false });
  }

  accept(): Promise<void> {
    return this.#call('', { enabled: true });
  }
}
