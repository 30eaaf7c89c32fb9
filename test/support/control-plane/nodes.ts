import type { AdminApi, KubeObject } from './admin-api.js';

interface Node extends KubeObject {
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** A machine that no kubelet runs on: kwok plays it. */
function node(index: number): KubeObject {
  const name = `node-${index}`;
  const resources = { cpu: '32', memory: '256Gi', pods: '1000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    status: {
      allocatable: resources,
      capacity: resources,
      addresses: [
        { type: 'Hostname', address: name },
        { type: 'InternalIP', address: `192.168.${Math.floor(index / 250)}.${(index % 250) + 1}` },
      ],
    },
  };
}

/** Creates node-1 to node-`count`. */
export async function createNodes(api: AdminApi, count: number): Promise<void> {
  const indexes = Array.from({ length: count }, (_, position) => position + 1);
  await Promise.all(indexes.map((index) => api.create('/api/v1/nodes', node(index))));
}

/** Whether pods can be placed on every node. */
export async function nodesAreSchedulable(api: AdminApi): Promise<boolean> {
  const nodes = await api.list<Node>('/api/v1/nodes');
  return nodes.every(({ spec, status }) => {
    const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
    return ready && (spec.taints ?? []).length === 0;
  });
}
