/**
 * runc, which starts the containers: the one in PATH, or Debian's package. It is the one program of a node that no Go
 * module brings: its C parts take a compiler and libseccomp, without which no pod with a seccomp profile would start.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withCacheLock } from '../go-programs/cache-lock.js';
import type { Report } from '../go-programs/go-build.js';

const run = promisify(execFile);

const FIX = 'Install runc, e.g.: apt-get install runc';

/** Path of runc; Debian's package is extracted into `folder`/bin, and nothing is installed. */
export async function provideRunc(folder: string, report: Report): Promise<string> {
  const found = await existing(folder);
  if (found !== undefined) return found;
  const lastError = await runcProblem(folder);
  if (lastError !== undefined) throw new Error(lastError);
  const onWait = (): void => report('Another process is fetching runc for the same cache: waiting for it.');
  return withCacheLock(join(folder, 'fetch.lock'), onWait, () => fetchPackage(folder, report));
}

/** Why there is no runc here and none can be fetched; undefined if there is one, or can be. */
export async function runcProblem(folder: string): Promise<string | undefined> {
  if ((await existing(folder)) !== undefined) return undefined;
  const absent = ['apt-get', 'dpkg-deb'].filter((program) => inPath(program) === undefined);
  if (absent.length === 0) return undefined;
  return `There is no runc in PATH, and no ${absent.join(' and no ')} to fetch it with. ${FIX}`;
}

async function existing(folder: string): Promise<string | undefined> {
  const cached = join(folder, 'bin/runc');
  for (const candidate of [inPath('runc'), cached]) {
    if (candidate !== undefined && existsSync(candidate) && (await startProblem(candidate)) === undefined) {
      return candidate;
    }
  }
  return undefined;
}

function inPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Why this runc is of no use here: a library is missing, it is of another architecture, or it has no seccomp. */
async function startProblem(runc: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(runc, ['--version']);
    return stdout.includes('libseccomp') ? undefined : `${runc} is built without seccomp`;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

async function fetchPackage(folder: string, report: Report): Promise<string> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  const workspace = await mkdtemp(join(folder, 'fetching-'));
  try {
    report("Fetching Debian's package runc …");
    const archive = await download(workspace, report);
    await run('dpkg-deb', ['-x', join(workspace, archive), join(workspace, 'root')]);
    const unpacked = join(workspace, 'root/usr/sbin/runc');
    const lastError = await startProblem(unpacked);
    if (lastError !== undefined) throw new Error(`runc of ${archive} does not start: ${lastError}. ${FIX}`);
    report(`Fetched ${archive}`);
    await rename(unpacked, join(folder, 'bin/runc'));
    return join(folder, 'bin/runc');
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** File name of the package. Lists of packages that are missing or too old are fetched anew, which takes root. */
async function download(workspace: string, report: Report): Promise<string> {
  const fetch = (): Promise<unknown> => run('apt-get', ['download', 'runc'], { cwd: workspace });
  try {
    await fetch();
  } catch {
    report('  apt-get has no list of packages that serves: apt-get update');
    await run('apt-get', ['update']);
    await fetch();
  }
  const archive = (await readdir(workspace)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get download left no package of runc. ${FIX}`);
  return archive;
}
