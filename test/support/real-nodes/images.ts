/** The images of the pods beside the operator's, under their upstream names, so that Rook's manifests run as they are. */
import { copyFile, link, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeDockerArchive } from '../image/docker-archive.js';
import { ROOK_RELEASES, type RookVersion } from '../rook/release.js';
import { PAUSE_IMAGE } from './node-config.js';
import type { NodePrograms } from './programs.js';

/** Of the pods that hold a port; see strangers.ts and ../holders.ts. */
export const STRANGER = 'registry.example/agent:1';

/** Writes the docker archives into a folder; resolves with their paths. */
export async function writeImages(folder: string, version: RookVersion, programs: NodePrograms): Promise<string[]> {
  const { csiAddons, ...others } = ROOK_RELEASES[version].images;
  const rook = `docker.io/rook/ceph:v${version}`;
  return Promise.all([
    writeImage(folder, programs.sidecar, [csiAddons]),
    writeImage(folder, programs.standIn, [...Object.values(others), rook, STRANGER, PAUSE_IMAGE], ['bin/sh']),
  ]);
}

/** Of one program, with no library beside it. */
async function writeImage(
  folder: string,
  program: string,
  names: readonly string[],
  otherPaths: readonly string[] = [],
): Promise<string> {
  const name = basename(program);
  const root = join(folder, name);
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile(program, join(root, name));
  for (const path of otherPaths) await link(join(root, name), join(root, path));
  const file = join(folder, `${name}.tar`);
  await writeDockerArchive({ file, names, root, config: { entrypoint: [`/${name}`] } });
  return file;
}
