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
import {
  csiConfig,
  csiMappingConfig,
  hostPath,
  inMemory,
  logMounts,
  logVolumes,
  mount,
  oidcToken,
  readOnlyMount,
} from './volumes.js';
import { provisionerDeployment } from './workload.js';

export function rbdProvisioner(parameters: CsiParameters): Deployment {
  const pod = provisionerPod(parameters, 'rbd');
  return provisionerDeployment(CSI_WORKLOAD_NAMES.rbdProvisioner, pod, {
    // csi-addons comes before the driver here and after it in the CephFS provisioner: find it by name, not by index.
    containers: [
      provisioner(pod),
      resizer(pod),
      attacher(pod),
      snapshotter(pod),
      ...csiAddons(pod, 'rbdProvisioner'),
      driver(pod),
      ...liveness(pod),
      ...logCollector(pod),
    ],
    volumes: volumes(pod),
  });
}

function provisioner(pod: CsiPod): Container {
  return controllerSidecar(pod, 'provisioner', [
    '--csi-address=$(ADDRESS)',
    '--v=0',
    '--timeout=2m30s',
    '--retry-interval-start=500ms',
    '--leader-election=true',
    leaderElectionNamespace(pod),
    ...LEADER_ELECTION_TIMES,
    '--default-fstype=ext4',
    '--extra-create-metadata=true',
    '--prevent-volume-mode-conversion=true',
    '--feature-gates=HonorPVReclaimPolicy=true',
    ...crossNamespaceGate(pod),
    '--feature-gates=Topology=false',
  ]);
}

function attacher(pod: CsiPod): Container {
  return controllerSidecar(pod, 'attacher', [
    '--v=0',
    '--timeout=2m30s',
    '--csi-address=$(ADDRESS)',
    '--leader-election=true',
    leaderElectionNamespace(pod),
    ...LEADER_ELECTION_TIMES,
    '--default-fstype=ext4',
  ]);
}

function driver(pod: CsiPod): Container {
  return {
    name: 'csi-rbdplugin',
    image: pod.parameters.release.images.cephCsi,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--nodeid=$(NODE_ID)',
      '--endpoint=$(CSI_ENDPOINT)',
      '--v=0',
      '--type=rbd',
      '--controllerserver=true',
      `--drivername=${pod.driverName}`,
      '--pidlimit=-1',
      ...logArguments(pod, 'csi-rbdplugin'),
      ...csiAddonsEndpointArgument(pod),
      ...metadataArgument(pod),
    ],
    env: [...driverEnv(pod), ...csiAddonsEndpointEnv(pod)],
    volumeMounts: [
      socketMount(pod),
      mount('host-dev', '/dev'),
      ...logMounts(pod),
      mount('host-sys', '/sys'),
      readOnlyMount('lib-modules', '/lib/modules'),
      mount('ceph-csi-configs', '/etc/ceph-csi-config/'),
      mount('keys-tmp-dir', '/tmp/csi/keys'),
      readOnlyMount('oidc-token', '/run/secrets/tokens'),
    ],
  };
}

function volumes(pod: CsiPod): Volume[] {
  return [
    hostPath('host-dev', '/dev'),
    ...logVolumes(pod),
    hostPath('host-sys', '/sys'),
    hostPath('lib-modules', '/lib/modules'),
    inMemory('socket-dir'),
    {
      name: 'ceph-csi-configs',
      projected: { sources: [{ configMap: csiConfig() }, { configMap: csiMappingConfig() }] },
    },
    inMemory('keys-tmp-dir'),
    oidcToken(),
  ];
}
