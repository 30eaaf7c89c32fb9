/** The kubectl plugin as an admin runs it: the real kubectl finds it on the PATH. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import type { CheckReport } from '../../src/cli/commands/check.js';
import type { DoctorReport } from '../../src/cli/commands/doctor.js';
import type { PlanReport } from '../../src/cli/commands/plan.js';
import type { StatusReport } from '../../src/cli/commands/status.js';

/** Where the build links it by its name. */
export const PLUGIN_FOLDER = join(import.meta.dirname, '../../dist/bin');

interface Documents {
  readonly check: CheckReport;
  readonly plan: PlanReport;
  readonly status: StatusReport;
  readonly doctor: DoctorReport;
}

export interface PluginResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PluginRun {
  readonly kubeconfig?: string;
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

/** Longer than any run takes, and shorter than a test may last. */
const TIMEOUT_MS = 120_000;

export class Plugin {
  /** With kubectl, the plugin and this Node.js first. */
  readonly environment: NodeJS.ProcessEnv;

  constructor(at: { readonly kubectlPath: string; readonly directory: string; readonly adminKubeconfig: string }) {
    const folders = [PLUGIN_FOLDER, dirname(at.kubectlPath), dirname(process.execPath), process.env.PATH];
    this.environment = { PATH: folders.join(':'), HOME: at.directory, KUBECONFIG: at.adminKubeconfig };
  }

  /** `kubectl csiports ARGS` */
  run(args: readonly string[], options: PluginRun = {}): Promise<PluginResult> {
    return this.#execute('kubectl', ['csiports', ...args], options);
  }

  /** With -o json. */
  async document<Command extends keyof Documents>(
    command: Command,
    args: readonly string[] = [],
    options: PluginRun = {},
  ): Promise<{ code: number; document: Documents[Command] }> {
    const { code, stdout, stderr } = await this.run([command, ...args, '-o', 'json'], options);
    if (stdout === '') throw new Error(`kubectl csiports ${command} ${args.join(' ')} printed nothing, but ${stderr}`);
    return { code, document: JSON.parse(stdout) as Documents[Command] };
  }

  /** A script, as pasted into a shell. */
  shell(script: string, options: PluginRun = {}): Promise<PluginResult> {
    return this.#execute('bash', ['-c', script], options);
  }

  #execute(
    program: string,
    args: readonly string[],
    { kubeconfig, stdin = '', env }: PluginRun,
  ): Promise<PluginResult> {
    const environment = {
      ...this.environment,
      ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
      ...env,
    };
    return new Promise((resolve, reject) => {
      const options = { env: environment, maxBuffer: 2 ** 28, timeout: TIMEOUT_MS };
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') resolve({ code, stdout, stderr });
        else reject(new Error(`${program} ${args.join(' ')} did not end by itself: ${stdout}${stderr}`));
      });
      child.stdin!.on('error', () => undefined);
      child.stdin!.end(stdin);
    });
  }
}

/** The kubectl commands of a text output, as they are copied from it: a line and those that are indented more. */
export function commandsOf(text: string): string[] {
  return [...text.matchAll(/^( +)(kubectl .*(?:\n\1 +\S.*)*)/gm)].map(([, , command]) => command!);
}
