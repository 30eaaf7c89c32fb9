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
  /** When its controller last changed its status; milliseconds since 1970. Absent if the API server has no record of it. */
  readonly statusChangedAt?: number;
  /** Number of a DaemonSet's template, as in the label pod-template-generation of its pods; absent for a Deployment. */
  readonly templateGeneration?: number;
  /** Message of a Deployment's condition ReplicaFailure: pods cannot be created. */
  readonly replicaFailure?: string;
  /** Message of a Deployment that has not progressed for spec.progressDeadlineSeconds. */
  readonly deadlineExceeded?: string;
  /** Nodes on which a DaemonSet has a pod, a terminating one included; absent for a Deployment. */
  readonly scheduled?: number;
  /** Nodes on which a DaemonSet has no available pod; absent for a Deployment. */
  readonly unavailable?: number;
  /** How many nodes may be without an available pod while a DaemonSet rolls out: a number or a percentage. */
  readonly maxUnavailable?: string;
}

/** Whether the counters speak of the workload as it is now. */
export function isObserved({ observedGeneration, generation }: RolloutFacts): boolean {
  return observedGeneration >= generation;
}

/** Whether every pod follows the template. */
export function isRolledOut(facts: RolloutFacts): boolean {
  return isObserved(facts) && !hasOldPods(facts) && facts.available >= facts.desired;
}

/** Whether pods of an older template are left, or pods of the present one are still to be made. */
export function hasOldPods({ updated, desired, total }: RolloutFacts): boolean {
  return updated < desired || total > updated;
}

/** Whether the pods of the present template were admitted; they need not run. */
export function isAdmitted(facts: RolloutFacts): boolean {
  return isObserved(facts) && facts.replicaFailure === undefined && facts.updated >= facts.desired;
}

/** Whether a DaemonSet replaces no further pod, as no more nodes may be without an available one. */
export function isHeld({ updated, desired, unavailable = 0, maxUnavailable }: RolloutFacts): boolean {
  if (maxUnavailable === undefined || updated >= desired) return false;
  const value = Number.parseInt(maxUnavailable, 10);
  // The DaemonSet controller rounds up.
  return unavailable >= (maxUnavailable.endsWith('%') ? Math.ceil((value / 100) * desired) : value);
}
