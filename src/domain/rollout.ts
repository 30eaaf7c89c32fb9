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
  /** DaemonSet with updateStrategy OnDelete: pods move only when somebody deletes them. */
  readonly onDelete: boolean;
  /** Deployment with spec.paused: its pods do not follow the template. */
  readonly paused: boolean;
  /**
   * Number of a DaemonSet's template, which its pods carry in the label pod-template-generation; absent for a
   * Deployment.
   */
  readonly templateGeneration?: number;
}

export function isRolledOut(facts: RolloutFacts): boolean {
  return (
    facts.observedGeneration >= facts.generation &&
    facts.updated >= facts.desired &&
    facts.total <= facts.updated &&
    facts.available >= facts.desired
  );
}

/** What is missing, and for the two cases in which nothing moves by itself, what to do; e.g. "1 of 2 pods updated". */
export function describeRollout(
  facts: RolloutFacts,
  workload: { readonly kind: string; readonly namespace: string; readonly name: string; readonly app?: string },
): string {
  const progress = `${facts.updated} of ${facts.desired} pods updated, ${facts.available} available`;
  if (facts.paused) {
    return `${progress}; the rollout is paused: kubectl -n ${workload.namespace} rollout resume deployment/${workload.name}`;
  }
  if (facts.onDelete && facts.updated < facts.desired) {
    return `${progress}; updateStrategy is OnDelete, so delete the old pods node by node: ${oldPods(facts, workload)}`;
  }
  return progress;
}

function oldPods(
  facts: RolloutFacts,
  workload: { readonly namespace: string; readonly name: string; readonly app?: string },
): string {
  const old = facts.templateGeneration === undefined ? '' : `,pod-template-generation!=${facts.templateGeneration}`;
  return `kubectl -n ${workload.namespace} delete pod -l app=${workload.app ?? workload.name}${old}`;
}
