/** Cluster of real nodes for the tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import type { RookVersion } from '../rook/release.js';
import { RealCluster } from './real-cluster.js';

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
