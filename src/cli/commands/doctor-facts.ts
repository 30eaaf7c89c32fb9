/** What `doctor` judges, and how a judgement looks. */
import type { Step } from './steps.js';

/** Why a fact is not known, for people. */
export interface Unknown {
  readonly unknown: string;
}

/** What was read, or why it was not. */
export type Fact<T> = T | Unknown;

/** One SelfSubjectAccessReview: whether the plugin's user may do it. */
export interface RightFact {
  /** Such as list or get. */
  readonly verb: string;
  /** As kubectl writes it, such as pods or csiportassignments.csiports.io. */
  readonly resource: string;
  /** Absent: in all namespaces. */
  readonly namespace?: string;
  readonly allowed: boolean;
}

export interface CrdFact {
  readonly installed: boolean;
  readonly servedVersions: readonly string[];
}

/** A Deployment of csi-port-operator. */
export interface OperatorFact {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly replicas: number;
  readonly readyReplicas: number;
}

export interface LeaseFact {
  readonly namespace: string;
  readonly name: string;
  /** Absent while nobody holds it. */
  readonly holder?: string;
  /** Milliseconds since 1970. */
  readonly renewedAt?: number;
  readonly leaseDurationSeconds?: number;
}

/** A CSIAddonsNode of csiaddons.openshift.io. */
export interface CsiAddonsNodeFact {
  readonly namespace: string;
  readonly name: string;
  /** spec.driver.name */
  readonly driver: string;
  /** spec.driver.nodeID */
  readonly nodeId: string;
  /** spec.driver.endpoint, as pod://POD.NAMESPACE:9070, 10.0.0.1:9070 or [fd00::1]:9070 */
  readonly endpoint: string;
  /** status.state; absent if the manager of csi-addons has not connected yet. */
  readonly state?: string;
  /** status.message */
  readonly message?: string;
  /** metadata.creationTimestamp, milliseconds since 1970. */
  readonly createdAt: number;
  /** metadata.ownerReferences of the controller, of a Deployment's pod the Pod. */
  readonly owner?: { readonly kind: string; readonly name: string };
}

/** What `doctor` reads beside the survey. */
export interface DoctorFacts {
  readonly rights: Fact<readonly RightFact[]>;
  readonly crd: Fact<CrdFact>;
  /** All Deployments of the operator in the cluster; none if it is not installed. */
  readonly operators: Fact<readonly OperatorFact[]>;
  readonly leases: Fact<readonly LeaseFact[]>;
  /** Empty also where the CRD of csi-addons is not installed. */
  readonly csiAddonsNodes: Fact<readonly CsiAddonsNodeFact[]>;
}

/** Gravest first. */
export const CHECK_VERDICTS = ['fail', 'unknown', 'warn', 'ok'] as const;
export type CheckVerdict = (typeof CHECK_VERDICTS)[number];

export interface DoctorCheck {
  readonly title: string;
  readonly verdict: CheckVerdict;
  readonly detail: string;
  readonly remedy?: Step;
}

export function worst(verdicts: readonly CheckVerdict[]): CheckVerdict {
  return CHECK_VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'ok';
}

export function isUnknown<T>(fact: Fact<T>): fact is Extract<Fact<T>, Unknown> {
  return typeof fact === 'object' && fact !== null && 'unknown' in fact;
}
