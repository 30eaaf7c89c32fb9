/** Whether the pods follow the template, from the workload's own status: the rules of `kubectl rollout status`. */

export interface RolloutFacts {
  /** metadata.generation; a Deployment's moves with every full update of Rook's, so it says nothing about restarts. */
  readonly generation: number;
  readonly observedGeneration: number;
  /** Pods wanted: spec.replicas, or the nodes a DaemonSet is scheduled to. */
  readonly desired: number;
  readonly updated: number;
  readonly available: number;
  /** Pods of any template. */
  readonly total: number;
  /** DaemonSet with updateStrategy OnDelete: pods move only if they are deleted. */
  readonly onDelete: boolean;
  /** Deployment with spec.paused: its pods do not follow the template. */
  readonly paused: boolean;
  /** Number of a DaemonSet's template, as in the label pod-template-generation of its pods; absent for a Deployment. */
  readonly templateGeneration?: number;
}

/** Whether the counters speak of the workload as it is now. */
export function isObserved({ observedGeneration, generation }: RolloutFacts): boolean {
  return observedGeneration >= generation;
}

/** Whether every pod follows the template. */
export function isRolledOut(facts: RolloutFacts): boolean {
  const { updated, desired, total, available } = facts;
  return isObserved(facts) && updated >= desired && total <= updated && available >= desired;
}

type NamedWorkload = Readonly<Record<'kind' | 'namespace' | 'name', string>> & { readonly app?: string };

/**
 * What the admin does to follow the rollout or, if nothing moves by itself, to move it. No counters: they would change the
 * status with every pod of a DaemonSet that has a thousand.
 */
export function describeRollout(facts: RolloutFacts, workload: NamedWorkload): string {
  const kubectl = `kubectl -n ${workload.namespace}`;
  const object = `${workload.kind.toLowerCase()}/${workload.name}`;
  if (facts.paused)
    return `its rollout is paused, so its pods keep their old port: ${kubectl} rollout resume ${object}`;
  if (facts.onDelete && facts.updated < facts.desired) {
    return `updateStrategy is OnDelete, so delete the old pods (for one node at a time add --field-selector spec.nodeName=NODE): ${kubectl} delete pod -l ${oldPods(facts, workload)}`;
  }
  return `its pods are being replaced: ${kubectl} rollout status ${object}`;
}

/** Label selector of the pods that were made from an older template. */
function oldPods({ templateGeneration }: RolloutFacts, { app, name }: NamedWorkload): string {
  const old = templateGeneration === undefined ? '' : `,pod-template-generation!=${templateGeneration}`;
  return `app=${app ?? name}${old}`;
}
