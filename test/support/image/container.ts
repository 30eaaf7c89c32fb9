/** Runs the image without a container engine: its files as the root, its user, its entry point, nothing to write to. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../control-plane/wait-for.js';
import { readDockerfile, type Stage } from './dockerfile.js';
import { BASE_ENVIRONMENT, fillRootFolder } from './root-folder.js';

const ENTER = join(import.meta.dirname, 'enter.sh');
const NAMESPACES = ['--mount', '--pid', '--fork'];

/** What kubelet puts into each pod. */
export interface Account {
  readonly token: string;
  /** PEM. */
  readonly ca: string;
  readonly namespace: string;
}

export interface ContainerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In the place of the image's own. */
  readonly entrypoint?: readonly string[];
  /** UID:GID in the place of the image's own. */
  readonly user?: string;
}

/** Why an image cannot be run here, or undefined when it can. */
export async function namespaceProblem(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can change the root folder and the user of a process';
  try {
    const script = 'mount --make-rprivate / && setpriv --version && chroot --version';
    await promisify(execFile)('unshare', [...NAMESPACES, 'sh', '-c', script]);
    return undefined;
  } catch (error) {
    return `there are no namespaces to be had: ${(error as Error).message.trim()}`;
  }
}

export class Image {
  /** The folder that is the root of its containers. */
  readonly root: string;
  readonly stage: Stage;
  readonly #folder: string;

  private constructor(folder: string, stage: Stage) {
    this.#folder = folder;
    this.root = join(folder, 'root');
    this.stage = stage;
  }

  /** From the Dockerfile and dist/. */
  static async create(account: Account): Promise<Image> {
    const stages = readDockerfile();
    const image = new Image(await mkdtemp(join(tmpdir(), 'image-')), stages.at(-1)!);
    await chmod(image.#folder, 0o755);
    await mkdir(image.root);
    await fillRootFolder(image.root, stages);
    await mkdir(image.#account);
    await image.setAccount(account);
    return image;
  }

  /** Also under a container that runs: each file of the account is replaced as a whole, as kubelet does. */
  async setAccount({ token, ca, namespace }: Partial<Account>): Promise<void> {
    for (const [name, content] of Object.entries({ token, 'ca.crt': ca, namespace })) {
      if (content === undefined) continue;
      const file = join(this.#account, name);
      await writeFile(`${file}.new`, content);
      await rename(`${file}.new`, file);
    }
  }

  get #account(): string {
    return join(this.#folder, 'serviceaccount');
  }

  start({ args = [], env = {}, entrypoint, user }: ContainerOptions = {}): Container {
    const { stage } = this;
    const program = [...(entrypoint ?? stage.entrypoint), ...args];
    const command = ['sh', ENTER, this.root, this.#account, user ?? stage.last('USER')!, ...program];
    return new Container(
      spawn('unshare', [...NAMESPACES, ...command], {
        env: { ...BASE_ENVIRONMENT, ...stage.pairs('ENV'), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

export class Container {
  stdout = '';
  stderr = '';
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#ended = once(process, 'close').then(([code]) => code as number | null);
  }

  /** Its exit code. */
  end(): Promise<number | null> {
    return this.#ended;
  }

  async waitUntilServing(url: string): Promise<void> {
    const serving = waitFor(`${url} to answer 200`, async () => (await fetch(url)).ok, {
      lastSeen: () => this.stdout.slice(-2000) + this.stderr,
    });
    const ended = this.#ended.then((code) => {
      throw new Error(`it ended with ${code ?? 'a signal'}: ${this.stdout}${this.stderr}`);
    });
    await Promise.race([serving, ended]);
  }

  /** The process inside, as the host numbers it; within its namespace it is number 1. */
  async pid(): Promise<number> {
    const { pid } = this.#process;
    return waitFor('the process to be there', async () =>
      Number(await readFile(`/proc/${pid!}/task/${pid!}/children`, 'utf8')),
    );
  }

  /** A file of the process's folder in /proc. */
  async status(file: string): Promise<string> {
    return readFile(`/proc/${await this.pid()}/${file}`, 'utf8');
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(), signal);
  }

  /** Ends it in any case, at once. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    const running = exitCode === null && signalCode === null;
    if (running) await Promise.race([this.#ended, this.signal('SIGKILL')]);
    await this.#ended;
  }
}
