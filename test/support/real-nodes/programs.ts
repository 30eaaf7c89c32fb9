/** The programs of a real node and of the containers on it, built or fetched once, into the cache. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder as controlPlaneCache } from '../control-plane/binaries.js';
import { kubelet } from '../control-plane/programs.js';
import { buildPrograms, goProblem, type GoProgram, type Report } from '../go-programs/go-build.js';
import { provideRunc, runcProblem } from './runc.js';

const REPOSITORY = join(import.meta.dirname, '../../..');

export interface NodePrograms {
  readonly kubelet: string;
  /** Looks for its shim beside itself, where it is. */
  readonly containerd: string;
  readonly ctr: string;
  /** The folder of the CNI plugins ptp, host-local and loopback. */
  readonly cniPlugins: string;
  readonly runc: string;
  /** Stands for each container of the CSI pods but the csi-addons sidecar: stand-in/main.go. */
  readonly standIn: string;
  /** The csi-addons sidecar itself. */
  readonly sidecar: string;
}

const SHIM = 'containerd-shim-runc-v2';
const CNI_PLUGINS = ['main/ptp', 'ipam/host-local', 'main/loopback'];

const CONTAINERD = 'github.com/containerd/containerd/v2/cmd';
/** Snapshotters for file systems that no node has here, and traces that nothing collects. */
const LEFT_OUT = ['no_btrfs', 'no_devmapper', 'no_zfs', 'no_tracing'];

/** In the order of the build. Each folder pins its programs in a go.mod of its own. */
const MODULES = {
  containerd: ['containerd', SHIM, 'ctr'].map((name) => ({ name, path: `${CONTAINERD}/${name}`, tags: LEFT_OUT })),
  cni: CNI_PLUGINS.map((path) => ({
    name: path.replace(/^.*\//, ''),
    path: `github.com/containernetworking/plugins/plugins/${path}`,
  })),
  'stand-in': [{ name: 'stand-in', path: '.' }],
  'csi-addons': [{ name: 'csi-addons-sidecar', path: 'github.com/csi-addons/kubernetes-csi-addons/sidecar' }],
} satisfies Record<string, readonly Omit<GoProgram, 'module'>[]>;

type ModuleName = keyof typeof MODULES;

/** A folder of the cache, and what belongs into its bin. */
interface BuildPlan {
  readonly folder: string;
  readonly programs: readonly GoProgram[];
}

/** Builds what is missing, and reports the progress: some five minutes on two cores with an empty cache. */
export async function provideNodePrograms(report: Report): Promise<NodePrograms> {
  const ofKubernetes = kubeletPlan();
  await provide(ofKubernetes, report);
  const containerd = await provideModule('containerd', report);
  const cniPlugins = await provideModule('cni', report);
  const runc = await provideRunc(join(cacheRoot(), 'runc'), report);
  const standIn = await provideModule('stand-in', report);
  const csiAddons = await provideModule('csi-addons', report);
  return {
    kubelet: join(ofKubernetes.folder, 'bin/kubelet'),
    containerd: join(containerd, 'containerd'),
    ctr: join(containerd, 'ctr'),
    cniPlugins,
    runc,
    standIn: join(standIn, 'stand-in'),
    sidecar: join(csiAddons, 'csi-addons-sidecar'),
  };
}

/** Why they cannot be provided here, in one line; undefined if they are there or can be made. */
export async function nodeProgramsProblem(): Promise<string | undefined> {
  for (const plan of [kubeletPlan(), ...(await Promise.all(moduleNames().map(modulePlan)))]) {
    const [missing] = missingFrom(plan);
    const lastError = missing === undefined ? undefined : await goProblem(missing.module);
    if (missing !== undefined && lastError !== undefined) return `${missing.name} cannot be built: ${lastError}`;
  }
  return runcProblem(join(cacheRoot(), 'runc'));
}

function moduleNames(): ModuleName[] {
  return Object.keys(MODULES) as ModuleName[];
}

async function provideModule(name: ModuleName, report: Report): Promise<string> {
  const plan = await modulePlan(name);
  await provide(plan, report);
  return join(plan.folder, 'bin');
}

async function provide(plan: BuildPlan, report: Report): Promise<void> {
  const [missing] = missingFrom(plan);
  if (missing === undefined) return;
  const lastError = await goProblem(missing.module);
  if (lastError !== undefined) throw new Error(`${missing.name} cannot be built: ${lastError}`);
  await buildPrograms(plan.folder, plan.programs, report);
}

function missingFrom({ folder, programs }: BuildPlan): readonly GoProgram[] {
  return programs.filter(({ name }) => !existsSync(join(folder, 'bin', name)));
}

/** Beside the API server, which is of the same release. */
function kubeletPlan(): BuildPlan {
  return { folder: controlPlaneCache(), programs: [kubelet()] };
}

async function modulePlan(name: ModuleName): Promise<BuildPlan> {
  const module = moduleFolder(name);
  const programs = MODULES[name].map((program) => ({ ...program, module }));
  return { folder: join(cacheRoot(), `${name}-${await digestOf(module)}`), programs };
}

function moduleFolder(name: ModuleName): string {
  return join(import.meta.dirname, ...(name === 'stand-in' ? [] : ['go']), name);
}

/** Of the pins, and of the sources where they are in the folder: another version of either has a folder of its own. */
async function digestOf(module: string): Promise<string> {
  const files = (await readdir(module)).filter((file) => /\.go$|^go\.mod$/.test(file)).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(await readFile(join(module, file)));
  return hash.digest('hex').slice(0, 12);
}

/** REAL_NODES_CACHE lets several checkouts share one cache. */
function cacheRoot(): string {
  return process.env.REAL_NODES_CACHE ?? join(REPOSITORY, '.cache/real-nodes');
}
