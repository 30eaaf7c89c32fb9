import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminApi } from './admin-api.js';
import { AuditLog } from './audit-log.js';
import { type Binaries, provideBinaries } from './binaries.js';
import { auditLogFile, type ApiServerFeatures } from './command-lines.js';
import { PortClashError } from './component.js';
import { type Access, createTokens, type Tokens, writeCredentials, writeKubeconfig } from './credentials.js';
import { freePorts } from './ports.js';
import { Processes, type ServingCertificate } from './processes.js';
import { run } from './run.js';
import { waitFor } from './wait-for.js';

export interface ControlPlaneOptions {
  /** Default 3. With 0 there are only etcd and the API server: no controllers, no scheduler. */
  nodes?: number;
  /** Whether `audit` has the requests. Default false. */
  audit?: boolean;
  /** Whether the API server streams lists. Default true. */
  streamedLists?: boolean;
  /** What the API server is reached at: 127.0.0.1, the default, ::1, or an address that kubelets reach. */
  host?: string;
  /** Nodes whose kubelets join at `host`, in the place of kwok's nodes; see kubeletKubeconfig(). */
  kubelets?: readonly string[];
}

/** What a start ends with. */
interface Started {
  directory: string;
  access: Access;
  api: AdminApi;
  adminKubeconfig: string;
  kubectlPath: string;
  schedules: boolean;
  features: ApiServerFeatures;
  processes: Processes;
  tokens: Tokens;
}

/** Where pods look for the API server: that of the Service `kubernetes`. */
const SERVICE_PORT = 443;
const START_ATTEMPTS = 5;
const TOKEN_SECONDS = 24 * 3600;

/** A real Kubernetes control plane on loopback, or on an address for kubelets, in processes and a temporary folder that do not outlive this process. */
export class ControlPlane {
  readonly directory: string;
  /** https://127.0.0.1:PORT, or https://[::1]:PORT */
  readonly server: string;
  readonly adminToken: string;
  /** The path of a kubeconfig. */
  readonly adminKubeconfig: string;
  readonly kubectlPath: string;
  readonly api: AdminApi;
  readonly audit: AuditLog;
  /** Whether pods get created, scheduled and run: not without nodes, nor with the programs of an envtest archive alone. */
  readonly schedules: boolean;
  readonly #processes: Processes;
  readonly #tokens: Tokens;
  #ca: string;
  #kubeconfigs = 0;
  #backups = 0;

  private constructor(started: Started) {
    this.directory = started.directory;
    this.server = started.access.server;
    this.#ca = started.access.ca;
    this.adminToken = started.access.token;
    this.adminKubeconfig = started.adminKubeconfig;
    this.kubectlPath = started.kubectlPath;
    this.api = started.api;
    this.audit = new AuditLog(started.features.audit ? auditLogFile(started.directory) : undefined);
    this.schedules = started.schedules;
    this.#processes = started.processes;
    this.#tokens = started.tokens;
  }

  /** PEM. */
  get ca(): string {
    return this.#ca;
  }

  /** Back when workloads can be created and, if it `schedules`, run. */
  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const binaries = await provideBinaries((line) => console.error(line));
    for (let attempt = 1; ; attempt++) {
      try {
        return new ControlPlane(await boot(binaries, options));
      } catch (error) {
        if (!(error instanceof PortClashError) || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /** Runs kubectl, as the administrator unless a kubeconfig is given, and answers its output. */
  async kubectl(args: string[], options: { stdin?: string; kubeconfig?: string } = {}): Promise<string> {
    const env = {
      PATH: process.env.PATH,
      HOME: this.directory,
      KUBECONFIG: options.kubeconfig ?? this.adminKubeconfig,
    };
    return (await run(this.kubectlPath, args, { env, stdin: options.stdin })).stdout;
  }

  /** A token of an existing ServiceAccount, from the TokenRequest API; valid for a day. */
  async serviceAccountToken(namespace: string, name: string): Promise<string> {
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
      status: { token: '' },
    };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { status } = await this.api.create(path, request);
    return status.token;
  }

  /** The path of a kubeconfig with such a token; each has one of its own. */
  async serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    const token = await this.serviceAccountToken(namespace, name);
    this.#kubeconfigs += 1;
    const file = join(this.directory, `serviceaccount-${namespace}-${name}-${this.#kubeconfigs}.kubeconfig`);
    return writeKubeconfig(file, { server: this.server, ca: this.ca, token });
  }

  /** The path of a kubeconfig for the kubelet of a node in `kubelets`. */
  async kubeletKubeconfig(node: string): Promise<string> {
    const file = join(this.directory, `kubelet-${node}.kubeconfig`);
    return writeKubeconfig(file, { server: this.server, ca: this.ca, token: this.#tokens.kubelets[node]! });
  }

  /** SIGKILL: no goodbye to open connections. Back when the process is gone. */
  async killApiServer(): Promise<void> {
    await this.#processes.killApiServer();
  }

  /** On the same port, with the same certificate and data. Back when it is ready. */
  async startApiServer(): Promise<void> {
    await this.#processes.restartApiServer();
  }

  /** The same after a kill, with another certificate, which is its own authority. The components trust the first. */
  async startApiServerWith(certificate: ServingCertificate): Promise<void> {
    await this.#processes.replaceCertificate(certificate);
    this.#ca = await this.#processes.restartApiServer();
    this.api.trust(this.#ca);
    await writeKubeconfig(this.adminKubeconfig, { server: this.server, ca: this.#ca, token: this.adminToken });
  }

  /** A copy of all that is stored, for restoreData. etcd is away for a moment; the API server runs on. */
  async backUpData(): Promise<string> {
    this.#backups += 1;
    const folder = join(this.directory, `backup-${this.#backups}`);
    await this.#processes.copyData(folder);
    await waitFor('the API server to reach etcd again', () => this.api.get('/api/v1/namespaces/default'));
    return folder;
  }

  /**
   * Kills the API server and puts the stored data back to a backup: whatever came later is gone, and resource versions go
   * back with it. startApiServer() ends the outage.
   */
  async restoreData(backup: string): Promise<void> {
    await this.#processes.replaceData(backup);
  }

  /** Kills every process and removes the folder. May be called twice. */
  async stop(): Promise<void> {
    this.api.close();
    await this.#processes.stop();
  }
}

async function boot(
  binaries: Binaries,
  { nodes = 3, audit = false, streamedLists = true, host = '127.0.0.1', kubelets = [] }: ControlPlaneOptions,
): Promise<Started> {
  const features = { host, audit, streamedLists, kubelets: kubelets.length > 0 };
  const [etcdClient, etcdPeer, freePort] = (await freePorts(3)) as [number, number, number];
  const apiServer = features.kubelets ? SERVICE_PORT : freePort;
  const directory = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const tokens = createTokens(kubelets);
  const ports = { etcdClient, etcdPeer, apiServer };
  const processes = new Processes({ directory, binaries, ports, tokens, features });
  try {
    await writeCredentials(directory, tokens);
    await processes.startEtcd();
    const ca = await processes.startApiServer();
    const access = { server: processes.server, ca, token: tokens.admin };
    const api = new AdminApi(access.server, ca, tokens.admin);
    const schedules = binaries.complete && nodes > 0;
    if (schedules) await processes.startScheduling(api, ca, nodes);
    const adminKubeconfig = await writeKubeconfig(join(directory, 'admin.kubeconfig'), access);
    const kubectlPath = binaries.path('kubectl');
    return { directory, access, api, adminKubeconfig, kubectlPath, schedules, features, processes, tokens };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}
