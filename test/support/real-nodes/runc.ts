/**
 * runc, which starts the containers: the one in PATH, or else Debian's package. It is the one program of a node that is
 * not built here: for seccomp profiles, which the pods ask for, it takes a C compiler and the sources of libseccomp.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withCacheLock } from '../go-programs/cache-lock.js';
import type { Report } from '../go-programs/go-build.js';

const FIX = 'Install runc, e.g.: apt-get install runc';

/** Path of runc. Debian's package is extracted into `folder`/bin: nothing is installed. */
export async function provideRunc(folder: string, report: Report): Promise<string> {
  const found = await existing(folder);
  if (found !== undefined) return found;
  const lastError = await runcProblem(folder);
  if (lastError !== undefined) throw new Error(lastError);
  const onWait = (): void => report('Another process is fetching runc for the same cache: waiting for it.');
  return withCacheLock(join(folder, 'fetch.lock'), onWait, async () => {
    return (await existing(folder)) ?? (await fetchPackage(folder, report));
  });
}

/** Why there is no runc here and none can be fetched, in one line; undefined if there is one, or can be. */
export async function runcProblem(folder: string): Promise<string | undefined> {
  if ((await existing(folder)) !== undefined) return undefined;
  const absent = ['apt-get', 'dpkg-deb'].filter((program) => inPath(program) === undefined);
  if (absent.length === 0) return undefined;
  return `There is no runc with seccomp in PATH, and no ${absent.join(' and no ')} to fetch it with. ${FIX}`;
}

async function existing(folder: string): Promise<string | undefined> {
  for (const candidate of [inPath('runc'), join(folder, 'bin/runc')]) {
    if (candidate === undefined || !existsSync(candidate)) continue;
    if ((await faultOf(candidate)) === undefined) return candidate;
  }
  return undefined;
}

function inPath(program: string): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return candidates.find((path) => existsSync(path));
}

/** Why this runc is of no use here: it lacks a library, it is for another architecture, or it is built without seccomp. */
async function faultOf(runc: string): Promise<string | undefined> {
  try {
    return (await run(runc, ['--version'])).includes('libseccomp') ? undefined : `${runc} is built without seccomp`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function fetchPackage(folder: string, report: Report): Promise<string> {
  await mkdir(join(folder, 'bin'), { recursive: true });
  const workspace = await mkdtemp(join(folder, 'fetching-'));
  try {
    report("Fetching Debian's package runc …");
    const archive = await download(workspace, report);
    await run('dpkg-deb', ['-x', join(workspace, archive), workspace]);
    const extracted = join(workspace, 'usr/sbin/runc');
    const fault = await faultOf(extracted);
    if (fault !== undefined) throw new Error(fault);
    await rename(extracted, join(folder, 'bin/runc'));
    report(`Fetched ${archive}`);
    return join(folder, 'bin/runc');
  } catch (error) {
    const reason = `There is no runc with seccomp in PATH, and Debian's package is of no use: ${(error as Error).message}`;
    throw new Error(`${reason}. ${FIX}`, { cause: error });
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** File name of the package. If apt-get has no list that names it, or an old one, it fetches lists of its own for this. */
async function download(workspace: string, report: Report): Promise<string> {
  try {
    await run('apt-get', ['download', 'runc'], workspace);
  } catch {
    report('  the lists of packages are missing or old: apt-get update');
    const lists = join(workspace, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    // The machine's lists stay as they are.
    const own = [`Dir::State::lists=${lists}`, 'Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache='];
    const options = own.flatMap((option) => ['-o', option]);
    await run('apt-get', ['update', ...options]);
    await run('apt-get', ['download', ...options, 'runc'], workspace);
  }
  const archive = (await readdir(workspace)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get download left no file');
  return archive;
}

/** What the program prints. @throws Error with the last line of its errors */
async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { cwd })).stdout;
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    throw new Error(stderr.trim() === '' ? message : stderr.trim().split('\n').at(-1), { cause: error });
  }
}
