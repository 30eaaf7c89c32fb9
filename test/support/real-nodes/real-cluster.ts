/** A cluster of real nodes: the control plane of the tests, and kubelets with containerd in the place of kwok. */
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ControlPlane } from '../control-plane/control-plane.js';
import { nodesAreSchedulable } from '../control-plane/nodes.js';
import { waitFor } from '../control-plane/wait-for.js';
import type { RookVersion } from '../rook/release.js';
import { writeImages } from './images.js';
import { preparation } from './in-namespaces.js';
import { createNetwork, GATEWAY } from './network.js';
import { type NodePrograms, provideNodePrograms } from './programs.js';
import { nodeName, RealNode } from './real-node.js';

const NODES = 3;

export class RealCluster {
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly RealNode[];

  private constructor(controlPlane: ControlPlane, nodes: readonly RealNode[]) {
    this.controlPlane = controlPlane;
    this.nodes = nodes;
  }

  /** Back when pods run on each node. */
  static async start(version: RookVersion): Promise<RealCluster> {
    const { folder, cgroup } = preparation();
    const programs = await provideNodePrograms((line) => console.error(line));
    await createNetwork();
    const numbers = Array.from({ length: NODES }, (_, index) => index + 1);
    const [controlPlane, images] = await Promise.all([
      ControlPlane.start({ kubelets: numbers.map(nodeName), host: GATEWAY }),
      provideImages(version, programs),
    ]);
    const nodes = await Promise.all(
      numbers.map(async (number) => {
        const kubeconfig = await controlPlane.kubeletKubeconfig(nodeName(number));
        return new RealNode({ number, total: NODES, programs, images, kubeconfig, folder, cgroup });
      }),
    );
    const cluster = new RealCluster(controlPlane, nodes);
    await Promise.all(nodes.map((node) => node.start()));
    await cluster.nodesReady();
    return cluster;
  }

  node(name: string): RealNode {
    return this.nodes.find((node) => node.name === name)!;
  }

  /** Waits until pods can be placed on each node. */
  async nodesReady(): Promise<void> {
    await waitFor(
      'all nodes to be ready',
      async () => {
        const nodes = await this.controlPlane.api.list('/api/v1/nodes');
        return nodes.length === NODES && nodesAreSchedulable(this.controlPlane.api);
      },
      { lastSeen: () => this.nodes.map((node) => node.log()).join('\n\n') },
    );
  }
}

/** Of all pods, in the folder of the run, which each node has. */
async function provideImages(version: RookVersion, programs: NodePrograms): Promise<string[]> {
  const { folder, operatorImages } = preparation();
  const images = join(folder, 'images');
  await mkdir(images);
  const copied = operatorImages.map((file) => join(images, basename(file)));
  await Promise.all(operatorImages.map((file, index) => copyFile(file, copied[index]!)));
  return [...copied, ...(await writeImages(images, version, programs))];
}
