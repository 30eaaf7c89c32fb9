/** Builds programs from Go modules whose go.mod and go.sum are in this repository, once, into a cache. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withCacheLock } from './cache-lock.js';

export type Report = (line: string) => void;

export interface GoProgram {
  /** Of the file that is built. */
  readonly name: string;
  /** The folder of the go.mod that pins it. */
  readonly module: string;
  /** The package's import path. */
  readonly path: string;
  /** Go variables to set, by import path and name. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
}

const HEARTBEAT_MS = 20_000;
const BUILD_PREFIX = 'building-';

/** Why Go cannot build the module, or undefined when it can. Asked in the module, whose `go` line sets the floor. */
export async function goProblem(module: string): Promise<string | undefined> {
  try {
    await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: module });
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
export async function buildPrograms(folder: string, programs: readonly GoProgram[], report: Report): Promise<void> {
  const onWait = (): void => report('Another process is building for the same cache: waiting for it.');
  await withCacheLock(join(folder, 'build.lock'), onWait, async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await removeAbandonedBuilds(folder);
    const workspace = await mkdtemp(join(folder, BUILD_PREFIX));
    try {
      for (const program of programs) {
        if (existsSync(join(bin, program.name))) continue;
        const output = join(workspace, program.name);
        await build(program, output, report);
        await rename(output, join(bin, program.name));
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

async function build(program: GoProgram, output: string, report: Report): Promise<void> {
  const { name } = program;
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  report(`Building ${name} …`);
  const heartbeat = setInterval(() => report(`  still building ${name}, ${elapsed()}`), HEARTBEAT_MS);
  try {
    await runGo(program, output);
    report(`Built ${name} in ${elapsed()}`);
  } finally {
    clearInterval(heartbeat);
  }
}

function runGo({ module, path, variables = {}, tags = [] }: GoProgram, output: string): Promise<void> {
  const linkerFlags = ['-s -w', ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
  const options = ['-mod=readonly', '-trimpath', '-ldflags', linkerFlags, '-tags', tags.join(',')];
  const env = { ...process.env, CGO_ENABLED: '0' };
  return new Promise((resolve, reject) => {
    const go = spawn('go', ['build', ...options, '-o', output, path], {
      cwd: module,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
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
