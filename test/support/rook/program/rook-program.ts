/**
 * A Rook operator in legacy mode, as far as its CSI workloads go: a program that does to the API server what Rook was
 * seen to do, request by request (docs/maintainer/rook.md, When it writes and How it reads a key). It has no Ceph and makes nothing
 * else. What a CephCluster triggers is left out: that is one more pass, on Rook's very first start.
 */
import { waitFor } from '../../control-plane/wait-for.js';
import { ROOK_OPERATOR_CONFIG } from '../names.js';
import type { RookVersion } from '../release.js';
import { KubeClient } from './kube-client.js';
import { OperatorRun, type OperatorRunOptions } from './operator-run.js';

export type RookProgramOptions = Omit<OperatorRunOptions, 'log'>;

export class RookProgram {
  /** What it logged, over all its lives. */
  readonly log: string[] = [];
  readonly #looking = new AbortController();
  readonly #client: KubeClient;
  #options: OperatorRunOptions;
  #run: OperatorRun;

  private constructor(options: RookProgramOptions) {
    this.#options = { ...options, log: (line) => this.log.push(line) };
    this.#client = new KubeClient(options.access, 'rook-program-test', this.#looking.signal);
    this.#run = new OperatorRun(this.#options);
  }

  static start(options: RookProgramOptions): RookProgram {
    return new RookProgram(options);
  }

  get version(): RookVersion {
    return this.#options.version;
  }

  /** Passes over all four workloads, and passes that failed in a row, since the last start. */
  get passes(): number {
    return this.#run.passes;
  }

  get failures(): number {
    return this.#run.failures;
  }

  /** Waits until it has dealt with the ConfigMap as it is now, and has nothing left to do or to try again. */
  async settled(): Promise<void> {
    await this.#waitFor('Rook to have dealt with its settings', (version) => this.#run.hasDealtWith(version));
  }

  /** Waits until it knows of the ConfigMap as it is now, whatever it is at. */
  async informed(): Promise<void> {
    await this.#waitFor('Rook to have seen its settings', (version) => this.#run.hasSeen(version));
  }

  async #waitFor(what: string, isSo: (resourceVersion: string | undefined) => boolean): Promise<void> {
    const path = `/api/v1/namespaces/${this.#options.namespace}/configmaps/${ROOK_OPERATOR_CONFIG}`;
    const waiting = waitFor(
      what,
      async () => isSo((await this.#client.getOrUndefined(path))?.metadata.resourceVersion),
      { lastSeen: () => this.log.slice(-10) },
    );
    // A run that ends with an error makes the wait pointless, and is what the test is to be told.
    waiting.catch(() => undefined);
    await Promise.race([waiting, this.#run.ended]);
    await waiting;
  }

  /** In another pod, where one is named. */
  async restart(changes: Partial<Pick<RookProgramOptions, 'podName' | 'version' | 'pacing'>> = {}): Promise<void> {
    await this.#run.stop();
    this.#options = { ...this.#options, ...changes };
    this.#run = new OperatorRun(this.#options);
  }

  /** May be called twice. @throws what ended the program before */
  async stop(): Promise<void> {
    this.#looking.abort();
    await this.#run.stop();
  }
}
