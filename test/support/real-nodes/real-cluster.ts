/** A cluster of real nodes: the control plane of the tests, and kubelets with containerd in the place of kwok. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ControlPlane } from '../control-plane/control-plane.js';
import { nodesAreSchedulable } from '../control-plane/nodes.js';
import { waitFor } from '../control-plane/wait-for.js';
import type { RookVersion } from '../rook/release.js';
import { writeImages } from './images.js';
import { preparation } from './in-namespaces.js';
import { createNetwork, GATEWAY } from './network.js';
import { provideNodePrograms } from './programs.js';
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
    const { folder, cgroup, operatorImages } = preparation();
    const programs = await provideNodePrograms((line) => console.error(line));
    const imagesFolder = join(folder, 'images');
    await mkdir(imagesFolder);
    await createNetwork();
    const numbers = Array.from({ length: NODES }, (_, index) => index + 1);
    const [controlPlane, images] = await Promise.all([
      ControlPlane.start({ kubelets: numbers.map(nodeName), host: GATEWAY, audit: true }),
      writeImages(imagesFolder, version, programs),
    ]);
    const nodes = await Promise.all(
      numbers.map(async (number) => {
        const kubeconfig = await controlPlane.kubeletKubeconfig(nodeName(number));
        const all = [...images, ...operatorImages];
        return new RealNode({ number, total: NODES, programs, images: all, kubeconfig, folder, cgroup });
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
      { lastSeen: async () => (await Promise.all(this.nodes.map((node) => node.log()))).join('\n\n') },
    );
  }
}

/** Starts a cluster before the tests of this file. It ends with the namespaces that the tests run in. */
export function useRealCluster(version: RookVersion): () => RealCluster {
  let cluster: RealCluster | undefined;
  beforeAll(async () => {
    cluster = await RealCluster.start(version);
  });
  afterAll(async () => {
    await cluster?.controlPlane.stop();
  });
  return () => cluster!;
}
