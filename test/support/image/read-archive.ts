/** Reads a docker archive, whoever wrote it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { WrittenImage } from './docker-archive.js';

export interface ArchivedImage extends WrittenImage {
  readonly names: readonly string[];
  readonly configFile: ConfigFile;
  /** Names of the layers' files in the archive. */
  readonly layers: readonly string[];
}

/** Of what there may be, what the project sets. */
export interface ConfigFile {
  readonly architecture: string;
  readonly os: string;
  readonly created?: string;
  readonly config: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

export async function readDockerArchive(file: string): Promise<ArchivedImage> {
  const manifest = JSON.parse(await read(file, 'manifest.json')) as [Manifest];
  const [{ Config, RepoTags, Layers }] = manifest;
  const config = await read(file, Config);
  return {
    digest: `sha256:${createHash('sha256').update(config).digest('hex')}`,
    size: (await stat(file)).size,
    names: RepoTags,
    configFile: JSON.parse(config) as ConfigFile,
    layers: Layers,
  };
}

interface Manifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

async function read(file: string, entry: string): Promise<string> {
  const { stdout } = await promisify(execFile)('tar', ['--extract', '--to-stdout', `--file=${file}`, '--', entry]);
  return stdout;
}

export interface Entry {
  /** As `ls -l` prints it: drwxr-xr-x. */
  readonly mode: string;
  /** UID/GID. */
  readonly owner: string;
  /** In UTC: 2023-11-14 22:13:20. */
  readonly modified: string;
  readonly path: string;
}

const LINE = /^(\S+) (\d+\/\d+) +\d+ (\S+ \S+) (.*)$/;

/** In the order of the layer. */
export async function entriesOf(file: string, layer: string): Promise<Entry[]> {
  const options = ['--list', '--verbose', '--numeric-owner', '--utc', '--full-time', '--quoting-style=literal'];
  const lines = (await fromLayer(file, layer, options)).toString().split('\n').slice(0, -1);
  return lines.map((line) => {
    const [, mode, owner, modified, path] = LINE.exec(line)!;
    return { mode: mode!, owner: owner!, modified: modified!, path: path! };
  });
}

export async function contentOf(file: string, layer: string, path: string): Promise<Buffer> {
  return fromLayer(file, layer, ['--extract', '--to-stdout', '--', path]);
}

/** What the tar of these options prints of the layer. */
async function fromLayer(file: string, layer: string, options: readonly string[]): Promise<Buffer> {
  const script = 'file=$1 layer=$2; shift 2; tar --extract --to-stdout --file="$file" -- "$layer" | tar --file=- "$@"';
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', file, layer, ...options], {
    encoding: 'buffer',
    maxBuffer: 1 << 30,
  });
  return stdout;
}
