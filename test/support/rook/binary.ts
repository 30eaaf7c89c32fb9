/**
 * Rook's own program, from a checkout or a release image, started outside any pod against the control plane of a test
 * (docs/maintainer/rook.md, Running Rook itself). It knows only in-cluster configuration, so it gets files of a pod of its own.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { Watchdog } from '../control-plane/watchdog.js';

/** Rook's program and the manifest of its CRDs (crds.yaml of the same release). */
export interface RookBinary {
  readonly path: string;
  readonly crds: string;
  readonly version: string;
}

/** From the environment: ROOK_OPERATOR_BINARY, ROOK_CRDS, and ROOK_VERSION where the program does not know its own. */
export function rookBinary(environment: NodeJS.ProcessEnv): RookBinary | { readonly skipped: string } {
  const { ROOK_OPERATOR_BINARY: path, ROOK_CRDS: crds } = environment;
  if (!path || !crds) return { skipped: 'ROOK_OPERATOR_BINARY and ROOK_CRDS do not name a Rook program and its CRDs' };
  const lastError = unshareProblem();
  if (lastError !== undefined) return { skipped: lastError };
  return { path: resolve(path), crds: resolve(crds), version: environment.ROOK_VERSION ?? versionOf(path) };
}

/** Why no process can be given mounts of its own here; undefined where it can. */
export function unshareProblem(): string | undefined {
  const { status, stderr, error } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `unshare -m is not permitted here: ${(error?.message ?? stderr).trim()}`;
}

function versionOf(path: string): string {
  const output = execFileSync(path, ['version'], { encoding: 'utf8' });
  const version = /^rook: v(\d+\.\d+\.\d+)/m.exec(output)?.[1];
  if (version === undefined) throw new Error(`${path} version says ${JSON.stringify(output)}: set ROOK_VERSION`);
  return version;
}

export class RookProcess {
  readonly log: string[] = [];
  readonly #process: ChildProcess;
  readonly #watchdog: Watchdog;

  private constructor(process: ChildProcess, watchdog: Watchdog) {
    this.#process = process;
    this.#watchdog = watchdog;
    if (process.pid !== undefined) watchdog.add(process.pid);
    for (const stream of [process.stdout!, process.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.log.push(line));
    }
  }

  static async start(controlPlane: ControlPlane, path: string, podName: string): Promise<RookProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'rook-'));
    const namespace = 'rook-ceph';
    const files = { token: controlPlane.adminToken, 'ca.crt': controlPlane.ca, namespace };
    await mkdir(join(folder, 'serviceaccount'));
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, 'serviceaccount', name), content, { mode: 0o600 });
    }
    // client-go makes the user agent, and with it the field manager, of the name that the program is called by.
    await symlink(path, join(folder, 'rook'));
    const { hostname, port } = new URL(controlPlane.server);
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      POD_NAME: podName,
      POD_NAMESPACE: namespace,
      NODE_NAME: 'node-1',
      ROOK_CURRENT_NAMESPACE_ONLY: 'false',
      ROOK_LOG_LEVEL: 'DEBUG',
    };
    const launch = join(import.meta.dirname, 'launch.sh');
    const args = ['-m', 'sh', launch, join(folder, 'serviceaccount'), join(folder, 'rook')];
    // unshare and sh each become the next program, so that a signal reaches Rook.
    const child = spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    return new RookProcess(child, new Watchdog(folder));
  }

  /** @throws where it has ended by itself */
  assertRunning(): void {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`rook ended with ${exitCode ?? signalCode ?? ''}:\n${this.log.slice(-15).join('\n')}`);
    }
  }

  /** SIGTERM, which Rook obeys in about a second. @throws where it had ended by itself */
  async stop(): Promise<void> {
    try {
      this.assertRunning();
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await exited;
      this.#watchdog.remove(this.#process.pid!);
    } finally {
      await this.#watchdog.finish();
    }
  }
}
