/** What Rook's CSI pods need beside their workloads before they can run: as Rook's manifests, its operator and csi-addons make it. */
import type { ControlPlane } from '../control-plane/control-plane.js';
import { provideNodePrograms } from './programs.js';

const ACCOUNTS = [
  'rook-ceph-system',
  'rook-csi-rbd-plugin-sa',
  'rook-csi-rbd-provisioner-sa',
  'rook-csi-cephfs-plugin-sa',
  'rook-csi-cephfs-provisioner-sa',
];

/** Creates the namespace and what is in it, and the definition of CSIAddonsNodes. */
export async function installRookPrerequisites(controlPlane: ControlPlane, namespace: string): Promise<void> {
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...ACCOUNTS.map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })),
    configMap(namespace, 'rook-ceph-csi-config', 'csi-cluster-config-json'),
    configMap(namespace, 'rook-ceph-csi-mapping-config', 'csi-mapping-config-json'),
    ...sidecarRights(namespace),
  ];
  const { csiAddonsNodes } = await provideNodePrograms((line) => console.error(line));
  await controlPlane.kubectl(['apply', '-f', csiAddonsNodes]);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin: list });
}

function configMap(namespace: string, name: string, key: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [key]: '[]' } };
}

/** Rook 1.17, common.yaml: what the csi-addons sidecars ask for, of all that its four accounts may. */
function sidecarRights(namespace: string): object[] {
  const name = 'rook-csi-addons';
  const rule = (apiGroup: string, resources: string[], verbs: string[]): object => {
    return { apiGroups: [apiGroup], resources, verbs };
  };
  const reading = ['get', 'list', 'watch'];
  const rules = [
    rule('csiaddons.openshift.io', ['csiaddonsnodes'], [...reading, 'create', 'update', 'delete']),
    rule('', ['pods', 'nodes'], reading),
    rule('apps', ['deployments', 'daemonsets', 'replicasets'], ['get']),
    rule('apps', ['deployments/finalizers', 'daemonsets/finalizers'], ['update']),
    rule('coordination.k8s.io', ['leases'], [...reading, 'create', 'update', 'patch', 'delete']),
    rule('authentication.k8s.io', ['tokenreviews'], ['create']),
    rule('', ['events'], ['create', 'patch']),
  ];
  const group = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: ACCOUNTS.map((account) => ({ kind: 'ServiceAccount', name: account, namespace })),
    },
  ];
}
