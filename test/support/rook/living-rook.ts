/** A Rook that runs: the program of these tests, or Rook's own. Tests that know only this run with either. */
import { onTestFinished } from 'vitest';
import type { Cluster, RookOptions } from '../cluster.js';
import { waitFor } from '../control-plane/wait-for.js';
import { RookProcess, rookBinary, type RookBinary } from './binary.js';
import { installClusterInfo } from './cluster-info.js';
import type { RookInstallation } from './installation.js';
import { RookProgram, type RookProgramOptions } from './program/rook-program.js';
import type { RookVersion } from './release.js';
import { CSI_WORKLOADS } from './render.js';
import { RookWrites } from './rook-writes.js';

export interface LivingRook {
  /** Waits until it has dealt with its settings as they are, and has no pass left to make. */
  settled(): Promise<void>;
  /** In a new pod. */
  restart(): Promise<void>;
  /** The same as another version; absent for a binary, which is one version. */
  upgrade?: (version: RookVersion) => Promise<void>;
}

export interface RookKind {
  readonly name: string;
  /** Whether each workload has a key: from 1.16.5 on. */
  readonly hasThreeKeys: boolean;
  readonly install: RookOptions;
  readonly start: (cluster: Cluster, rook: RookInstallation) => Promise<LivingRook>;
}

export function programKind(version: RookVersion, options: Partial<RookProgramOptions> = {}): RookKind {
  return {
    name: `program ${version}`,
    hasThreeKeys: version !== '1.16.4',
    install: { version },
    start: async (cluster, rook) => {
      const program = await startProgram(cluster, rook, { version, ...options });
      return {
        settled: () => program.settled(),
        restart: async () => program.restart({ podName: await rook.replaceOperatorPod() }),
        upgrade: async (to) => {
          await program.restart({ version: to, podName: await rook.replaceOperatorPod(`rook/ceph:v${to}`) });
        },
      };
    },
  };
}

/** Stopped after the test, which then fails where the program ended by itself. */
export async function startProgram(
  { controlPlane }: Pick<Cluster, 'controlPlane'>,
  rook: RookInstallation,
  options: Pick<RookProgramOptions, 'version'> & Partial<RookProgramOptions>,
): Promise<RookProgram> {
  const { server, ca, adminToken: token } = controlPlane;
  const { namespace } = rook;
  const podName = await rook.operatorPod();
  const program = RookProgram.start({ access: { server, ca, token }, namespace, podName, ...options });
  onTestFinished(() => program.stop());
  return program;
}

/** Longer than a pass and the pause between two retries, and than the 4 s from the first pass of all to the second. */
const SILENCE_MS = 5_000;

export function binaryKind({ path, crds, version }: RookBinary): RookKind {
  return {
    name: `binary ${version}`,
    hasThreeKeys: hasThreeKeys(version),
    // One CephCluster, in Rook's own namespace.
    install: { namespace: 'rook-ceph', image: `rook/ceph:v${version}` },
    start: async ({ controlPlane }, rook) => {
      await installClusterInfo(controlPlane, crds);
      let running = await RookProcess.start(controlPlane, path, await rook.operatorPod());
      onTestFinished(() => running.stop());
      await waitFor('Rook to have made its workloads', () => rook.layout());
      const writes = new RookWrites(controlPlane.audit, rook.namespace);
      return {
        settled: async () => {
          await writes.waitForSilence(SILENCE_MS);
          running.assertRunning();
        },
        restart: async () => {
          await running.stop();
          const mark = await writes.mark();
          running = await RookProcess.start(controlPlane, path, await rook.replaceOperatorPod());
          await writes.waitForPuts(mark, CSI_WORKLOADS.length);
        },
      };
    },
  };
}

/** Those that a suite runs with: Rook's own where the environment names it. */
export function rookKinds(...versions: RookVersion[]): RookKind[] {
  const binary = rookBinary(process.env);
  return [...versions.map((version) => programKind(version)), ...('skipped' in binary ? [] : [binaryKind(binary)])];
}

function hasThreeKeys(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 1) return major > 1;
  return minor > 16 || (minor === 16 && patch >= 5);
}
