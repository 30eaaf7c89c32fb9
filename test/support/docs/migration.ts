/** The side of ceph-csi-operator in a switch, of which docs/admin/migrate.md speaks. */
import { CephCsiOperator } from '../ceph-csi-operator/ceph-csi-operator.js';
import type { Cluster } from '../cluster.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { createObject, serveObject } from './others.js';

/** It comes with Rook's own. An operator that runs by then sees a Driver up to five minutes later. */
export function installDriverCrd({ controlPlane }: Cluster): Promise<void> {
  return new CephCsiOperator(controlPlane).installCrd();
}

/** It has no Driver yet. */
export async function installCephCsiOperator({ controlPlane }: Cluster, namespace: string): Promise<void> {
  await serveObject(controlPlane, 'OperatorConfig', { name: 'ceph-csi-operator-config', namespace });
  await serveObject(controlPlane, 'CephCluster', { name: 'rook-ceph', namespace });
  await serveObject(controlPlane, 'CSIAddonsNode', { name: 'node-1-rook-ceph-daemonset-csi-rbdplugin', namespace });
  const manager = ['ceph-csi-controller-manager', '--image=registry.example/ceph-csi-operator:1'];
  await controlPlane.kubectl(['-n', namespace, 'create', 'deployment', ...manager]);
}

const TYPES = ['rbd', 'cephfs'] as const;

/** Drivers and their workloads beside those of Rook, which are left behind, and what kubelets have registered. */
export async function createDrivers({ controlPlane }: Cluster, namespace: string): Promise<void> {
  const upstream = new CephCsiOperator(controlPlane);
  for (const type of TYPES) {
    const driver = await upstream.createDriver(namespace, type);
    await upstream.write(driver);
  }
  await registerDrivers(
    controlPlane,
    TYPES.map((type) => `${namespace}.${type}.csi.ceph.com`),
  );
}

async function registerDrivers(controlPlane: ControlPlane, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const driver = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name }, spec: {} };
    await createObject(controlPlane, driver);
  }
  const drivers = names.map((name) => ({ name, nodeID: 'node-1', topologyKeys: null }));
  const node = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'node-1' }, spec: { drivers } };
  await createObject(controlPlane, node);
}
