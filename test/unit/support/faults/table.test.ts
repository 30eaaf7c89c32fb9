import { expect, test } from 'vitest';
import { row } from '../../../support/faults/row.js';
import { repeatedAmong } from '../../../support/faults/repeated.js';
import type { Measured } from '../../../support/faults/run-row.js';
import { violations } from '../../../support/faults/table.js';

const ROW = row('503', 'patch', {
  obstacle: { faults: [] },
  expected: 'sent again',
  boundS: 15,
  writes: { status: { atMost: 2 } },
});

function measured(more: Partial<Measured> = {}): Measured {
  const writes = { patches: 1, pins: 0, status: 2, rejected: 0 };
  const foreign = { before: {}, after: {} };
  return { seconds: 0.53, writes, reverts: 1, restarts: 0, events: 8, repeated: [], foreign, ...more };
}

test('what is as the row says is no violation, and fewer than at most neither', () => {
  expect(violations(ROW, measured())).toEqual([]);
  expect(violations(ROW, measured({ writes: { patches: 1, pins: 0, status: 0, rejected: 3 } }))).toEqual([]);
});

test('each count that is another is named', () => {
  const writes = { patches: 2, pins: 1, status: 3, rejected: 0 };
  expect(violations(ROW, measured({ writes, reverts: 2, restarts: 1 }))).toEqual([
    'patches: 2 in the place of 1',
    'pins: 1 in the place of 0',
    'status writes: 3 in the place of at most 2',
    'reverts counted: 2 in the place of at most 1',
    'restarts: 1 in the place of 0',
  ]);
});

test('events are counted where they are what is struck', () => {
  const struck = row('503', 'event', { obstacle: { faults: [] }, expected: 'may be lost', boundS: 15 });
  const { atMost } = struck.events as { atMost: number };
  const writes = { patches: 1, pins: 0, status: 1, rejected: 0 };
  expect(violations(struck, measured({ events: atMost, writes }))).toEqual([]);
  expect(violations(struck, measured({ events: atMost + 1, writes }))).toEqual([
    `events: ${atMost + 1} in the place of at most ${atMost}`,
  ]);
});

test('an event is there twice where its reason, its object and its note are those of another', () => {
  const event = {
    type: 'Normal',
    reason: 'Reasserted',
    action: 'PatchWorkload',
    note: 'port 9070 -> 9072',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'csiports.io/csi-port-operator',
    regarding: { kind: 'DaemonSet', name: 'csi-rbdplugin' },
  };
  const others = [
    { ...event, reason: 'PortAssigned' },
    { ...event, note: 'port 9071 -> 9072' },
    { ...event, regarding: { kind: 'CSIPortAssignment', name: 'default' } },
  ];
  expect(repeatedAmong([event, ...others], 1)).toEqual([]);
  const again = [event, ...others, { ...event, eventTime: '2026-01-01T00:00:15.000000Z' }];
  expect(repeatedAmong(again, 2)).toEqual([]);
  const repeated = repeatedAmong(again, 1);
  expect(repeated).toEqual(['Reasserted of DaemonSet csi-rbdplugin: port 9070 -> 9072']);
  expect(violations(ROW, measured({ repeated }))).toEqual([`there twice: ${repeated[0]!}`]);
});
