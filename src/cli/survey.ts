/** What a source of objects tells of the Rooks of a cluster, by the operator's own rules: what every command answers from. */
import type { AssignmentStatus, StoredStatus } from '../domain/rules/api.js';
import type { Observed } from '../domain/rules/observed.js';
import type { Plan } from '../domain/rules/plan.js';

export type GapReason = 'Forbidden' | 'NotServed' | 'Unreachable' | 'NotInDump' | 'Unreadable';

/** What was not read. An answer that depends on it says so. */
export interface Gap {
  /** For people, as WATCH_TABLE has it, e.g. "Pods on the host network"; of a dump the file. */
  readonly what: string;
  /** Absent: of all namespaces. */
  readonly namespace?: string;
  readonly reason: GapReason;
  readonly message: string;
  /** Such as the `kubectl auth can-i` line that shows it, or the command that adds it to a dump. */
  readonly remedy?: string;
}

/** One namespace with a Rook, what it has left, or an assignment. */
export interface RookSurvey {
  readonly namespace: string;
  readonly observed: Observed;
  /** Whether there is an assignment; without one the plan is that of an empty spec. */
  readonly isAssigned: boolean;
  /** What the operator would write now. */
  readonly plan: Plan;
  /** What the operator would say now, without a write of its own. */
  readonly status: AssignmentStatus;
  /** What it has said. */
  readonly stored?: StoredStatus;
}

export interface Survey {
  /** For people: the context of the kubeconfig, or the files. */
  readonly source: string;
  /** The one that was asked for; absent: all. */
  readonly namespace?: string;
  /** By namespace. */
  readonly rooks: readonly RookSurvey[];
  readonly gaps: readonly Gap[];
  /** Milliseconds since 1970: of the reading. */
  readonly now: number;
}
