/** The image as a folder: what the last stage of the Dockerfile puts there, on what its base image has. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import type { Stage } from './dockerfile.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const NODE = join(REPOSITORY, 'node_modules/node/bin/node');
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
/** The mount points and folders that a container engine and the base image provide. */
const FOLDERS = ['proc', 'dev', 'etc', 'tmp', 'home/nonroot', 'var/run/secrets/kubernetes.io/serviceaccount'];
/** The environment of the base image. */
export const BASE_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  SSL_CERT_FILE: CERTIFICATES,
};

/** Fills an empty folder. `stages` are those of the Dockerfile, the last one being the image. */
export async function fillRootFolder(root: string, stages: readonly Stage[]): Promise<void> {
  await addBase(root);
  const image = stages.at(-1)!;
  const workingDirectory = image.last('WORKDIR')!;
  for (const { from, sources, destination } of image.copies) {
    const target = posix.resolve(workingDirectory, destination);
    const origin = from === undefined ? undefined : stages.find(({ name }) => name === from);
    for (const source of sources) {
      // What is built in a stage is built in this repository in the same way.
      const file = origin === undefined ? source : posix.relative(origin.last('WORKDIR')!, source);
      await add(root, join(REPOSITORY, file), destination.endsWith('/') ? join(target, basename(source)) : target);
    }
  }
  await setModes(root);
}

/** gcr.io/distroless/nodejs: Node, the libraries that it is linked with, CA certificates, the user; no shell. */
async function addBase(root: string): Promise<void> {
  await Promise.all(FOLDERS.map((folder) => mkdir(join(root, folder), { recursive: true })));
  await add(root, NODE, '/nodejs/bin/node');
  const { stdout } = await promisify(execFile)('ldd', [NODE]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) await add(root, library, library);
  if (await stat(CERTIFICATES).catch(() => undefined)) await add(root, CERTIFICATES, CERTIFICATES);
  await writeFile(join(root, 'etc/passwd'), 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
}

async function add(root: string, source: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, target)), { recursive: true });
  await copyFile(source, join(root, target));
}

/** Whatever the umask and the modes here are: in the image everybody can read everything and only root can change it. */
async function setModes(root: string): Promise<void> {
  const paths = await readdir(root, { recursive: true });
  for (const path of paths.map((name) => join(root, name))) {
    const { mode } = await stat(path);
    await chmod(path, (mode & 0o111) === 0 ? 0o644 : 0o755);
  }
  await chmod(join(root, 'tmp'), 0o1777);
}
