/**
 * `make image`: writes the operator's image as a docker archive, without a container engine. If buildah is in PATH and can get
 * the base images, it builds the Dockerfile. Otherwise the archive is made of dist/ and of this machine's libraries.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildahProblem, buildWithBuildah } from '../test/support/image/buildah.js';
import type { WrittenImage } from '../test/support/image/docker-archive.js';
import { parseBuildArguments } from '../test/support/image/image-config.js';
import { checkImageName } from '../test/support/image/image-name.js';
import { writeOperatorArchive } from '../test/support/image/operator-archive.js';

/** Those that `docker build` and buildah have, too, and the file. */
const { values } = parseArgs({
  options: {
    tag: { type: 'string' },
    file: { type: 'string', default: 'dist/image.tar' },
    'build-arg': { type: 'string', multiple: true, default: [] },
    'build-context': { type: 'string', multiple: true, default: [] },
  },
});
const { tag: name = '', file, 'build-arg': buildArguments, 'build-context': buildContexts } = values;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Why buildah does not build it, or undefined. */
async function whyNotBuildah(builder: string): Promise<string | undefined> {
  if (builder === 'archive') return 'IMAGE_BUILDER=archive asks for it';
  if (!['', 'buildah'].includes(builder)) {
    throw new Error(`IMAGE_BUILDER is '${builder}'. Set it to buildah or archive, or leave it empty.`);
  }
  const why = await buildahProblem(buildContexts);
  if (builder === 'buildah' && why !== undefined) throw new Error(`IMAGE_BUILDER is buildah, but ${why}.`);
  return why;
}

async function write(): Promise<WrittenImage> {
  const why = await whyNotBuildah(process.env.IMAGE_BUILDER ?? '');
  if (why === undefined) {
    print('Builder: buildah, from the Dockerfile.');
    return buildWithBuildah({ file, name, buildArguments, buildContexts });
  }
  print(`Builder: the archive writer of this repository (${why}).`);
  print('Its base image is a stand-in: Node from the npm package, libraries and CA certificates from this machine.');
  return writeOperatorArchive({ file, name, buildArguments: parseBuildArguments(buildArguments) });
}

try {
  checkImageName(name);
  const { digest, size } = await write();
  const fileDigest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  print(`Image:   ${name}, ID ${digest}`);
  print(`File:    ${file}, ${(size / 1e6).toFixed(1)} MB, sha256:${fileDigest}`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
