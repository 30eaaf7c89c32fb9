/**
 * Whether a stored status can be gone by. It is anybody's to write who has the right, and an older definition may have let
 * through what the operator cannot read. What the next status takes over from it (times, counts, reverted objects, ports that
 * are shared) has to be as the definition wants it, too: else the API server rejects that one, again and again. One that is not sound is
 * written anew, as if there were none.
 */
import { ROOK_CONFIG_NAME } from '../domain/rules/rook-config.js';
import { SLOT_SPECS } from '../domain/rules/slots.js';
import type { AssignmentStatus, Condition, PortConflict, Reverts, RevertedObject } from '../domain/rules/api.js';
import { isRecord } from './validate.js';

/** What the operator writes, and others may revert; each is among them once. */
const WRITTEN: readonly string[] = [ROOK_CONFIG_NAME, ...SLOT_SPECS.map(({ workload }) => workload)];

export function isValidStatus(status: unknown): status is Partial<AssignmentStatus> {
  if (!isRecord(status)) return false;
  const { workloads, conflicts, conditions, reverts, pinned, ports } = status as Partial<AssignmentStatus>;
  const isReadable =
    [reverts, pinned, ports].every((field) => field === undefined || isRecord(field)) &&
    [workloads, conflicts, conditions, reverts?.recent].every(isListOfRecords);
  return isReadable && isSoundToTakeOver(status);
}

function isSoundToTakeOver({ conflicts = [], conditions = [], reverts, rookKeys }: Partial<AssignmentStatus>): boolean {
  return (
    (rookKeys === undefined || ['One', 'Three'].includes(rookKeys)) &&
    conflicts.every(isSoundConflict) &&
    conditions.every(({ lastTransitionTime }: Condition) => isTime(lastTransitionTime)) &&
    isSoundReverts(reverts ?? { count: 0 })
  );
}

function isSoundConflict({ port, holders }: PortConflict): boolean {
  return isCount(port) && Array.isArray(holders);
}

function isSoundReverts({ count = 0, pins = 0, lastTime, recent = [] }: Partial<Reverts>): boolean {
  return isCount(count) && isCount(pins) && (lastTime === undefined || isTime(lastTime)) && isSoundRecent(recent);
}

function isSoundRecent(recent: readonly RevertedObject[]): boolean {
  return recent.length <= WRITTEN.length && recent.every(isSoundObject);
}

function isSoundObject({ kind, name, keys = [], manager = '', times, backoffSeconds = 1 }: RevertedObject): boolean {
  return (
    ['Deployment', 'DaemonSet', 'ConfigMap'].includes(kind) &&
    [keys, times].every((list) => Array.isArray(list)) &&
    [name, manager, ...keys].every((text) => typeof text === 'string') &&
    times.every(isTime) &&
    isCount(backoffSeconds) &&
    backoffSeconds > 0 &&
    WRITTEN.includes(name)
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !UTC.test(value)) return false;
  const milliseconds = Date.parse(value);
  // Date.parse takes the 30th of February, and 24 o'clock, for the day after.
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(value.slice(0, SECONDS));
}

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
/** Of a time, what is before its fractions. */
const SECONDS = 'YYYY-MM-DDThh:mm:ss'.length;

function isListOfRecords(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isRecord));
}
