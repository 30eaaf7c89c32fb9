/** The operator's image as a docker archive, from the Dockerfile and dist/, with this machine's libraries in the place of its base. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDockerArchive, type WrittenImage } from './docker-archive.js';
import { readDockerfile } from './dockerfile.js';
import { imageConfig, type BuildArguments } from './image-config.js';
import { fillRootFolder } from './root-folder.js';

export interface OperatorArchive {
  readonly file: string;
  readonly name: string;
  /** Those of `make docker-build`. */
  readonly buildArguments: BuildArguments;
}

/** @throws where this machine's Node is none that an image can have */
export async function writeOperatorArchive({ file, name, buildArguments }: OperatorArchive): Promise<WrittenImage> {
  if (process.platform !== 'linux')
    throw new Error('The archive writer takes the Node of a Linux machine. Use buildah.');
  const stages = readDockerfile();
  const root = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    await fillRootFolder(root, stages);
    const config = imageConfig(stages.at(-1)!, buildArguments);
    // Empty where the commit is not known.
    const sourceDateEpoch = Number(buildArguments.SOURCE_DATE_EPOCH ?? 0);
    return await writeDockerArchive({ file, names: [name], root, config, sourceDateEpoch });
  } finally {
    await rm(root, { recursive: true });
  }
}
