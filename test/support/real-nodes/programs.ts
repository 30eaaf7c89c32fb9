/** The programs of a real node and of the containers on it, built or fetched once, into the cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder as controlPlaneCache } from '../control-plane/binaries.js';
import { kubelet } from '../control-plane/programs.js';
import { buildPrograms, goProblem, type GoProgram, type Report } from '../go-programs/go-build.js';
import { type BuildPlan, cacheRoot, MODULE_NAMES, type ModuleName, planOf, sourceFolder } from './modules.js';
import { provideRunc, runcProblem } from './runc.js';

export interface NodePrograms {
  readonly kubelet: string;
  /** Finds its shim, containerd-shim-runc-v2, in its own folder. */
  readonly containerd: string;
  readonly ctr: string;
  /** The folder of the CNI plugins ptp, host-local and loopback. */
  readonly cniPlugins: string;
  readonly runc: string;
  /** Stands for each container of the CSI pods but the csi-addons sidecar: stand-in/main.go. */
  readonly standIn: string;
  /** The csi-addons sidecar itself. */
  readonly sidecar: string;
  /** What the sidecar comes with: the definition of CSIAddonsNode. */
  readonly csiAddonsNodes: string;
}

/** Builds what is missing, and reports the progress. What takes longest is needed first. */
export async function provideNodePrograms(report: Report): Promise<NodePrograms> {
  const kubernetes = await provide(kubeletPlan(), report);
  const containerd = await provideModule('containerd', report);
  const cniPlugins = await provideModule('cni', report);
  const runc = await provideRunc(runcFolder(), report);
  const standIn = await provideStandIn(report);
  const csiAddons = await provideModule('csi-addons', report);
  return {
    kubelet: join(kubernetes, 'kubelet'),
    containerd: join(containerd, 'containerd'),
    ctr: join(containerd, 'ctr'),
    cniPlugins,
    runc,
    standIn,
    sidecar: join(csiAddons, 'csi-addons-sidecar'),
    csiAddonsNodes: await provideDefinition(dirname(csiAddons)),
  };
}

const CSI_ADDONS = 'github.com/csi-addons/kubernetes-csi-addons';

/** Beside the sidecar, from the module that it was built from: a cluster of nodes has no network to fetch modules. */
async function provideDefinition(folder: string): Promise<string> {
  const file = join(folder, 'csiaddonsnodes.yaml');
  if (existsSync(file)) return file;
  const cwd = sourceFolder('csi-addons');
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', CSI_ADDONS], { cwd });
  const { Dir: module } = JSON.parse(stdout) as { Dir: string };
  await copyFile(join(module, 'config/crd/bases/csiaddons.openshift.io_csiaddonsnodes.yaml'), `${file}.new`);
  await rename(`${file}.new`, file);
  return file;
}

/** The stand-in alone, which is a small build. */
export async function provideStandIn(report: Report): Promise<string> {
  return join(await provideModule('stand-in', report), 'stand-in');
}

/** Why they cannot be provided here, in one line; undefined if they are there or can be made. */
export async function nodeProgramsProblem(): Promise<string | undefined> {
  for (const plan of [kubeletPlan(), ...(await Promise.all(MODULE_NAMES.map(planOf)))]) {
    const lastError = await buildProblem(plan);
    if (lastError !== undefined) return lastError;
  }
  return runcProblem(runcFolder());
}

/** Why the stand-in cannot be provided here. */
export async function standInProblem(): Promise<string | undefined> {
  return buildProblem(await planOf('stand-in'));
}

async function provideModule(name: ModuleName, report: Report): Promise<string> {
  return provide(await planOf(name), report);
}

/** The folder of the programs. */
async function provide(plan: BuildPlan, report: Report): Promise<string> {
  const lastError = await buildProblem(plan);
  if (lastError !== undefined) throw new Error(lastError);
  if (missingFrom(plan).length > 0) await buildPrograms(plan.folder, plan.programs, report);
  return join(plan.folder, 'bin');
}

async function buildProblem(plan: BuildPlan): Promise<string | undefined> {
  const [missing] = missingFrom(plan);
  if (missing === undefined) return undefined;
  const lastError = await goProblem(missing.module);
  return lastError === undefined ? undefined : `${missing.name} cannot be built: ${lastError}`;
}

function missingFrom({ folder, programs }: BuildPlan): readonly GoProgram[] {
  return programs.filter(({ name }) => !existsSync(join(folder, 'bin', name)));
}

/** Beside the API server, which is of the same release. */
function kubeletPlan(): BuildPlan {
  return { folder: controlPlaneCache(), programs: [kubelet()] };
}

function runcFolder(): string {
  return join(cacheRoot(), 'runc');
}
