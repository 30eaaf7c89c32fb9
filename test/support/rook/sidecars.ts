import type { Container, ContainerPort } from './api-types.js';
import {
  csiAddonsEndpointEnv,
  csiEndpointEnv,
  fieldEnv,
  logArguments,
  sidecarPrivileges,
  socketMount,
} from './container-parts.js';
import { LEADER_ELECTION_TIMES, leaderElectionNamespace } from './controller-sidecars.js';
import type { CsiPod } from './csi-pod.js';
import { isController, when } from './csi-pod.js';
import type { CsiAddonsWorkload } from './names.js';
import { CSI_ADDONS_CONTAINER, LIVENESS_CONTAINER } from './names.js';
import { KUBELET, logDirectory, logMounts, mount } from './volumes.js';

/**
 * The csi-addons sidecar: none while CSI-addons is off.
 *
 * It binds its port on all addresses of the pod, so on the host network on all addresses of the node.
 */
export function csiAddons(pod: CsiPod, workload: CsiAddonsWorkload): Container[] {
  const port = pod.parameters.csiAddonsPorts[workload];
  return when(pod.parameters.csiAddons, {
    name: CSI_ADDONS_CONTAINER,
    image: pod.parameters.release.images.csiAddons,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--node-id=$(NODE_ID)',
      '--v=0',
      '--csi-addons-address=$(CSIADDONS_ENDPOINT)',
      `--controller-port=${port}`,
      '--pod=$(POD_NAME)',
      '--namespace=$(POD_NAMESPACE)',
      '--pod-uid=$(POD_UID)',
      `--stagingpath=${KUBELET}/plugins/kubernetes.io/csi/`,
      ...when(isController(pod), leaderElectionNamespace(pod), ...LEADER_ELECTION_TIMES),
      ...logArguments(pod, CSI_ADDONS_CONTAINER),
    ],
    ports: csiAddonsPorts(pod, port),
    env: [
      fieldEnv('NODE_ID', 'spec.nodeName'),
      fieldEnv('POD_UID', 'metadata.uid'),
      fieldEnv('POD_NAME', 'metadata.name'),
      fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
      ...csiAddonsEndpointEnv(pod),
    ],
    ...sidecarPrivileges(pod),
    volumeMounts: [socketMount(pod), ...logMounts(pod)],
  });
}

/** Rook names no protocol and no host port; the API server fills in TCP, and up to Kubernetes 1.27 the host port. */
function csiAddonsPorts(pod: CsiPod, port: number): ContainerPort[] {
  const storesHostPort = pod.hostNetwork && pod.parameters.storedHostPort === true;
  return [{ containerPort: port, ...(storesHostPort && { hostPort: port }), protocol: 'TCP' }];
}

/** The liveness sidecar: none while liveness is off. It declares no port, so the scheduler does not know of it. */
export function liveness(pod: CsiPod): Container[] {
  return when(pod.parameters.liveness, {
    name: LIVENESS_CONTAINER,
    image: pod.parameters.release.images.cephCsi,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--type=liveness',
      '--endpoint=$(CSI_ENDPOINT)',
      `--metricsport=${pod.parameters.livenessPorts[pod.driver]}`,
      '--metricspath=/metrics',
      '--polltime=60s',
      '--timeout=3s',
    ],
    env: [csiEndpointEnv(pod), fieldEnv('POD_IP', 'status.podIP')],
    ...sidecarPrivileges(pod),
    volumeMounts: [socketMount(pod)],
  });
}

/** The log collector: none while it is off. Rook appends it last, after all containers of the template. */
export function logCollector(pod: CsiPod): Container[] {
  const settings = `${pod.root}/logrotate-config/${pod.component}`;
  return when(pod.parameters.logCollector, {
    name: 'log-collector',
    image: pod.parameters.release.images.cephCsi,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c'],
    args: [rotateLogs(logDirectory(pod), settings)],
    volumeMounts: [mount('csi-logs-logrotate', settings), ...logMounts(pod)],
  });
}

/** Stands for Rook's script (daily, seven generations, 500 MB at most), which nothing but the container reads. */
function rotateLogs(logs: string, settings: string): string {
  return [
    `mkdir -p ${settings}`,
    `echo '${logs}/*.log { daily rotate 7 maxsize 500M missingok compress copytruncate }' > ${settings}/csi`,
    `while true; do logrotate --verbose ${settings}/csi; sleep 15m; done`,
    '',
  ].join('\n');
}

export function driverRegistrar(pod: CsiPod): Container {
  return {
    name: 'driver-registrar',
    image: pod.parameters.release.images.registrar,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--v=0',
      '--csi-address=/csi/csi.sock',
      `--kubelet-registration-path=${KUBELET}/plugins/${pod.driverName}/csi.sock`,
    ],
    env: [fieldEnv('KUBE_NODE_NAME', 'spec.nodeName')],
    ...sidecarPrivileges(pod),
    volumeMounts: [socketMount(pod), mount('registration-dir', '/registration')],
  };
}
