import type { Container, Deployment, Volume } from './api-types.js';
import {
  csiAddonsEndpointArgument,
  csiAddonsEndpointEnv,
  driverEnv,
  logArguments,
  metadataArgument,
  socketMount,
} from './container-parts.js';
import {
  controllerSidecar,
  crossNamespaceGate,
  LEADER_ELECTION_TIMES,
  leaderElectionNamespace,
  resizer,
  snapshotter,
} from './controller-sidecars.js';
import type { CsiParameters } from './csi-parameters.js';
import type { CsiPod } from './csi-pod.js';
import { provisionerPod } from './csi-pod.js';
import { CSI_WORKLOAD_NAMES } from './names.js';
import { csiAddons, liveness, logCollector } from './sidecars.js';
import { csiConfig, hostPath, inMemory, logMounts, logVolumes, mount, readOnlyMount } from './volumes.js';
import { provisionerDeployment } from './workload.js';

export function cephfsProvisioner(parameters: CsiParameters): Deployment {
  const pod = provisionerPod(parameters, 'cephfs');
  return provisionerDeployment(CSI_WORKLOAD_NAMES.cephfsProvisioner, pod, {
    containers: [
      attacher(pod),
      snapshotter(pod),
      resizer(pod),
      provisioner(pod),
      driver(pod),
      ...csiAddons(pod, 'cephfsProvisioner'),
      ...liveness(pod),
      ...logCollector(pod),
    ],
    volumes: volumes(pod),
  });
}

function attacher(pod: CsiPod): Container {
  return controllerSidecar(pod, 'attacher', [
    '--v=0',
    '--csi-address=$(ADDRESS)',
    '--leader-election=true',
    '--timeout=2m30s',
    leaderElectionNamespace(pod),
    ...LEADER_ELECTION_TIMES,
  ]);
}

function provisioner(pod: CsiPod): Container {
  return controllerSidecar(pod, 'provisioner', [
    '--csi-address=$(ADDRESS)',
    '--v=0',
    '--timeout=2m30s',
    '--retry-interval-start=500ms',
    '--leader-election=true',
    leaderElectionNamespace(pod),
    '--feature-gates=HonorPVReclaimPolicy=true',
    '--prevent-volume-mode-conversion=true',
    ...LEADER_ELECTION_TIMES,
    '--extra-create-metadata=true',
    ...crossNamespaceGate(pod),
  ]);
}

function driver(pod: CsiPod): Container {
  return {
    name: 'csi-cephfsplugin',
    image: pod.parameters.release.images.cephCsi,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--nodeid=$(NODE_ID)',
      '--type=cephfs',
      '--endpoint=$(CSI_ENDPOINT)',
      '--v=0',
      '--controllerserver=true',
      `--drivername=${pod.driverName}`,
      '--pidlimit=-1',
      '--forcecephkernelclient=true',
      ...logArguments(pod, 'csi-cephfsplugin'),
      ...metadataArgument(pod),
      ...csiAddonsEndpointArgument(pod),
    ],
    env: [...driverEnv(pod), ...csiAddonsEndpointEnv(pod)],
    volumeMounts: [
      socketMount(pod),
      mount('host-sys', '/sys'),
      readOnlyMount('lib-modules', '/lib/modules'),
      mount('host-dev', '/dev'),
      mount('ceph-csi-config', '/etc/ceph-csi-config/'),
      mount('keys-tmp-dir', '/tmp/csi/keys'),
      ...logMounts(pod),
    ],
  };
}

function volumes(pod: CsiPod): Volume[] {
  return [
    inMemory('socket-dir'),
    hostPath('host-sys', '/sys'),
    hostPath('lib-modules', '/lib/modules'),
    hostPath('host-dev', '/dev'),
    { name: 'ceph-csi-config', configMap: csiConfig() },
    inMemory('keys-tmp-dir'),
    ...logVolumes(pod),
  ];
}
