/** Which programs each Go module of the real nodes brings, and the folder of the cache that they are built into. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoProgram } from '../go-programs/go-build.js';

const REPOSITORY = join(import.meta.dirname, '../../..');

const CONTAINERD = 'github.com/containerd/containerd/v2/cmd';
const CNI_PLUGINS = 'github.com/containernetworking/plugins/plugins';
/** Snapshotters for file systems that no node has here, and traces that nothing collects. */
const LEFT_OUT = ['no_btrfs', 'no_devmapper', 'no_zfs', 'no_tracing'];

/** In the order of the build. Each module has a go.mod of its own, so that none decides another's dependencies. */
const MODULES = {
  containerd: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => {
    return { name, path: `${CONTAINERD}/${name}`, tags: LEFT_OUT };
  }),
  cni: [
    { name: 'ptp', path: `${CNI_PLUGINS}/main/ptp` },
    { name: 'host-local', path: `${CNI_PLUGINS}/ipam/host-local` },
    { name: 'loopback', path: `${CNI_PLUGINS}/main/loopback` },
  ],
  'stand-in': [{ name: 'stand-in', path: '.' }],
  'csi-addons': [{ name: 'csi-addons-sidecar', path: 'github.com/csi-addons/kubernetes-csi-addons/sidecar' }],
} satisfies Record<string, readonly Omit<GoProgram, 'module'>[]>;

export type ModuleName = keyof typeof MODULES;

export const MODULE_NAMES = Object.keys(MODULES) as ModuleName[];

/** The programs that belong into `folder`/bin. */
export interface BuildPlan {
  readonly folder: string;
  readonly programs: readonly GoProgram[];
}

export async function planOf(name: ModuleName): Promise<BuildPlan> {
  const module = sourceFolder(name);
  const programs = MODULES[name].map((program) => ({ ...program, module }));
  return { folder: join(cacheRoot(), `${name}-${await digestOf(module)}`), programs };
}

/** The folder of the go.mod. */
export function sourceFolder(name: ModuleName): string {
  return join(import.meta.dirname, ...(name === 'stand-in' ? [] : ['go']), name);
}

/** Of the pins, and of the sources where the module has some: another version of either gets a folder of its own. */
export async function digestOf(module: string): Promise<string> {
  const files = (await readdir(module)).filter((file) => file === 'go.mod' || file.endsWith('.go'));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file}\n`).update(await readFile(join(module, file)));
  return hash.digest('hex').slice(0, 12);
}

/** REAL_NODES_CACHE lets several checkouts share one cache. */
export function cacheRoot(): string {
  return process.env.REAL_NODES_CACHE ?? join(REPOSITORY, '.cache/real-nodes');
}
