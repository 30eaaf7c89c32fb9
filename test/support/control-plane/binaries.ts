import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { downloadEnvtest } from './envtest-archive.js';
import { KUBERNETES_VERSION } from './kubernetes-version.js';
import { buildControlPlane, buildProblem } from './programs.js';

/** Enough to store and serve objects. */
const SERVING = ['etcd', 'kube-apiserver', 'kubectl'] as const;
/** What turns workloads into scheduled, running pods: the envtest archives leave these out. */
const SCHEDULING = ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
export const BINARY_NAMES = [...SERVING, ...SCHEDULING];
export type BinaryName = (typeof BINARY_NAMES)[number];

export interface Binaries {
  readonly directory: string;
  /** Whether the controllers, the scheduler and kwok are there too: without them no pod is ever created or scheduled. */
  readonly complete: boolean;
  path(name: BinaryName): string;
}

const REPOSITORY = join(import.meta.dirname, '../../..');

/** The folder of everything cached for this release; CONTROL_PLANE_CACHE lets several checkouts share one cache. */
export function cacheFolder(): string {
  const root = process.env.CONTROL_PLANE_CACHE ?? join(REPOSITORY, '.cache/control-plane');
  return join(root, `v${KUBERNETES_VERSION}`);
}

/**
 * Finds the programs of a control plane, and makes them when there are none: KUBEBUILDER_ASSETS, the cache, `go build`
 * (about six minutes, once), the envtest archive. Progress and the reason for every detour go to `report`.
 */
export async function provideBinaries(report: (line: string) => void): Promise<Binaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== '') return fromAssets(assets, report);

  const built = join(cacheFolder(), 'bin');
  if (missingFrom(built, BINARY_NAMES).length === 0) return binariesIn(built);
  const lastError = await buildProblem();
  if (lastError === undefined) {
    await buildControlPlane(cacheFolder(), report);
    return binariesIn(built);
  }

  const downloaded = join(cacheFolder(), 'envtest');
  if (missingFrom(downloaded, SERVING).length > 0) {
    report(
      `No Go to build the control plane with (${lastError}): downloading the envtest archive, which has no scheduler.`,
    );
    await downloadEnvtest(KUBERNETES_VERSION, downloaded, report);
  }
  return binariesIn(downloaded);
}

function fromAssets(folder: string, report: (line: string) => void): Binaries {
  const missing = missingFrom(folder, SERVING);
  if (missing.length > 0) throw new Error(`KUBEBUILDER_ASSETS names ${folder}, which lacks ${missing.join(', ')}`);
  const absent = missingFrom(folder, SCHEDULING);
  if (absent.length > 0) report(`KUBEBUILDER_ASSETS lacks ${absent.join(', ')}: no pod will be scheduled.`);
  return binariesIn(folder);
}

function missingFrom(folder: string, names: readonly BinaryName[]): BinaryName[] {
  return names.filter((name) => !existsSync(join(folder, name)));
}

function binariesIn(directory: string): Binaries {
  const complete = missingFrom(directory, BINARY_NAMES).length === 0;
  return { directory, complete, path: (name) => join(directory, name) };
}
