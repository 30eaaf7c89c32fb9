/** The programs of a control plane as Go modules build them. */
import { join } from 'node:path';
import { buildPrograms, goProblem, type GoProgram, type Report } from '../go-programs/go-build.js';
import type { BinaryName } from './binaries.js';
import { KUBERNETES_VERSION, pinnedKubernetesVersion } from './kubernetes-version.js';

const MODULES = join(import.meta.dirname, 'go');

const PATHS: Readonly<Record<BinaryName, { module: 'kubernetes' | 'kwok'; path: string }>> = {
  etcd: { module: 'kubernetes', path: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kube-scheduler': { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  kubectl: { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kubectl' },
  kwok: { module: 'kwok', path: 'sigs.k8s.io/kwok/cmd/kwok' },
};

/** Why they cannot be built here, or undefined when they can. */
export function buildProblem(): Promise<string | undefined> {
  return goProblem(join(MODULES, 'kubernetes'));
}

/** Builds what is missing from `folder`/bin. */
export async function buildControlPlane(folder: string, report: Report): Promise<void> {
  const pinned = await pinnedKubernetesVersion();
  if (pinned !== KUBERNETES_VERSION) {
    throw new Error(
      `KUBERNETES_VERSION is ${KUBERNETES_VERSION} but go/kubernetes/go.mod pins ${pinned ?? 'no k8s.io/kubernetes'}: ` +
        `run test/support/control-plane/go/pin.sh ${KUBERNETES_VERSION}`,
    );
  }
  await buildPrograms(folder, Object.entries(PATHS).map(programOf), report);
}

/** The kubelet of the same release, from the same module: only real nodes have a use for it. */
export function kubelet(): GoProgram {
  return programOf(['kubelet', { module: 'kubernetes', path: 'k8s.io/kubernetes/cmd/kubelet' }]);
}

function programOf([name, { module, path }]: [string, { module: string; path: string }]): GoProgram {
  const [major, minor] = KUBERNETES_VERSION.split('.') as [string, string];
  const version = 'k8s.io/component-base/version';
  return {
    name,
    module: join(MODULES, module),
    path,
    // Without them the server would call itself v0.0.0-master, and clients judge features by its version.
    variables: {
      [`${version}.gitVersion`]: `v${KUBERNETES_VERSION}`,
      [`${version}.gitMajor`]: major,
      [`${version}.gitMinor`]: minor,
    },
  };
}
