import type { ConfigMapProjection, Volume, VolumeMount } from './api-types.js';
import type { CsiPod } from './csi-pod.js';
import { when } from './csi-pod.js';

export const KUBELET = '/var/lib/kubelet';

export function mount(name: string, mountPath: string): VolumeMount {
  return { name, mountPath };
}

export function readOnlyMount(name: string, mountPath: string): VolumeMount {
  return { name, mountPath, readOnly: true };
}

/** A mount through which mounts made inside the container reach the node, and with it the pods. */
export function propagatedMount(name: string, mountPath: string): VolumeMount {
  return { name, mountPath, mountPropagation: 'Bidirectional' };
}

export function hostPath(name: string, path: string, type?: 'Directory' | 'DirectoryOrCreate'): Volume {
  return { name, hostPath: { path, ...(type && { type }) } };
}

export function inMemory(name: string): Volume {
  return { name, emptyDir: { medium: 'Memory' } };
}

/** The clusters' mon endpoints, and for RBD also the mapping of pools and clusters under mirroring. */
export function csiConfig(): ConfigMapProjection {
  return { name: 'rook-ceph-csi-config', items: [{ key: 'csi-cluster-config-json', path: 'config.json' }] };
}

export function csiMappingConfig(): ConfigMapProjection {
  return {
    name: 'rook-ceph-csi-mapping-config',
    items: [{ key: 'csi-mapping-config-json', path: 'cluster-mapping.json' }],
  };
}

/** The token with which the RBD driver authenticates to a key management system. */
export function oidcToken(): Volume {
  const token = { path: 'oidc-token', expirationSeconds: 3600, audience: 'ceph-csi-kms' };
  return { name: 'oidc-token', projected: { sources: [{ serviceAccountToken: token }] } };
}

export function logMounts(pod: CsiPod): VolumeMount[] {
  return when(pod.parameters.logCollector, mount('csi-log', logDirectory(pod)));
}

export function logVolumes(pod: CsiPod): Volume[] {
  return when(
    pod.parameters.logCollector,
    hostPath('csi-log', logDirectory(pod), 'DirectoryOrCreate'),
    // Rook 1.16.4 and 1.17.9 write a `type` here, which emptyDir does not know and Rook's own decoding drops.
    { name: 'csi-logs-logrotate', emptyDir: {} },
  );
}

export function logDirectory(pod: CsiPod): string {
  return `${pod.root}/log/${pod.component}`;
}
