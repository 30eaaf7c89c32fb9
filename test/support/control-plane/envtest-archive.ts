import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

/** The index that controller-runtime's setup-envtest reads. */
const INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';

interface Archive {
  /** SHA-512, hex. */
  hash: string;
  selfLink: string;
}
/** Release ("v1.36.0") -> file name ("envtest-v1.36.0-linux-amd64.tar.gz") -> archive. */
type Releases = Record<string, Record<string, Archive>>;

/** Puts etcd, kube-apiserver and kubectl of that minor release into `folder`, all or none. */
export async function downloadEnvtest(version: string, folder: string, report: (line: string) => void): Promise<void> {
  const index = parse((await fetchBytes(INDEX)).toString('utf8')) as { releases: Releases };
  const { name, archive } = chooseArchive(index.releases, version, platform());
  report(`Downloading ${name} …`);
  const bytes = await fetchBytes(archive.selfLink);
  const hash = createHash('sha512').update(bytes).digest('hex');
  if (hash !== archive.hash) throw new Error(`${archive.selfLink} has SHA-512 ${hash}; the index says ${archive.hash}`);

  await mkdir(dirname(folder), { recursive: true });
  const workspace = await mkdtemp(join(dirname(folder), 'download-'));
  try {
    // The programs are in controller-tools/envtest/ of the archive.
    await unpack(bytes, ['-xzf', '-', '-C', workspace, '--strip-components=2']);
    await rm(folder, { recursive: true, force: true });
    await rename(workspace, folder);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Envtest is not published for every patch release: any of the same minor serves the same API, so take the newest. */
export function chooseArchive(
  releases: Releases,
  version: string,
  platform: string,
): { name: string; archive: Archive } {
  const minor = `v${version.split('.').slice(0, 2).join('.')}.`;
  const candidates = Object.keys(releases)
    .filter((release) => release.startsWith(minor) && !release.includes('-'))
    .sort((a, b) => Number(b.slice(minor.length)) - Number(a.slice(minor.length)));
  const preferred = [`v${version}`, ...candidates];
  for (const release of preferred) {
    const name = `envtest-${release}-${platform}.tar.gz`;
    const archive = releases[release]?.[name];
    if (archive !== undefined) return { name, archive };
  }
  throw new Error(`There is no envtest archive of Kubernetes ${minor}x for ${platform}: install Go to build it.`);
}

function platform(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${process.platform}-${architecture}`;
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Error(`GET ${url} failed; KUBEBUILDER_ASSETS may name a folder with the programs instead`, { cause });
  });
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function unpack(bytes: Buffer, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const tar = spawn('tar', args, { stdio: ['pipe', 'ignore', 'inherit'] });
    tar.on('error', reject);
    tar.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`tar ended with exit code ${code ?? '?'}`));
    });
    // When tar gives up early its exit code tells; the broken pipe adds nothing.
    tar.stdin.on('error', () => undefined);
    tar.stdin.end(bytes);
  });
}
