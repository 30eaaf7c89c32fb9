/** The chart of the repository, in the hands of a real helm. */
import { readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './control-plane/run.js';
import { tool } from './tools/tools.js';

const REPOSITORY = join(import.meta.dirname, '../..');
export const CHART = join(REPOSITORY, 'charts/csi-port-operator');
/** Files of values that are linted and rendered, each a way to install. */
export const VALUES_FILES = readdirSync(join(CHART, 'ci')).map((name) => join(CHART, 'ci', name));

export class Helm {
  readonly #binary: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(binary: string, env: NodeJS.ProcessEnv) {
    this.#binary = binary;
    this.#env = env;
  }

  /** @param kubeconfig of the cluster that it installs into; without one it only renders */
  static async provide(kubeconfig = '/dev/null'): Promise<Helm> {
    // Its caches and settings would otherwise be those of whoever runs the tests.
    const home = await mkdtemp(join(tmpdir(), 'helm-'));
    return new Helm(await tool('helm'), { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig });
  }

  /** Resolves with its output. @throws Error with what it said */
  async run(...args: readonly string[]): Promise<string> {
    return (await run(this.#binary, args, { env: this.#env })).stdout;
  }

  /** What the chart makes of the values, as text. */
  render(namespace: string, ...args: readonly string[]): Promise<string> {
    return this.run('template', 'csi-port-operator', CHART, '--namespace', namespace, ...args);
  }
}
