import { expect, test } from 'vitest';
import { isValidStatus } from '../../../src/kube/stored-status.js';

const TIME = '2026-01-01T10:00:00Z';
const UNDONE = { kind: 'Deployment', name: 'csi-rbdplugin-provisioner', times: [TIME] };
const recent = (...objects: readonly object[]): object => ({ reverts: { count: 1, recent: objects } });

test.each<[string, object]>([
  ['nothing', {}],
  ['what the operator stores', { ...recent(UNDONE), conditions: [{ type: 'Ready', lastTransitionTime: TIME }] }],
  ['a time with fractions', recent({ ...UNDONE, times: ['2026-01-01T10:00:00.123456Z'] })],
  ['a leap day', recent({ ...UNDONE, times: ['2028-02-29T23:59:59Z'] })],
])('%s is gone by', (_, status) => {
  expect(isValidStatus(status)).toBe(true);
});

// Each is rejected by the API server where the next status takes it over.
test.each<[string, unknown]>([
  ['a text', 'Ready'],
  ['the 30th of February', recent({ ...UNDONE, times: ['2026-02-30T10:00:00Z'] })],
  ["24 o'clock", recent({ ...UNDONE, times: ['2026-01-01T24:00:00Z'] })],
  ['a day without a time', { reverts: { count: 1, lastTime: '2026-01-01' } }],
  ['an object that is never written', recent({ ...UNDONE, name: 'x' })],
  ['more reverted objects than are written', recent(...Array.from({ length: 5 }, () => UNDONE))],
  ['half an revert', { reverts: { count: 0.5 } }],
  ['keys of a number', recent({ ...UNDONE, keys: [1] })],
])('a status with %s is written anew', (_, status) => {
  expect(isValidStatus(status)).toBe(false);
});
