/**
 * Whether a stored status is of the API's shape, as far as it is read: whoever has the right may write it. One that is not
 * is replaced as a whole. A time that the API server would reject must not be taken over into the next status.
 */
import type { Condition, StoredStatus } from '../domain/rules/api.js';
import { isRecord } from './validate.js';

export function isValidStatus(status: unknown): status is StoredStatus {
  if (!isRecord(status)) return false;
  const { conditions = [], conflicts = [] } = status as StoredStatus;
  return isListOfRecords(conditions) && isListOfRecords(conflicts) && conditions.every(isValidCondition);
}

function isListOfRecords(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRecord);
}

function isValidCondition({ type, reason, lastTransitionTime }: Condition): boolean {
  return [type, reason].every((text) => typeof text === 'string') && isTime(lastTransitionTime);
}

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
/** How much of a time is before its fractions. */
const SECONDS = 'YYYY-MM-DDThh:mm:ss'.length;

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !UTC.test(value)) return false;
  const milliseconds = Date.parse(value);
  // Date.parse takes the 30th of February, and 24 o'clock, for the day after.
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(value.slice(0, SECONDS));
}
