/** A program as a pod's process, with in-cluster credentials or a kubeconfig: launched, started, and stopped. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from '../image/operator-command.js';
import { within } from './within.js';

const LAUNCH = join(import.meta.dirname, 'launch.sh');
const STOP_TIMEOUT_MS = 15_000;

/** Where the program finds the API server: in the files of a pod's ServiceAccount, or in a kubeconfig. */
export type Credentials = { readonly account: string } | { readonly kubeconfig: string };

/** Why no process can have in-cluster credentials here, or undefined where it can. */
export async function inClusterProblem(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can mount the files of a ServiceAccount';
  try {
    await promisify(execFile)('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'run', '/run']);
    return undefined;
  } catch (error) {
    return `there is no mount namespace to be had: ${(error as Error).message.trim()}`;
  }
}

export class Program {
  readonly #process: ChildProcess;
  readonly #log: string;
  /** With its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Its file. */
  readonly executable: string;

  private constructor(process: ChildProcess, executable: string, log: string) {
    this.#process = process;
    this.executable = executable;
    this.#log = log;
    this.ended = once(process, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  }

  /**
   * Back when nothing but start() is missing.
   * @param log the file that its output is appended to
   */
  static async launch({ program, env }: Command, credentials: Credentials, log: string): Promise<Program> {
    const output = openSync(log, 'a');
    const [account, variables] =
      'account' in credentials ? [credentials.account, {}] : ['', { KUBECONFIG: credentials.kubeconfig }];
    const namespace = account === '' ? [] : ['unshare', '--mount'];
    // Each replaces the one before, so all the way it is one process, which dies with this one.
    const [first, ...rest] = [...namespace, 'setpriv', '--pdeathsig', 'KILL', 'sh', LAUNCH, account, ...program];
    const child = spawn(first!, rest, {
      env: { PATH: process.env.PATH, ...env, ...variables },
      stdio: ['pipe', output, output, 'pipe'],
    });
    closeSync(output);
    const launched = new Program(child, program[0]!, log);
    await launched.#unlessEnded(once(child.stdio[3]!, 'data'), 'to be launched');
    return launched;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Answers the time of the start, by performance.now(). */
  start(): number {
    const startedAt = performance.now();
    this.#process.stdin!.end('\n');
    return startedAt;
  }

  /** SIGTERM; answers the milliseconds up to its exit. @throws Error where it has to be killed, or had ended before */
  async stop(): Promise<number> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw this.#failure('had ended before');
    const exited = once(this.#process, 'exit');
    const told = performance.now();
    this.#process.kill('SIGTERM');
    try {
      await within(STOP_TIMEOUT_MS, 'the program to end', exited);
      return performance.now() - told;
    } finally {
      this.#process.kill('SIGKILL');
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it, whatever its state. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Waits for something that the program does. @throws where it ends instead, with the end of its log */
  async #unlessEnded<T>(work: Promise<T>, what: string): Promise<T> {
    const ended = once(this.#process, 'exit').then(() => {
      throw this.#failure(`ended instead ${what}`);
    });
    return within(STOP_TIMEOUT_MS, `the program ${what}`, Promise.race([work, ended]));
  }

  #failure(lastError: string): Error {
    const tail = readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
    return new Error(`the program ${lastError}. The end of its log:\n${tail}`);
  }
}
