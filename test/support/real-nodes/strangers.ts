/** Who else takes a port of real nodes: a pod that declares it, or processes beside the pods, which the API server does not know. */
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../control-plane/wait-for.js';
import { STRANGER } from './images.js';
import { preparation } from './in-namespaces.js';
import { provideStandIn } from './programs.js';
import type { RealCluster } from './real-cluster.js';
import type { RealNode } from './real-node.js';
import { type ListeningSocket, listeningSockets } from './sockets.js';

const PODS = '/api/v1/namespaces/default/pods';
const NAME = 'node-agent';

/** Of the one who has a port. */
type End = () => Promise<void>;

/** Starts the pod default/node-agent, whose container `agent` declares the port. Back when it listens. */
export async function startStranger({ controlPlane }: RealCluster, node: RealNode, port: number): Promise<End> {
  const container = { name: 'agent', image: STRANGER, args: [`--listen=${port}`], ports: [{ containerPort: port }] };
  await controlPlane.api.create<object>(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME },
    spec: { hostNetwork: true, nodeName: node.name, containers: [container] },
  });
  await listenerOf(node, port);
  return async () => {
    await controlPlane.api.delete(`${PODS}/${NAME}`);
  };
}

/** Starts a process on each node that listens on the port. Back when all do. */
export async function occupyPort({ nodes }: RealCluster, port: number): Promise<End> {
  // The folder of the run is the same on each node.
  const program = join(preparation().folder, 'stranger');
  await copyFile(await provideStandIn((line) => console.error(line)), program);
  const ends = await Promise.all(nodes.map((node) => occupy(node, program, port)));
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}

/** Waits until a process listens on the port; resolves with its socket, by which it is told from a later one. */
export async function listenerOf(node: RealNode, port: number): Promise<ListeningSocket> {
  return waitFor(
    `a process of ${node.name} to listen on ${port}`,
    async () => (await listeningSockets(node)).find((socket) => socket.port === port),
    { lastSeen: () => listeningSockets(node) },
  );
}

async function occupy(node: RealNode, program: string, port: number): Promise<End> {
  const exited = once(await node.spawn(program, `--listen=${port}`), 'exit');
  const { pid } = await listenerOf(node, port);
  return async () => {
    await node.run('kill', String(pid));
    await exited;
  };
}
