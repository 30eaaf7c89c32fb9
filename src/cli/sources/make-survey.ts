/** From objects to the survey of each Rook, by the operator's own rules. */
import { ASSIGNMENT_NAME, type PortAssignment } from '../../domain/rules/api.js';
import { plan } from '../../domain/rules/plan.js';
import { statusOf } from '../../domain/report/status.js';
import { rfc3339Seconds } from '../../domain/report/time.js';
import type { WatchedObjects } from '../../watched/watched-objects.js';
import type { Gap, RookSurvey, Survey } from '../survey.js';
import { withoutStandIns } from './stand-in-pods.js';

export interface SurveyInput {
  /** See Survey. */
  readonly source: string;
  readonly objects: WatchedObjects;
  readonly gaps: readonly Gap[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The only namespace to report on; undefined: all. */
  readonly namespace?: string | undefined;
}

export function makeSurvey({ source, objects, gaps, now, namespace: only }: SurveyInput): Survey {
  const namespaces = namespacesIn(objects).filter((namespace) => only === undefined || namespace === only);
  const rooks = namespaces.map((namespace) => surveyOf(namespace, objects, now));
  return { source, rooks, gaps, now, ...(only === undefined ? {} : { namespace: only }) };
}

/** With a Rook, what it has left, an assignment or a Driver; sorted. */
function namespacesIn(objects: WatchedObjects): string[] {
  const assigned = objects.assignments.namespaces();
  return [...new Set([...objects.rookNamespaces(), ...assigned, ...objects.drivers.namespaces()])].sort();
}

function surveyOf(namespace: string, objects: WatchedObjects, now: number): RookSurvey {
  const stored = objects.assignments.get(namespace);
  const isAssigned = stored !== undefined && !stored.deleting;
  const assigned = isAssigned ? stored : virtualAssignment(namespace);
  // Rooks without an assignment are planned as if all of them got one: the ports of their plans are distinct.
  const orVirtual = (one: string): PortAssignment => {
    const assignment = objects.assignments.get(one);
    return assignment === undefined || assignment.deleting ? virtualAssignment(one) : assignment;
  };
  const found = { ...objects.observe(namespace, assigned, isAssigned ? undefined : orVirtual), now };
  const planned = withoutStandIns(plan(found, isAssigned));
  const { generation, status: before } = assigned;
  const time = rfc3339Seconds(new Date(now));
  const status = statusOf({ plan: planned, results: [], generation, stored: before, now: time });
  const said = stored?.status;
  return {
    namespace,
    observed: found,
    isAssigned,
    plan: planned,
    status,
    ...(said === undefined ? {} : { stored: said }),
  };
}

/** Later than any that was made. */
const LAST = '9999-12-31T23:59:59Z';

/** What the namespace would get by an assignment with an empty spec. */
function virtualAssignment(namespace: string): PortAssignment {
  const identity = { namespace, name: ASSIGNMENT_NAME, uid: '', resourceVersion: '' };
  return { ...identity, generation: 0, creationTimestamp: LAST, deleting: false, spec: {} };
}
