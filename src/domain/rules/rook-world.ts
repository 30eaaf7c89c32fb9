/** What is observed of one namespace with a Rook in it, and how the Rooks of several namespaces stand to each other. */
import type { PortAssignment } from './api.js';
import type { RookConfig } from './rook-config.js';
import type { RookOperator } from './rook-operator.js';
import type { Slot } from './slots.js';
import type { Workload } from './workload.js';

export interface RookWorld {
  readonly namespace: string;
  /** Absent: nobody may move the workloads. */
  readonly assignment?: PortAssignment;
  readonly rookConfig?: RookConfig;
  readonly rookOperator?: RookOperator;
  readonly workloads: Readonly<Partial<Record<Slot, Workload>>>;
}

/** Whether the operator moves this Rook's sidecars. */
export function isEnforced({ assignment }: RookWorld): boolean {
  return assignment !== undefined && !assignment.deleting && (assignment.spec.mode ?? 'Enforce') === 'Enforce';
}

/** The older assignment first; of the same second, by the name of the namespace. */
export function byAge(a: RookWorld, b: RookWorld): number {
  return ageKey(a) < ageKey(b) ? -1 : 1;
}

function ageKey({ assignment, namespace }: RookWorld): string {
  return `${assignment?.creationTimestamp ?? ''} ${namespace}`;
}
