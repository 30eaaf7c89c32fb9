import type { Container } from './api-types.js';
import { socketMount } from './container-parts.js';
import type { CsiPod } from './csi-pod.js';
import { when } from './csi-pod.js';

/** One of the upstream controllers beside the driver; they elect a leader each and listen on no port. */
export function controllerSidecar(
  pod: CsiPod,
  role: 'provisioner' | 'resizer' | 'attacher' | 'snapshotter',
  args: string[],
): Container {
  // Rook 1.16.4 and 1.17.9 give all but the attacher the address as a URL.
  const address = role === 'attacher' ? '/csi/csi-provisioner.sock' : 'unix:///csi/csi-provisioner.sock';
  return {
    name: `csi-${role}`,
    image: pod.parameters.release.images[role],
    imagePullPolicy: 'IfNotPresent',
    args,
    env: [{ name: 'ADDRESS', value: address }],
    volumeMounts: [socketMount(pod)],
  };
}

/** Identical for both drivers, unlike the arguments of provisioner and attacher. */
export function resizer(pod: CsiPod): Container {
  return controllerSidecar(pod, 'resizer', [
    '--csi-address=$(ADDRESS)',
    '--v=0',
    '--timeout=2m30s',
    '--leader-election=true',
    leaderElectionNamespace(pod),
    ...LEADER_ELECTION_TIMES,
    '--handle-volume-inuse-error=false',
    '--feature-gates=RecoverVolumeExpansionFailure=true',
  ]);
}

/** Identical for both drivers. Without the CRD of VolumeGroupSnapshotClass Rook adds no group snapshot gate. */
export function snapshotter(pod: CsiPod): Container {
  return controllerSidecar(pod, 'snapshotter', [
    '--csi-address=$(ADDRESS)',
    '--v=0',
    '--timeout=2m30s',
    '--leader-election=true',
    leaderElectionNamespace(pod),
    ...LEADER_ELECTION_TIMES,
    '--extra-create-metadata=true',
  ]);
}

export function leaderElectionNamespace(pod: CsiPod): string {
  return `--leader-election-namespace=${pod.parameters.namespace}`;
}

/** Rook 1.16.4 and 1.17.9, csi defaults. A provisioner's Recreate can leave a role without a leader that long. */
export const LEADER_ELECTION_TIMES: readonly string[] = [
  '--leader-election-lease-duration=2m17s',
  '--leader-election-renew-deadline=1m47s',
  '--leader-election-retry-period=26s',
];

export function crossNamespaceGate(pod: CsiPod): string[] {
  return when(pod.parameters.release.namesCrossNamespaceGate, '--feature-gates=CrossNamespaceVolumeDataSource=false');
}
