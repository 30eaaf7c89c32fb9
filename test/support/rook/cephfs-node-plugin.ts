import type { Container, DaemonSet, Volume } from './api-types.js';
import { driverEnv, logArguments, nodeDriverPrivileges, socketMount } from './container-parts.js';
import type { CsiParameters } from './csi-parameters.js';
import type { CsiPod } from './csi-pod.js';
import { nodePluginPod } from './csi-pod.js';
import { CSI_WORKLOAD_NAMES } from './names.js';
import { driverRegistrar, liveness, logCollector } from './sidecars.js';
import {
  csiConfig,
  hostPath,
  inMemory,
  KUBELET,
  logMounts,
  logVolumes,
  mount,
  propagatedMount,
  readOnlyMount,
} from './volumes.js';
import { nodePluginDaemonSet } from './workload.js';

/** The one workload of the four without csi-addons, in every Rook version. */
export function cephfsNodePlugin(parameters: CsiParameters): DaemonSet {
  const pod = nodePluginPod(parameters, 'cephfs');
  return nodePluginDaemonSet(CSI_WORKLOAD_NAMES.cephfsNodePlugin, pod, {
    containers: [driverRegistrar(pod), driver(pod), ...liveness(pod), ...logCollector(pod)],
    volumes: volumes(pod),
  });
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
      '--nodeserver=true',
      `--drivername=${pod.driverName}`,
      '--pidlimit=-1',
      '--forcecephkernelclient=true',
      ...logArguments(pod, 'csi-cephfsplugin'),
    ],
    env: driverEnv(pod),
    securityContext: nodeDriverPrivileges(),
    volumeMounts: [
      socketMount(pod),
      mount('ceph-csi-mountinfo', '/csi/mountinfo'),
      propagatedMount('csi-plugins-dir', `${KUBELET}/plugins`),
      propagatedMount('pods-mount-dir', `${KUBELET}/pods`),
      mount('host-sys', '/sys'),
      readOnlyMount('lib-modules', '/lib/modules'),
      mount('host-dev', '/dev'),
      mount('ceph-csi-config', '/etc/ceph-csi-config/'),
      mount('keys-tmp-dir', '/tmp/csi/keys'),
      mount('host-run-mount', '/run/mount'),
      ...logMounts(pod),
    ],
  };
}

function volumes(pod: CsiPod): Volume[] {
  return [
    hostPath('ceph-csi-mountinfo', `${KUBELET}/plugins/${pod.driverName}/mountinfo`, 'DirectoryOrCreate'),
    hostPath('plugin-dir', `${KUBELET}/plugins/${pod.driverName}/`, 'DirectoryOrCreate'),
    hostPath('csi-plugins-dir', `${KUBELET}/plugins`, 'Directory'),
    hostPath('registration-dir', `${KUBELET}/plugins_registry/`, 'Directory'),
    hostPath('pods-mount-dir', `${KUBELET}/pods`, 'Directory'),
    hostPath('host-sys', '/sys'),
    hostPath('lib-modules', '/lib/modules'),
    hostPath('host-dev', '/dev'),
    { name: 'ceph-csi-config', configMap: csiConfig() },
    inMemory('keys-tmp-dir'),
    hostPath('host-run-mount', '/run/mount'),
    ...logVolumes(pod),
  ];
}
