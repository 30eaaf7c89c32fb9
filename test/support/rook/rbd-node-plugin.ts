import type { Container, DaemonSet, Volume } from './api-types.js';
import {
  csiAddonsEndpointArgument,
  csiAddonsEndpointEnv,
  driverEnv,
  logArguments,
  nodeDriverPrivileges,
  socketMount,
} from './container-parts.js';
import type { CsiParameters } from './csi-parameters.js';
import type { CsiPod } from './csi-pod.js';
import { nodePluginPod } from './csi-pod.js';
import { CSI_WORKLOAD_NAMES } from './names.js';
import { csiAddons, driverRegistrar, liveness, logCollector } from './sidecars.js';
import {
  csiConfig,
  csiMappingConfig,
  hostPath,
  inMemory,
  KUBELET,
  logMounts,
  logVolumes,
  mount,
  oidcToken,
  propagatedMount,
  readOnlyMount,
} from './volumes.js';
import { nodePluginDaemonSet } from './workload.js';

export function rbdNodePlugin(parameters: CsiParameters): DaemonSet {
  const pod = nodePluginPod(parameters, 'rbd');
  return nodePluginDaemonSet(CSI_WORKLOAD_NAMES.rbdNodePlugin, pod, {
    hostPID: true,
    containers: [
      driverRegistrar(pod),
      driver(pod),
      ...csiAddons(pod, 'rbdNodePlugin'),
      ...liveness(pod),
      ...logCollector(pod),
    ],
    volumes: volumes(pod),
  });
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
      '--nodeserver=true',
      `--drivername=${pod.driverName}`,
      '--pidlimit=-1',
      `--stagingpath=${KUBELET}/plugins/kubernetes.io/csi/`,
      ...logArguments(pod, 'csi-rbdplugin'),
      ...csiAddonsEndpointArgument(pod),
    ],
    env: [...driverEnv(pod), ...csiAddonsEndpointEnv(pod)],
    securityContext: nodeDriverPrivileges(),
    volumeMounts: [
      socketMount(pod),
      propagatedMount('pods-mount-dir', `${KUBELET}/pods`),
      propagatedMount('plugin-mount-dir', `${KUBELET}/plugins`),
      mount('host-dev', '/dev'),
      mount('host-sys', '/sys'),
      readOnlyMount('lib-modules', '/lib/modules'),
      mount('ceph-csi-configs', '/etc/ceph-csi-config/'),
      mount('keys-tmp-dir', '/tmp/csi/keys'),
      mount('host-run-mount', '/run/mount'),
      ...logMounts(pod),
      readOnlyMount('oidc-token', '/run/secrets/tokens'),
    ],
  };
}

function volumes(pod: CsiPod): Volume[] {
  return [
    hostPath('plugin-dir', `${KUBELET}/plugins/${pod.driverName}`, 'DirectoryOrCreate'),
    ...logVolumes(pod),
    hostPath('plugin-mount-dir', `${KUBELET}/plugins`, 'Directory'),
    hostPath('registration-dir', `${KUBELET}/plugins_registry/`, 'Directory'),
    hostPath('pods-mount-dir', `${KUBELET}/pods`, 'Directory'),
    hostPath('host-dev', '/dev'),
    hostPath('host-sys', '/sys'),
    hostPath('lib-modules', '/lib/modules'),
    {
      name: 'ceph-csi-configs',
      projected: { sources: [{ configMap: csiConfig() }, { configMap: csiMappingConfig() }] },
    },
    inMemory('keys-tmp-dir'),
    hostPath('host-run-mount', '/run/mount'),
    oidcToken(),
  ];
}
