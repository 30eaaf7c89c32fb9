/** Builds the Dockerfile with buildah and writes the image as a docker archive. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { WrittenImage } from './docker-archive.js';
import { readDockerfile } from './dockerfile.js';
import { parseBuildArguments } from './image-config.js';
import { readDockerArchive } from './read-archive.js';

export interface BuildahImage {
  readonly file: string;
  readonly name: string;
  /** Each NAME=VALUE. */
  readonly buildArguments: readonly string[];
  /** Images in the place of those that FROM names, each IMAGE=container-image://OTHER. */
  readonly buildContexts: readonly string[];
}

/** Why buildah cannot build the Dockerfile here, or undefined. It keeps the base images that it has got for this. */
export async function buildahProblem(buildContexts: readonly string[]): Promise<string | undefined> {
  const replaced = new Set(buildContexts.map((word) => word.replace(/=[^=]*$/, '')));
  const images = readDockerfile().map(({ image }) => image);
  try {
    await promisify(execFile)('buildah', ['--version']);
  } catch {
    return 'buildah is not in PATH';
  }
  for (const image of images.filter((name) => !replaced.has(name))) {
    try {
      await promisify(execFile)('buildah', ['pull', '--quiet', image]);
    } catch (error) {
      return `buildah cannot get ${image}: ${(error as { stderr: string }).stderr.trim().split('\n').at(-1)!}`;
    }
  }
  return undefined;
}

export async function buildWithBuildah(image: BuildahImage): Promise<WrittenImage> {
  const { file, name, buildArguments, buildContexts } = image;
  const epoch = parseBuildArguments(buildArguments).SOURCE_DATE_EPOCH ?? '';
  const options = [
    ...buildArguments.map((argument) => `--build-arg=${argument}`),
    ...buildContexts.map((context) => `--build-context=${context}`),
    ...(epoch === '' ? [] : [`--timestamp=${epoch}`]),
  ];
  await buildah('build', '--layers', ...options, `--tag=${name}`, '.');
  await mkdir(dirname(file), { recursive: true });
  // An archive that is there would be added to, which buildah rejects.
  await rm(file, { force: true });
  await buildah('push', '--quiet', name, `docker-archive:${file}:${name}`);
  return readDockerArchive(file);
}

async function buildah(...args: string[]): Promise<void> {
  // As a variable SOURCE_DATE_EPOCH would conflict with --timestamp, which all versions have.
  const env = { ...process.env, SOURCE_DATE_EPOCH: undefined };
  const [code] = (await once(spawn('buildah', args, { stdio: 'inherit', env }), 'close')) as [number | null];
  if (code !== 0) throw new Error(`buildah ${args[0]!} ended with ${code ?? 'a signal'}.`);
}
