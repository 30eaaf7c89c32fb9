import { expect, test } from 'vitest';
import { isValidStatus } from '../../../src/kube/stored-status.js';

const READY = { type: 'Ready', status: 'True', reason: 'x', lastTransitionTime: '2026-01-01T10:00:00Z' };

function at(lastTransitionTime: unknown): object {
  return { conditions: [{ ...READY, lastTransitionTime }] };
}

test.each<[string, object]>([
  ['nothing', {}],
  ['what the operator stores', { conditions: [READY, { ...READY, type: 'Degraded' }], conflicts: [{ port: 9070 }] }],
  ['a time with fractions', at('2026-01-01T10:00:00.123456Z')],
  ['a leap day', at('2028-02-29T23:59:59Z')],
  ['anything in a field that is not read', { ...at('2026-01-01T10:00:00Z'), ports: 1, workloads: null }],
])('a status with %s is valid', (_, status) => expect(isValidStatus(status)).toBe(true));

test.each<[string, unknown]>([
  ['no object', 'Ready'],
  ['no value', null],
  ['a list', [READY]],
  ['conditions that are no list', { conditions: { Ready: READY } }],
  ['a condition that is no object', { conditions: [READY, null] }],
  ['conflicts that are no list of objects', { conflicts: [9070] }],
  ['a condition without a type', { conditions: [{ ...READY, type: undefined }] }],
  ['a reason that is no text', { conditions: [{ ...READY, reason: 1 }] }],
  // Each is rejected by the API server where the next status takes it over.
  ['a time that is no text', at(1_767_261_600)],
  ['no time', at(undefined)],
  ['the 30th of February', at('2026-02-30T10:00:00Z')],
  ["24 o'clock", at('2026-01-01T24:00:00Z')],
  ['a day without a time', at('2026-01-01')],
  ['a time in another zone', at('2026-01-01T10:00:00+01:00')],
])('a status with %s is not valid', (_, status) => expect(isValidStatus(status)).toBe(false));
