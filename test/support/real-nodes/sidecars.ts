/** The csi-addons sidecars of a Rook on real nodes: where they listen, and what they tell the csi-addons manager. */
import type { KubeObject } from '../control-plane/admin-api.js';
import { waitFor } from '../control-plane/wait-for.js';
import type { RookInstallation } from '../rook/installation.js';
import { type Ports, SLOTS, specOf } from '../slots.js';
import type { Slot } from '../../../src/domain/rules/slots.js';
import type { RealCluster } from './real-cluster.js';
import { listeningSockets } from './sockets.js';

/** The kernel's name of the program, cut to 15 characters. */
const SIDECAR = 'csi-addons-sidecar'.slice(0, 15);

export interface SidecarSocket {
  readonly node: string;
  /** Undefined of a process that has outlived its pod. */
  readonly slot: Slot | undefined;
  readonly pod: string;
  readonly port: number;
}

interface ScheduledPod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
}

/** An object that each sidecar keeps of itself. */
export interface CsiAddonsNode extends KubeObject {
  readonly spec: { readonly driver: { readonly name: string; readonly endpoint: string; readonly nodeID: string } };
}

/** By the sockets of each node, in the order of nodes and ports: what is not open is not here. */
export async function sidecarSockets(cluster: RealCluster, rook: RookInstallation): Promise<SidecarSocket[]> {
  const pods = await rook.pods();
  const found = await Promise.all(
    cluster.nodes.map(async (node) => {
      const sockets = (await listeningSockets(node)).filter(({ program }) => program === SIDECAR);
      return sockets.map(({ port, podUid }): SidecarSocket => {
        const pod = pods.find(({ metadata }) => metadata.uid === podUid);
        const slot = SLOTS.find((candidate) => specOf(candidate).workload === pod?.metadata.labels?.app);
        return { node: node.name, slot, pod: pod?.metadata.name ?? `none of ${rook.namespace}`, port };
      });
    }),
  );
  return found.flat().sort(byNodeAndPort);
}

/** What the sockets are to be: each pod that carries a sidecar listens on the port of its slot, on its node. */
async function socketsOf(rook: RookInstallation, ports: Readonly<Partial<Ports>>): Promise<SidecarSocket[]> {
  const pods = (await rook.pods()) as ScheduledPod[];
  const sockets = pods.flatMap(({ metadata, spec }): SidecarSocket[] => {
    const slot = SLOTS.find((candidate) => specOf(candidate).workload === metadata.labels?.app);
    const port = slot === undefined ? undefined : ports[slot];
    if (slot === undefined || port === undefined) return [];
    return [{ node: spec.nodeName ?? 'none', slot, pod: metadata.name!, port }];
  });
  return sockets.sort(byNodeAndPort);
}

/** Three node plugins, and two provisioners of each driver. */
export const SIDECARS = 7;

/**
 * Waits until so many sidecars listen, each on the port of its slot and none elsewhere; resolves with their sockets. Those on
 * nodes that are off do not count.
 */
export async function socketsOnPorts(
  cluster: RealCluster,
  rook: RookInstallation,
  ports: Ports,
  count = SIDECARS,
): Promise<SidecarSocket[]> {
  const isOn = ({ node }: SidecarSocket): boolean => cluster.nodes.some(({ name, isOn }) => name === node && isOn);
  return waitFor(
    `${count} sidecars to listen on their ports`,
    async () => {
      const sockets = await sidecarSockets(cluster, rook);
      const wanted = (await socketsOf(rook, ports)).filter(isOn);
      return sockets.length === count && JSON.stringify(sockets) === JSON.stringify(wanted) && sockets;
    },
    { lastSeen: () => sidecarSockets(cluster, rook) },
  );
}

function byNodeAndPort(a: SidecarSocket, b: SidecarSocket): number {
  return a.node.localeCompare(b.node) || a.port - b.port;
}

export async function csiAddonsNodes(cluster: RealCluster, namespace: string): Promise<CsiAddonsNode[]> {
  return cluster.controlPlane.api.list<CsiAddonsNode>(
    `/apis/csiaddons.openshift.io/v1alpha1/namespaces/${namespace}/csiaddonsnodes`,
  );
}
