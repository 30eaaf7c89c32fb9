import type { EnvVar, SecurityContext, VolumeMount } from './api-types.js';
import type { CsiPod } from './csi-pod.js';
import { isController, when } from './csi-pod.js';
import { logDirectory, mount } from './volumes.js';

export function logArguments(pod: CsiPod, name: string): string[] {
  const file = `${logDirectory(pod)}/${name}.log`;
  return when(pod.parameters.logCollector, '--logtostderr=false', '--alsologtostderr=true', `--log_file=${file}`);
}

/** The environment of the driver's own container, before csiAddonsEndpointEnv. */
export function driverEnv(pod: CsiPod): EnvVar[] {
  return [
    fieldEnv('POD_IP', 'status.podIP'),
    fieldEnv('NODE_ID', 'spec.nodeName'),
    fieldEnv('POD_NAMESPACE', 'metadata.namespace'),
    csiEndpointEnv(pod),
  ];
}

export function csiAddonsEndpointEnv(pod: CsiPod): EnvVar[] {
  return when(pod.parameters.csiAddons, { name: 'CSIADDONS_ENDPOINT', value: 'unix:///csi/csi-addons.sock' });
}

export function csiAddonsEndpointArgument(pod: CsiPod): string[] {
  return when(pod.parameters.csiAddons, '--csi-addons-endpoint=$(CSIADDONS_ENDPOINT)');
}

export function csiEndpointEnv(pod: CsiPod): EnvVar {
  return { name: 'CSI_ENDPOINT', value: `unix:///csi/${isController(pod) ? 'csi-provisioner' : 'csi'}.sock` };
}

/** The directory of the CSI sockets that all containers of a pod share. */
export function socketMount(pod: CsiPod): VolumeMount {
  return mount(isController(pod) ? 'socket-dir' : 'plugin-dir', '/csi');
}

/**
 * On the nodes every sidecar is privileged: SELinux keeps others from a socket that the driver made. (Rook's templates
 * also add an empty list of capabilities, which Go leaves out of the JSON.)
 */
export function sidecarPrivileges(pod: CsiPod): { securityContext?: SecurityContext } {
  return isController(pod) ? {} : { securityContext: { privileged: true, capabilities: { drop: ['ALL'] } } };
}

export function fieldEnv(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** The privileges of a driver on the nodes, where it mounts volumes for other pods. */
export function nodeDriverPrivileges(): SecurityContext {
  return { privileged: true, capabilities: { add: ['SYS_ADMIN'], drop: ['ALL'] }, allowPrivilegeEscalation: true };
}

export function metadataArgument(pod: CsiPod): string[] {
  return when(pod.parameters.metadata, '--setmetadata=true');
}
