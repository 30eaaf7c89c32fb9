/**
 * Workloads as they are written, not as an API server gives them: they have no status. Whether their pods run is not known,
 * and they count as settled: what is wrong with their ports is wrong however far they are.
 */
import { isRecord } from '../../kube/validate.js';
import type { RawDumpObject } from './raw-dump-object.js';

const KINDS: ReadonlySet<string> = new Set(['Deployment', 'DaemonSet']);

/** An object of an API server has a resourceVersion, and soon a status. */
export function isManifest({ kind, metadata, status }: RawDumpObject): boolean {
  if (!KINDS.has(kind) || metadata.resourceVersion !== '0') return false;
  return !isRecord(status) || Object.keys(status).length === 0;
}

/** The same with the status of a rollout that is done. */
export function settled(raw: RawDumpObject): RawDumpObject {
  const { spec, metadata } = raw;
  const generation = 'generation' in metadata ? metadata.generation : 0;
  const replicas = isRecord(spec) ? (spec.replicas ?? 1) : 1;
  const pods = { replicas, updatedReplicas: replicas, availableReplicas: replicas, readyReplicas: replicas };
  return { ...raw, status: { observedGeneration: generation, ...(raw.kind === 'Deployment' ? pods : {}) } };
}
