/** What Rook's own program wants to find before it cares for the CSI workloads: a Ceph cluster, by name only. */
import type { KubeObject } from '../control-plane/admin-api.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { waitFor } from '../control-plane/wait-for.js';

const NAMESPACE = 'rook-ceph';

/** docs/maintainer/rook.md, Running Rook itself: with these it believes in an external cluster, and never talks to it. */
const OBJECTS: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'rook-ceph-mon', namespace: NAMESPACE },
    type: 'kubernetes.io/rook',
    stringData: {
      fsid: '11111111-2222-3333-4444-555555555555',
      'mon-secret': 'secret',
      'ceph-username': 'client.admin',
      'ceph-secret': 'secret',
      'cluster-name': NAMESPACE,
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'rook-ceph-mon-endpoints', namespace: NAMESPACE },
    data: { data: 'a=10.1.1.1:6789', mapping: '{}', maxMonId: '0' },
  },
  {
    apiVersion: 'ceph.rook.io/v1',
    kind: 'CephCluster',
    metadata: { name: NAMESPACE, namespace: NAMESPACE },
    spec: { external: { enable: true }, crashCollector: { disable: true }, dataDirHostPath: '/var/lib/rook' },
  },
];

/** May be called again. The CRDs are too big for a client-side apply. */
export async function installClusterInfo(controlPlane: ControlPlane, crds: string): Promise<void> {
  await controlPlane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', crds]);
  await waitFor('the API server to serve CephClusters', () =>
    controlPlane.api.list(`/apis/ceph.rook.io/v1/namespaces/${NAMESPACE}/cephclusters`),
  );
  const stdin = OBJECTS.map((object) => JSON.stringify(object)).join('\n---\n');
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin });
}
