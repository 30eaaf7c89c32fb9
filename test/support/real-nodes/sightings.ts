/** What is seen of a rollout from outside while it goes on: first what the status says, then what the pods and sockets are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Assignment } from '../assignment.js';
import type { KubeObject } from '../control-plane/admin-api.js';
import type { RookInstallation } from '../rook/installation.js';
import { specOf } from '../slots.js';
import type { AssignmentStatus, Condition, ConditionType } from '../../../src/domain/rules/api.js';
import type { Slot } from '../../../src/domain/rules/slots.js';
import type { RealCluster } from './real-cluster.js';
import { type ListeningSocket, listeningSockets } from './sockets.js';

export interface SeenPod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
}

export interface Sighting {
  /** Seconds since the first look. */
  readonly at: number;
  /** It speaks of the newest spec. */
  readonly status: AssignmentStatus;
  readonly pods: readonly SeenPod[];
  /** Of all nodes. */
  readonly sockets: readonly ListeningSocket[];
}

const MAX_SECONDS = 90;

/** Looks again and again until Ready is True. The last sighting has that. */
export async function watchUntilReady(
  cluster: RealCluster,
  rook: RookInstallation,
  assignment: Assignment,
): Promise<Sighting[]> {
  const since = performance.now();
  const sightings: Sighting[] = [];
  for (;;) {
    const at = (performance.now() - since) / 1000;
    const { metadata, status } = await assignment.get();
    if (status?.observedGeneration === metadata.generation) {
      const pods = (await rook.pods()) as SeenPod[];
      const sockets = (await Promise.all(cluster.nodes.map(listeningSockets))).flat();
      sightings.push({ at, status: status!, pods, sockets });
      if (conditionOf(status!, 'Ready').status === 'True') return sightings;
    }
    if (at > MAX_SECONDS) throw new Error(`Ready is not True after ${MAX_SECONDS} s: ${JSON.stringify(status)}`);
    await sleep(100);
  }
}

export function conditionOf({ conditions }: AssignmentStatus, type: ConditionType): Condition {
  return conditions.find((condition) => condition.type === type)!;
}

/** Those of one workload. */
export function podsOf(pods: readonly SeenPod[], slot: Slot): SeenPod[] {
  return pods.filter(({ metadata }) => metadata.labels?.app === specOf(slot).workload);
}
