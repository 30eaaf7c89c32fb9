/** What `make image` writes without buildah, held against the Dockerfile. No control plane takes part: the bundle does. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDockerfile } from '../support/image/dockerfile.js';
import {
  contentOf,
  entriesOf,
  readDockerArchive,
  type ArchivedImage,
  type Entry,
} from '../support/image/read-archive.js';

const NAME = 'registry.example/csi-port-operator:0.1.0-test';
const ARGUMENTS = ['VERSION=0.1.0-test', 'REVISION=abc', 'CREATED=2023-11-14', 'SOURCE_DATE_EPOCH=1700000000'];
const MAX_BYTES = 160e6;
const SHELLS = ['sh', 'bash', 'dash', 'ash', 'ksh', 'zsh', 'busybox', 'toybox'];
const PACKAGE_MANAGERS = ['apt', 'apt-get', 'dpkg', 'apk', 'rpm', 'npm', 'npx', 'yarn', 'pnpm', 'corepack'];

interface Written {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function make(
  file: string,
  { builder = 'archive', name = NAME, path = process.env.PATH } = {},
): Promise<Written> {
  const args = ['--tag', name, '--file', file, ...ARGUMENTS.map((argument) => `--build-arg=${argument}`)];
  const node = ['--no-deprecation', '--import', './scripts/register-ts-node.js', 'scripts/image.ts', ...args];
  const env = { ...process.env, IMAGE_BUILDER: builder, PATH: path };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, node, { env })) };
  } catch (error) {
    return error as Written & Error;
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-archive-'));
  return () => rm(folder, { recursive: true });
});

describe.skipIf(process.platform !== 'linux')('the archive of the image', () => {
  let file: string;
  let written: Written;
  let archive: ArchivedImage;
  let entries: Entry[];
  beforeAll(async () => {
    file = join(folder, 'image.tar');
    written = await make(file);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    archive = await readDockerArchive(file);
    entries = await entriesOf(file, archive.layers[0]!);
  });

  test('is announced: who wrote it, what stands in for the base image, where it is, its size and its digest', () => {
    expect(written.stdout).toContain('Builder: the archive writer of this repository');
    expect(written.stdout).toContain('Its base image is a stand-in');
    expect(written.stdout).toContain(`${NAME}, ID ${archive.digest}\n`);
    expect(written.stdout).toContain(`${file}, ${(archive.size / 1e6).toFixed(1)} MB, sha256:`);
  });

  test('has the name, the user, the entry point, the variables and the labels of the Dockerfile', () => {
    const stage = readDockerfile().at(-1)!;
    expect(archive.names).toEqual([NAME]);
    expect(archive.configFile.created).toBe('2023-11-14T22:13:20.000Z');
    const { User, Entrypoint, Cmd, WorkingDir, Env, Labels } = archive.configFile.config;
    expect({ User, Entrypoint, Cmd, WorkingDir }).toEqual({
      User: '65532:65532',
      Entrypoint: stage.entrypoint,
      Cmd: undefined,
      WorkingDir: '/app',
    });
    expect(Env!.slice(-2)).toEqual(Object.entries(stage.pairs('ENV')).map((pair) => pair.join('=')));
    expect(Object.keys(Labels!)).toEqual(Object.keys(stage.pairs('LABEL')));
    expect(Labels).toMatchObject({
      'org.opencontainers.image.version': '0.1.0-test',
      'org.opencontainers.image.revision': 'abc',
      'org.opencontainers.image.source': 'unknown',
    });
  });

  test('has what the Dockerfile copies in /app, and nothing else there', async () => {
    const copied = readDockerfile()
      .at(-1)!
      .copies.flatMap(({ from, sources }) =>
        sources.map((source) => (from === undefined ? source : `dist/${basename(source)}`)),
      );
    expect(copied.length).toBeGreaterThan(3);
    const inApp = entries.map(({ path }) => path).filter((path) => /^app\/./.test(path));
    expect(inApp).toEqual(copied.map((source) => `app/${basename(source)}`).sort());
    for (const source of copied) {
      const content = await contentOf(file, archive.layers[0]!, `app/${basename(source)}`);
      expect(content.equals(await readFile(source)), source).toBe(true);
    }
  });

  test('has no shell, no package manager, and no program but Node', () => {
    const files = entries.filter(({ mode }) => !mode.startsWith('d')).map(({ path }) => path);
    expect(files.filter((path) => /(^|\/)s?bin\//.test(path))).toEqual(['nodejs/bin/node']);
    const unwanted = new Set([...SHELLS, ...PACKAGE_MANAGERS]);
    expect(files.filter((path) => unwanted.has(basename(path)))).toEqual([]);
    const executable = entries.filter(({ mode, path }) => /^-..x/.test(mode) && !/\.so(\.\d+)*$/.test(path));
    expect(executable.map(({ path }) => path)).toEqual(['nodejs/bin/node']);
  });

  test('belongs to root, can be read by everybody, and can be written by nobody else, /tmp aside', () => {
    expect(entries.filter(({ owner }) => owner !== '0/0')).toEqual([]);
    const modes = new Set(entries.filter(({ path }) => path !== 'tmp/').map(({ mode }) => mode));
    expect([...modes].sort()).toEqual(['-rw-r--r--', '-rwxr-xr-x', 'drwxr-xr-x']);
    expect(entries.find(({ path }) => path === 'tmp/')).toMatchObject({ mode: 'drwxrwxrwt' });
  });

  test('is smaller than 160 MB, the base image included', () => expect(archive.size).toBeLessThan(MAX_BYTES));

  test('is the same to the byte when it is written again', async () => {
    const again = join(folder, 'again.tar');
    await make(again);
    expect((await readFile(again)).equals(await readFile(file))).toBe(true);
  });
});

describe('what is asked for wrongly', () => {
  test.each([
    ['a name without a tag', { name: 'csi-port-operator' }, /^'csi-port-operator' is no image reference with a tag\./],
    ['another builder', { builder: 'docker' }, /^IMAGE_BUILDER is 'docker'\. Set it to buildah or archive, or leave/],
    [
      'buildah where there is none',
      { builder: 'buildah', path: '' },
      /^IMAGE_BUILDER is buildah, but buildah is not in PATH\./,
    ],
  ])('%s ends with one line', async (_, options, message) => {
    const { code, stderr } = await make(join(folder, 'none.tar'), options);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim()).not.toContain('\n');
  });
});
