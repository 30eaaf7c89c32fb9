/** Writes an image of one layer as a docker archive, which `docker load` and `ctr images import` read. No engine takes part. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { checkImageName } from './image-name.js';

/** What the image gives to its containers; a pod's spec can override all but the labels. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** UID:GID. Default: root. */
  readonly user?: string;
  readonly workingDir?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface DockerArchive {
  /** What is written; its folder is made, and what was there is replaced. */
  readonly file: string;
  /** Each with its tag: registry.k8s.io/sig-storage/csi-attacher:v4.8.1. */
  readonly names: readonly string[];
  /** The folder that becomes the layer, with the modes of its files. All is owned by root in it. */
  readonly root: string;
  readonly config: ImageConfig;
  /** As Go names it. Default: this machine's. */
  readonly architecture?: string;
  /** Unix seconds: when the image was made, and the modification time of its files. Default: 0. */
  readonly sourceDateEpoch?: number;
}

export interface WrittenImage {
  /** The image's ID, sha256:…: the digest of its config. Docker lists it, and kubelet reports it of a container. */
  readonly digest: string;
  /** Of the file, in bytes. */
  readonly size: number;
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/**
 * Equal input gives the same bytes.
 * @throws where a name is no image reference with a tag
 */
export async function writeDockerArchive(archive: DockerArchive): Promise<WrittenImage> {
  const { file, names, root, sourceDateEpoch = 0 } = archive;
  names.forEach(checkImageName);
  const mtime = `--mtime=@${sourceDateEpoch}`;
  await mkdir(dirname(file), { recursive: true });
  // Beside the file: what is renamed has to be on its file system, and the temporary folder may be memory.
  const folder = await mkdtemp(`${file}-`);
  try {
    await tar(join(folder, 'layer'), root, await readdir(root), [mtime]);
    const layer = await digestOf(join(folder, 'layer'));
    await rename(join(folder, 'layer'), join(folder, `${layer}.tar`));
    const config = JSON.stringify(configFile(archive, layer));
    const digest = createHash('sha256').update(config).digest('hex');
    await writeFile(join(folder, `${digest}.json`), config);
    const manifest = [{ Config: `${digest}.json`, RepoTags: names, Layers: [`${layer}.tar`] }];
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const entries = ['manifest.json', `${digest}.json`, `${layer}.tar`];
    await tar(join(folder, 'archive'), folder, entries, [mtime, '--mode=u=rw,go=r']);
    await rename(join(folder, 'archive'), file);
    return { digest: `sha256:${digest}`, size: (await stat(file)).size };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function configFile({ config, architecture, sourceDateEpoch = 0 }: DockerArchive, layer: string): object {
  const { entrypoint, cmd, env = {}, user, workingDir, labels } = config;
  return {
    architecture: architecture ?? GO_ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created: new Date(sourceDateEpoch * 1000).toISOString(),
    config: {
      User: user,
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      Entrypoint: entrypoint,
      Cmd: cmd,
      WorkingDir: workingDir,
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  };
}

/** @param options those of tar that differ */
async function tar(
  file: string,
  folder: string,
  entries: readonly string[],
  options: readonly string[],
): Promise<void> {
  const same = ['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  // The empty list lets tar write an archive without entries. An entry for the folder itself would give its mode to the root.
  const what = [`--directory=${folder}`, '--files-from=/dev/null', '--', ...entries.toSorted()];
  await promisify(execFile)('tar', ['--create', `--file=${file}`, ...same, ...options, ...what]);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
