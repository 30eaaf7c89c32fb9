/** An admin at a shell: in a copy of what an installation needs of the repository, with kubectl, helm and the plugin on the PATH. */
import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { Plugin, type PluginResult } from '../plugin.js';
import { tool } from '../tools/tools.js';
import { withoutPlaceholders } from './placeholders.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const COPIED = ['Makefile', 'package.json', 'charts', 'config', 'crds'];
/** Folders that an admin has who follows the pages. */
const FOLDERS = ['bin', '.config/fish/completions'];
/** In the place of an editor with a person at it. */
const KUBE_EDITOR = "sed -i 's/mode: DryRun/mode: Paused/'";
const TIMEOUT_MS = 150_000;
/** Until a command that does not end by itself is interrupted. */
const ENDLESS_SECONDS = 8;
/** Of the program timeout, when it has ended a command. */
export const INTERRUPTED = 124;

export class Admin {
  readonly folder: string;
  readonly #controlPlane: ControlPlane;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(controlPlane: ControlPlane, env: NodeJS.ProcessEnv) {
    this.#controlPlane = controlPlane;
    this.folder = join(controlPlane.directory, 'checkout');
    this.#env = env;
  }

  static async prepare(controlPlane: ControlPlane): Promise<Admin> {
    const { environment } = new Plugin(controlPlane);
    const PATH = `${dirname(await tool('helm'))}:${environment.PATH}`;
    const admin = new Admin(controlPlane, { ...environment, PATH, KUBE_EDITOR });
    for (const name of COPIED) await cp(join(REPOSITORY, name), join(admin.folder, name), { recursive: true });
    for (const name of FOLDERS) await mkdir(join(controlPlane.directory, name), { recursive: true });
    return admin;
  }

  /** As it is written, but for its placeholders. A failure of any of its parts is one of the whole. */
  async run(written: string, { isEndless = false } = {}): Promise<PluginResult> {
    const command = await withoutPlaceholders(written, this.#controlPlane);
    // A bash whose input is a socket reads the settings of this machine, unless it is told not to.
    const shell = ['bash', '--norc', '-euo', 'pipefail', '-c', command];
    return this.#execute(isEndless ? ['timeout', '--signal=INT', String(ENDLESS_SECONDS), ...shell] : shell);
  }

  #execute([program, ...args]: readonly string[]): Promise<PluginResult> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env: this.#env, maxBuffer: 2 ** 28, timeout: TIMEOUT_MS };
      const child = execFile(program!, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') resolve({ code, stdout, stderr });
        else reject(new Error(`${args.at(-1)} did not end by itself: ${stdout}${stderr}`));
      });
      child.stdin!.end();
    });
  }
}
