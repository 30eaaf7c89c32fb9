import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdminApi } from './admin-api.js';
import type { Binaries, BinaryName } from './binaries.js';
import * as commandLines from './command-lines.js';
import { Component, PortClashError, untilServing } from './component.js';
import { type Tokens, writeKubeconfig } from './credentials.js';
import { createNodes, nodesAreSchedulable } from './nodes.js';
import { isListening } from './ports.js';
import { Watchdog } from './watchdog.js';

const API_SERVER_ATTEMPTS = 5;

export interface ProcessesOptions {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly ports: commandLines.Ports;
  readonly tokens: Tokens;
  readonly features: commandLines.ApiServerFeatures;
}

/** PEM; self-signed, so it is its own authority. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The processes of one control plane, in the order they need each other. None outlives this process. */
export class Processes {
  readonly #directory: string;
  readonly #binaries: Binaries;
  readonly #ports: commandLines.Ports;
  readonly #tokens: Tokens;
  readonly #features: commandLines.ApiServerFeatures;
  readonly #watchdog: Watchdog;
  readonly #components = new Map<BinaryName, Component>();

  /** `directory` goes with them. */
  constructor({ directory, binaries, ports, tokens, features }: ProcessesOptions) {
    this.#directory = directory;
    this.#binaries = binaries;
    this.#ports = ports;
    this.#tokens = tokens;
    this.#features = features;
    this.#watchdog = new Watchdog(directory);
  }

  get server(): string {
    const { host } = this.#features;
    return `https://${host.includes(':') ? `[${host}]` : host}:${this.#ports.apiServer}`;
  }

  async startEtcd(): Promise<void> {
    const etcd = this.#run('etcd', commandLines.etcdArgs(this.#directory, this.#ports));
    await untilServing([etcd], () => isListening(this.#ports.etcdClient));
  }

  /** Back when requests of every kind are served. Answers the PEM of the authority its certificate is to be checked with. */
  async startApiServer(): Promise<string> {
    const args = commandLines.apiServerArgs(this.#directory, this.#ports, this.#features);
    const apiServer = this.#run('kube-apiserver', args);
    await untilServing([apiServer], () => isListening(this.#ports.apiServer, this.#features.host));
    const ca = await readFile(join(this.#certificates, 'apiserver.crt'), 'utf8');
    const api = new AdminApi(this.server, ca, this.#tokens.admin);
    try {
      // Ready implies that the default RBAC roles are there; the first namespaces come a moment later.
      await untilServing([apiServer], async () => (await api.getText('/readyz')) === 'ok');
      await untilServing(
        [apiServer],
        async () => (await api.get('/api/v1/namespaces/default')).metadata.name === 'default',
      );
    } finally {
      api.close();
    }
    return ca;
  }

  async killApiServer(): Promise<void> {
    await this.#components.get('kube-apiserver')?.kill();
  }

  /** On the port it had: only a server that was started meanwhile can hold that. */
  async restartApiServer(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.startApiServer();
      } catch (error) {
        if (!(error instanceof PortClashError) || attempt === API_SERVER_ATTEMPTS) throw error;
      }
    }
  }

  /** What etcd holds now. Under an API server that goes on: it waits for etcd to come back. */
  async copyData(folder: string): Promise<void> {
    await this.#components.get('etcd')?.kill();
    await cp(this.#data, folder, { recursive: true });
    await this.startEtcd();
  }

  /** As an admin restores a backup: no API server runs meanwhile. Back when etcd has the data of `folder`. */
  async replaceData(folder: string): Promise<void> {
    await this.killApiServer();
    await this.#components.get('etcd')?.kill();
    await rm(this.#data, { recursive: true });
    await cp(folder, this.#data, { recursive: true });
    await this.startEtcd();
  }

  /** For the next start of the API server. */
  async replaceCertificate({ cert, key }: ServingCertificate): Promise<void> {
    await writeFile(join(this.#certificates, 'apiserver.crt'), cert);
    await writeFile(join(this.#certificates, 'apiserver.key'), key);
  }

  get #data(): string {
    return join(this.#directory, 'etcd');
  }

  get #certificates(): string {
    return join(this.#directory, 'certificates');
  }

  /**
   * Controllers and scheduler, and nodes that kwok plays unless kubelets join. Back when pods can be placed on each of
   * kwok's nodes.
   */
  async startScheduling(api: AdminApi, ca: string, nodes: number): Promise<void> {
    const { kubelets } = this.#features;
    const scheduler = await this.#kubeconfig('kube-scheduler', ca, this.#tokens.scheduler);
    const kubeconfig = await this.#kubeconfig('kube-controller-manager', ca, this.#tokens.controllerManager);
    const managerArgs = commandLines.controllerManagerArgs(this.#directory, { kubeconfig, kubelets });
    const components = [
      this.#run('kube-scheduler', commandLines.schedulerArgs(scheduler)),
      this.#run('kube-controller-manager', managerArgs),
    ] as const;
    if (kubelets) return;
    const kwok = this.#run('kwok', commandLines.kwokArgs(await this.#kubeconfig('kwok', ca, this.#tokens.kwok)));
    await createNodes(api, nodes);
    await untilServing([kwok, ...components], () => nodesAreSchedulable(api));
  }

  #kubeconfig(name: BinaryName, ca: string, token: string): Promise<string> {
    return writeKubeconfig(join(this.#directory, `${name}.kubeconfig`), { server: this.server, ca, token });
  }

  /** Kills them all and removes the folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.#components.values()].map((component) => component.kill()));
    await this.#watchdog.finish();
  }

  #run(name: BinaryName, args: string[]): Component {
    const log = join(this.#directory, `${name}.log`);
    const component = new Component(this.#binaries.path(name), args, log, this.#watchdog);
    this.#components.set(name, component);
    return component;
  }
}
