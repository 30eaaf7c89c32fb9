/** The docker archive of a small folder, read back with tar. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeDockerArchive, type DockerArchive, type WrittenImage } from '../../support/image/docker-archive.js';
import { contentOf, entriesOf, readDockerArchive } from '../../support/image/read-archive.js';

const LONG = `${'long-'.repeat(30)}name`;
const NAMES = ['quay.io/csiaddons/k8s-sidecar:v0.12.0', 'localhost:5000/sidecar:test'];
const CONFIG = {
  entrypoint: ['/bin/program', '--flag'],
  cmd: ['arg'],
  env: { PATH: '/bin', TEXT: 'a b=c' },
  user: '65532:65532',
  workingDir: '/data',
  labels: { 'org.opencontainers.image.title': 'program' },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-archive-'));
  return () => rm(folder, { recursive: true });
});

/** Its files are written in the order of `names`. */
async function makeRoot(name: string, names = ['bin/program', 'data/-dash', `data/${LONG}`]): Promise<string> {
  const root = join(folder, name);
  for (const directory of ['bin', 'data']) await mkdir(join(root, directory), { recursive: true, mode: 0o755 });
  for (const file of names)
    await writeFile(join(root, file), `${file}\n`, { mode: file.startsWith('bin/') ? 0o755 : 0o644 });
  await symlink('program', join(root, 'bin/link'));
  return root;
}

async function write(root: string, options: Partial<DockerArchive> = {}): Promise<WrittenImage> {
  return writeDockerArchive({ file: join(folder, 'out/image.tar'), names: NAMES, root, config: CONFIG, ...options });
}

const file = (): string => join(folder, 'out/image.tar');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the archive', () => {
  it('has the names, the config and the digests that an engine looks for', async () => {
    const written = await write(await makeRoot('root'), { architecture: 'arm64', sourceDateEpoch: 1_700_000_000 });
    const read = await readDockerArchive(file());
    expect(read).toMatchObject({ ...written, names: NAMES });
    expect(written.size).toBe((await stat(file())).size);

    const [layer, ...others] = read.layers;
    expect(others).toEqual([]);
    const options = ['--extract', '--to-stdout', `--file=${file()}`, layer!];
    const { stdout } = await promisify(execFile)('tar', options, { encoding: 'buffer' });
    expect(read.configFile).toEqual({
      architecture: 'arm64',
      os: 'linux',
      created: '2023-11-14T22:13:20.000Z',
      config: {
        User: '65532:65532',
        Env: ['PATH=/bin', 'TEXT=a b=c'],
        Entrypoint: ['/bin/program', '--flag'],
        Cmd: ['arg'],
        WorkingDir: '/data',
        Labels: { 'org.opencontainers.image.title': 'program' },
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(stdout)}`] },
    });
  });

  it('is of the architecture of this machine, by its name in Go', async () => {
    await write(await makeRoot('root'));
    const { architecture } = (await readDockerArchive(file())).configFile;
    expect(architecture).toBe({ x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch);
  });

  it('has all files of the folder in order, with their modes, owned by root, as old as was asked for', async () => {
    await write(await makeRoot('root'), { sourceDateEpoch: 1_700_000_000 });
    const [layer] = (await readDockerArchive(file())).layers;
    const entries = await entriesOf(file(), layer!);
    expect(entries.map(({ mode, path }) => [mode, path])).toEqual([
      ['drwxr-xr-x', 'bin/'],
      ['lrwxrwxrwx', 'bin/link -> program'],
      ['-rwxr-xr-x', 'bin/program'],
      ['drwxr-xr-x', 'data/'],
      ['-rw-r--r--', 'data/-dash'],
      ['-rw-r--r--', `data/${LONG}`],
    ]);
    expect(new Set(entries.map(({ owner }) => owner))).toEqual(new Set(['0/0']));
    expect(new Set(entries.map(({ modified }) => modified))).toEqual(new Set(['2023-11-14 22:13:20']));
    expect((await contentOf(file(), layer!, `data/${LONG}`)).toString()).toBe(`data/${LONG}\n`);
  });

  it('has no entry for the root itself, whose mode is that of a temporary folder', async () => {
    await write(await mkdtemp(join(folder, 'empty-')));
    const [layer] = (await readDockerArchive(file())).layers;
    expect(await entriesOf(file(), layer!)).toEqual([]);
  });

  it('is the same to the byte for the same files, however and whenever they were made', async () => {
    const first = await write(await makeRoot('first'));
    const bytes = await readFile(file());
    const other = await makeRoot('second', [`data/${LONG}`, 'bin/program', 'data/-dash']);
    await utimes(join(other, 'data/-dash'), 1, 1);
    expect(await write(other)).toEqual(first);
    expect((await readFile(file())).equals(bytes)).toBe(true);
  });

  it('is another one when a mode differs, or the config', async () => {
    const root = await makeRoot('root');
    const { digest } = await write(root);
    expect((await write(root, { config: { ...CONFIG, user: '0:0' } })).digest).not.toBe(digest);
    await promisify(execFile)('chmod', ['700', join(root, 'bin/program')]);
    expect((await write(root)).digest).not.toBe(digest);
  });
});

describe('an archive that cannot be written', () => {
  it('is rejected by the name that no engine takes', async () => {
    const writing = write(await makeRoot('root'), { names: [NAMES[0]!, 'Sidecar'] });
    await expect(writing).rejects.toThrow("'Sidecar' is no image reference with a tag. Name the image as in quay.io/");
    expect(await readdir(folder)).toEqual(['root']);
  });

  it('leaves nothing behind, and what was there as it was', async () => {
    await write(await makeRoot('root'));
    const bytes = await readFile(file());
    await expect(write(join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
    expect(await readdir(join(folder, 'out'))).toEqual(['image.tar']);
    expect((await readFile(file())).equals(bytes)).toBe(true);
  });
});
