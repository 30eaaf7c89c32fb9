/** One node: a kubelet and containerd in network, mount and PID namespaces of their own. Its death is that of its first process. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../control-plane/wait-for.js';
import { NAMESPACES } from './in-namespaces.js';
import { connectNode, disconnectNode, GATEWAY, nodeAddress, podSubnet } from './network.js';
import { cniConfig, cniFolder, containerdConfig, kubeletConfig, type NodeSettings } from './node-config.js';
import type { NodePrograms } from './programs.js';

export interface RealNodeOptions {
  /** 1 to 9, of `total`. */
  readonly number: number;
  readonly total: number;
  readonly programs: NodePrograms;
  /** Docker archives. */
  readonly images: readonly string[];
  readonly kubeconfig: string;
  /** Of the whole run. */
  readonly folder: string;
  /** Of the whole run, below each controller's root. */
  readonly cgroup: string;
}

/** Of cgroup v1. */
const CGROUPS = '/sys/fs/cgroup';

export function nodeName(number: number): string {
  return `node-${number}`;
}

export class RealNode {
  readonly name: string;
  readonly address: string;
  readonly cgroup: string;
  readonly #options: RealNodeOptions;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(options: RealNodeOptions) {
    this.#options = options;
    this.name = nodeName(options.number);
    this.address = nodeAddress(options.number);
    this.cgroup = `${options.cgroup}/${this.name}`;
    this.#folder = join(options.folder, this.name);
  }

  /** False before its start and after its death. */
  get isOn(): boolean {
    return this.#process !== undefined;
  }

  /** Switches it on; after a kill, with what is on its disk. Back when it has a network; its kubelet joins later. */
  async start(): Promise<void> {
    await this.#writeConfig();
    const log = openSync(this.#logFile, 'a');
    const script = join(import.meta.dirname, 'node.sh');
    this.#process = spawn('unshare', [...NAMESPACES, script], {
      env: await this.#environment(),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#process.once('exit', () => {
      this.#process = undefined;
    });
    await connectNode(this.#options.number, await this.#firstProcess());
  }

  /** SIGKILL to all that runs on it, as if the power failed. Back when it is gone. */
  async kill(): Promise<void> {
    const first = await this.#firstProcess();
    const ended = once(this.#process!, 'exit');
    process.kill(first, 'SIGKILL');
    await ended;
    await disconnectNode(this.#options.number);
  }

  /** Runs a program in the node's namespaces, as root; resolves with what it printed. */
  async run(program: string, ...args: string[]): Promise<string> {
    const enter = await this.#enter(program, ...args);
    return (await promisify(execFile)('nsenter', enter, { env: { PATH: this.#path } })).stdout;
  }

  /** Starts a program beside the pods, which ends with the node at the latest. */
  async spawn(program: string, ...args: string[]): Promise<ChildProcess> {
    return spawn('nsenter', await this.#enter(program, ...args), { env: { PATH: this.#path } });
  }

  async #enter(...command: readonly string[]): Promise<string[]> {
    return ['--target', String(await this.#firstProcess()), '--net', '--mount', '--pid', '--', ...command];
  }

  /** Path of a file of a cgroup below the node's. */
  cgroupFile(controller: string, ...path: string[]): string {
    return join(CGROUPS, controller, this.cgroup, ...path);
  }

  /** What its daemons have logged last. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
  }

  get #logFile(): string {
    return join(this.#folder, 'node.log');
  }

  /** As the namespace of the tests numbers it. @throws where the node is off, or has ended by itself */
  async #firstProcess(): Promise<number> {
    if (this.#process === undefined) throw new Error(`${this.name} is off. The end of its log:\n${this.log()}`);
    const pid = String(this.#process.pid);
    return waitFor(
      `the first process of ${this.name}`,
      async () => Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')),
      { lastSeen: () => this.log() },
    );
  }

  async #writeConfig(): Promise<void> {
    const { number, programs } = this.#options;
    const settings: NodeSettings = {
      folder: this.#folder,
      programs,
      address: this.address,
      podSubnet: podSubnet(number),
      cgroup: this.cgroup,
    };
    await mkdir(cniFolder(this.#folder), { recursive: true });
    await writeFile(join(this.#folder, 'containerd.toml'), containerdConfig(settings));
    await writeFile(join(cniFolder(this.#folder), 'pods.conflist'), JSON.stringify(cniConfig(settings)));
    // JSON is YAML.
    await writeFile(join(this.#folder, 'kubelet.yaml'), JSON.stringify(kubeletConfig(settings)));
  }

  /** With its own programs. */
  get #path(): string {
    const { containerd, kubelet } = this.#options.programs;
    return [dirname(containerd), dirname(kubelet), process.env.PATH].join(':');
  }

  async #environment(): Promise<NodeJS.ProcessEnv> {
    const { number, total, programs, images, kubeconfig, folder } = this.#options;
    const others = Array.from({ length: total }, (_, index) => index + 1).filter((other) => other !== number);
    const { containerd, kubelet, runc, cniPlugins } = programs;
    const folders = [...[containerd, kubelet, runc].map(dirname), cniPlugins];
    return {
      PATH: this.#path,
      NAME: this.name,
      ADDRESS: this.address,
      GATEWAY,
      POD_ROUTES: others.map((other) => `${podSubnet(other)} ${nodeAddress(other)}`).join('\n'),
      FOLDER: this.#folder,
      PROGRAMS: [...new Set(folders)].join('\n'),
      SHARED: folder,
      KUBECONFIG: kubeconfig,
      IMAGES: images.join('\n'),
      CGROUP: this.cgroup,
      CGROUP_CONTROLLERS: (await controllers()).join('\n'),
    };
  }
}

/** Of cgroup v1. Some have a second name, which is a link. */
async function controllers(): Promise<string[]> {
  const entries = await readdir(CGROUPS, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && entry.name !== 'unified').map(({ name }) => name);
}
