import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BinaryName } from './binaries.js';
import { withCacheLock } from './cache-lock.js';
import { KUBERNETES_VERSION, pinnedKubernetesVersion } from './kubernetes-version.js';

type Report = (line: string) => void;

const MODULES = join(import.meta.dirname, 'go');
const HEARTBEAT_MS = 20_000;
const BUILD_PREFIX = 'building-';

const PACKAGES: Record<BinaryName, { module: 'kubernetes' | 'kwok'; path: string }> = {
  etcd: { module: 'kubernetes', path: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kube-scheduler': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  kubectl: { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kubectl' },
  kwok: { module: 'kwok', path: 'sigs.k8s.io/kwok/cmd/kwok' },
};

/** Why Go cannot build the pinned modules, or undefined when it can. Asked in the module, whose `go` line sets the floor. */
export async function goProblem(): Promise<string | undefined> {
  try {
    await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: join(MODULES, 'kubernetes') });
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '') {
      return error.stderr.trim();
    }
    return 'there is no go in PATH';
  }
}

/**
 * Builds what is missing from `folder`/bin. Every binary is built beside it and enters it by a rename, so a file that
 * is there is whole, whoever was killed or raced meanwhile.
 */
export async function buildBinaries(folder: string, report: Report): Promise<void> {
  const pinned = await pinnedKubernetesVersion();
  if (pinned !== KUBERNETES_VERSION) {
    throw new Error(
      `KUBERNETES_VERSION is ${KUBERNETES_VERSION} but go/kubernetes/go.mod pins ${pinned ?? 'no k8s.io/kubernetes'}: ` +
        `run test/support/control-plane/go/pin.sh ${KUBERNETES_VERSION}`,
    );
  }
  const onWait = (): void => report('Another process is building the control plane: waiting for it.');
  await withCacheLock(join(folder, 'build.lock'), onWait, async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await removeAbandonedBuilds(folder);
    const workspace = await mkdtemp(join(folder, BUILD_PREFIX));
    try {
      for (const name of Object.keys(PACKAGES) as BinaryName[]) {
        if (existsSync(join(bin, name))) continue;
        const output = join(workspace, name);
        await build(name, output, report);
        await rename(output, join(bin, name));
      }
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  });
}

/** Only the holder of the lock builds, so every other workspace belongs to a process that was killed. */
async function removeAbandonedBuilds(folder: string): Promise<void> {
  const entries = await readdir(folder);
  const abandoned = entries.filter((entry) => entry.startsWith(BUILD_PREFIX));
  await Promise.all(abandoned.map((entry) => rm(join(folder, entry), { recursive: true, force: true })));
}

async function build(name: BinaryName, output: string, report: Report): Promise<void> {
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  report(`Building ${name} …`);
  const heartbeat = setInterval(() => report(`  still building ${name}, ${elapsed()}`), HEARTBEAT_MS);
  try {
    await runGo(name, output);
    report(`Built ${name} in ${elapsed()}`);
  } finally {
    clearInterval(heartbeat);
  }
}

function runGo(name: BinaryName, output: string): Promise<void> {
  const { module, path } = PACKAGES[name];
  const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', linkerFlags(), '-o', output, path];
  const env = { ...process.env, CGO_ENABLED: '0' };
  return new Promise((resolve, reject) => {
    const go = spawn('go', args, { cwd: join(MODULES, module), env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    go.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    go.on('error', reject);
    go.on('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`go build ${path} failed (${signal ?? `exit code ${code ?? '?'}`}):\n${withoutDownloads(errors)}`),
        );
    });
  });
}

function withoutDownloads(errors: string): string {
  const lines = errors.trim().split('\n');
  return lines.filter((line) => !line.startsWith('go: downloading ')).join('\n');
}

/** Without the -X values the server would call itself v0.0.0-master, and clients judge features by its version. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES_VERSION.split('.') as [string, string];
  const version = 'k8s.io/component-base/version';
  return [
    '-s -w',
    `-X ${version}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${version}.gitMajor=${major}`,
    `-X ${version}.gitMinor=${minor}`,
  ].join(' ');
}
