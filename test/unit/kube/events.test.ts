import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { sanitize } from '../../../src/domain/report/sanitize.js';
import { EVENTS_DELAY_MS, MAX_DEFERRALS, MAX_SERIES } from '../../../src/kube/events.js';
import { eventually } from './connections.js';
import { MOVED, OWNER, startEventStore, WORKLOAD, type EventStore } from './event-store.js';

const PATH = '/apis/events.k8s.io/v1/namespaces/rook-ceph/events';
const MINUTE = 60_000;
const SERIES = 6 * MINUTE;

/** How often each stored event has happened. */
const counts = ({ stored }: EventStore): number[] => [...stored.values()].map(({ series }) => series?.count ?? 1);

test('an event as events.k8s.io/v1 wants it', async () => {
  const { server, recorder, stored, pass } = await startEventStore();
  recorder.record(OWNER, MOVED, WORKLOAD);
  await pass(EVENTS_DELAY_MS);
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: PATH });
  const [event] = [...stored.values()];
  expect(event!.metadata.name).toMatch(/^default\.[0-9a-f]+$/);
  expect(event).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: event!.metadata.name, namespace: 'rook-ceph' },
    eventTime: '2026-11-22T10:00:00.007000Z',
    reportingController: 'csiports.io/test',
    reportingInstance: 'pod-1',
    ...MOVED,
    regarding: OWNER,
    related: WORKLOAD,
  });
});

test('two events of one moment have names of their own, and only what the API knows is sent', async () => {
  const { recorder, stored, pass } = await startEventStore();
  recorder.record(OWNER, { ...MOVED, slot: 'rbdNodePlugin' });
  recorder.record(OWNER, { ...MOVED, reason: 'Reasserted' });
  await pass(EVENTS_DELAY_MS);
  expect(stored.size).toBe(2);
  const [event] = [...stored.values()];
  expect(event).not.toHaveProperty('related');
  expect(event).not.toHaveProperty('slot');
});

test.each([
  ['another object', WORKLOAD, MOVED, undefined],
  ['another related object', OWNER, MOVED, WORKLOAD],
  ['another reason', OWNER, { ...MOVED, reason: 'Reasserted' as const }, undefined],
  ['another type', OWNER, { ...MOVED, type: 'Warning' as const }, undefined],
  ['another action', OWNER, { ...MOVED, action: 'Else' }, undefined],
])('%s makes another event', async (_, regarding, event, related) => {
  const { recorder, requests, pass } = await startEventStore();
  recorder.record(OWNER, MOVED);
  recorder.record(regarding, event, related);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'POST']);
});

test('another note makes no other event, and the first note stays', async () => {
  const { recorder, stored, requests, pass } = await startEventStore();
  recorder.record(OWNER, MOVED);
  recorder.record(OWNER, { ...MOVED, note: '9072 -> 9070' });
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST 2']);
  expect([...stored.values()][0]!.note).toBe(MOVED.note);
});

test('requests begin one second after the first unsent event, and its repeats put them off no longer', async () => {
  const { recorder, stored, requests, pass } = await startEventStore();
  for (const wait of [400, 599]) {
    recorder.record(OWNER, MOVED);
    await pass(wait);
  }
  recorder.record(OWNER, MOVED);
  expect(requests()).toEqual([]);
  await pass(1);
  expect(requests()).toEqual(['POST 3']);
  expect([...stored.values()][0]).toMatchObject({
    eventTime: '2026-11-22T10:00:00.007000Z',
    series: { count: 3, lastObservedTime: '2026-11-22T10:00:01.006000Z' },
  });
});

test('the second occurrence makes the event a series, and the others are written when the series ends', async () => {
  const { server, recorder, stored, requests, pass } = await startEventStore();
  recorder.record(OWNER, MOVED);
  await pass(SERIES);
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'PATCH 2']);
  expect(server.requests[1]!.path).toBe([...stored.keys()][0]);
  expect(server.requests[1]!.headers['content-type']).toBe('application/merge-patch+json');
  for (const wait of [MINUTE, 5 * MINUTE, SERIES]) {
    recorder.record(OWNER, MOVED);
    await pass(wait);
  }
  expect(requests()).toHaveLength(2);
  await pass(MINUTE + EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'PATCH 2', 'PATCH 5']);
  expect([...stored.values()][0]!.series!.lastObservedTime).toBe('2026-11-22T10:12:01.007000Z');
});

test('a series that repeated before it was created needs no PATCH until it ends', async () => {
  const { recorder, requests, pass } = await startEventStore();
  recorder.record(OWNER, MOVED);
  recorder.record(OWNER, MOVED);
  await pass(MINUTE);
  recorder.record(OWNER, MOVED);
  await pass(SERIES + 2 * MINUTE);
  expect(requests()).toEqual(['POST 2', 'PATCH 3']);
});

test.each([
  ['an event that did not repeat', 1, ['POST']],
  ['a series whose count is written', 2, ['POST', 'PATCH 2']],
])('%s is forgotten without a request', async (_, occurrences, sent) => {
  const { recorder, requests, pass } = await startEventStore();
  for (let count = 0; count < occurrences; count += 1) {
    recorder.record(OWNER, MOVED);
    await pass(2 * EVENTS_DELAY_MS);
  }
  await pass(SERIES + 2 * MINUTE);
  expect(requests()).toEqual(sent);
  expect(vi.getTimerCount()).toBe(0);
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual([...sent, 'POST']);
});

test('while repairs wait, events wait, too', async () => {
  const { recorder, requests, queue, pass } = await startEventStore();
  queue.repairsWait = true;
  recorder.record(OWNER, MOVED);
  await pass(5 * EVENTS_DELAY_MS);
  expect(requests()).toEqual([]);
  queue.repairsWait = false;
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST']);
});

test('repairs that go on and on hold no event up for longer than half a minute', async () => {
  const { recorder, requests, queue, pass } = await startEventStore();
  queue.repairsWait = true;
  recorder.record(OWNER, MOVED);
  await pass(MAX_DEFERRALS * EVENTS_DELAY_MS);
  expect(requests()).toEqual([]);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST']);
});

test('at the end of the process no event waits for repairs', async () => {
  const { recorder, requests, queue } = await startEventStore();
  queue.repairsWait = true;
  recorder.record(OWNER, MOVED);
  await recorder.drained();
  expect(requests()).toEqual(['POST']);
});

test('an occurrence right after the end of a series creates an event, though nothing has found the end yet', async () => {
  const store = await startEventStore();
  const { recorder, requests, pass } = store;
  for (const wait of [EVENTS_DELAY_MS, EVENTS_DELAY_MS, SERIES + 1]) {
    recorder.record(OWNER, MOVED);
    await pass(wait);
  }
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'PATCH 2', 'PATCH 3', 'POST']);
  expect(counts(store)).toEqual([3, 1]);
});

test('the count of a series that lasts is written every 30 minutes', async () => {
  const { recorder, requests, pass } = await startEventStore();
  for (let minute = 0; minute < 70; minute += 5) {
    recorder.record(OWNER, MOVED);
    await pass(5 * MINUTE);
  }
  expect(requests()).toEqual(['POST', 'PATCH 2', 'PATCH 8', 'PATCH 14']);
});

test('a clock that is set back by more than a series ends it', async () => {
  const { recorder, requests, pass } = await startEventStore();
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  vi.setSystemTime(Date.now() - 60 * MINUTE);
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'POST']);
});

test('requests are sent one after the other, and a repeat during its own is written by another one', async () => {
  const { server, recorder, store, requests, pass } = await startEventStore();
  let respond = (): void => undefined;
  server.handler = (request, exchange) => {
    respond = () => store(request, exchange);
  };
  recorder.record(OWNER, MOVED);
  recorder.record(WORKLOAD, MOVED);
  const passed = pass(EVENTS_DELAY_MS);
  await eventually(requests).toEqual(['POST']);
  recorder.record(OWNER, MOVED);
  await new Promise((resolve) => setImmediate(resolve));
  expect(requests()).toEqual(['POST']);
  server.handler = store;
  respond();
  await passed;
  expect(requests()).toEqual(['POST', 'POST']);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'POST', 'PATCH 2']);
});

test.each([
  ['create', 'is tried again with the next occurrence', 0, ['POST', 'POST', 'POST 2'], [1, 2]],
  [
    'count',
    'ends the event: the next occurrence begins another one',
    1,
    ['POST', 'PATCH 2', 'POST', 'POST'],
    [1, 1, 1],
  ],
] as const)('a %s that failed is reported, holds up no other event, and %s', async (...row) => {
  const [, , before, expected, counted] = row;
  const store = await startEventStore();
  const { server, recorder, lost, requests, pass } = store;
  for (let count = 0; count < before; count += 1) {
    recorder.record(OWNER, MOVED);
    await pass(EVENTS_DELAY_MS);
  }
  server.handler = (request, exchange) => {
    if (server.requests.length === before + 1) exchange.reject(500, 'InternalError');
    else store.store(request, exchange);
  };
  recorder.record(OWNER, MOVED);
  recorder.record(WORKLOAD, { ...MOVED, reason: 'Reasserted' });
  await pass(EVENTS_DELAY_MS);
  expect(lost).toHaveLength(1);
  expect(lost[0]).toContain('500 InternalError said the server');
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(expected);
  expect(counts(store)).toEqual(counted);
});

test('an event whose response was lost is there once, and a repeat counts it up', async () => {
  const store = await startEventStore();
  const { server, recorder, lost, requests, pass } = store;
  recorder.record(WORKLOAD, MOVED);
  await pass(EVENTS_DELAY_MS);
  // The Transport sends a call again if it went out on a kept-alive connection that was closed.
  const nobody = { json: () => undefined, reject: () => undefined };
  server.handler = (request, exchange) => {
    store.store(request, request.connection === 1 ? nobody : exchange);
    if (request.connection === 1) exchange.cut();
  };
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect(requests()).toEqual(['POST', 'POST', 'POST', 'PATCH 2']);
  expect(counts(store)).toEqual([1, 2]);
  expect(lost).toEqual([]);
});

test.each([
  ['by the next occurrence', ['POST', 'POST 2', 'PATCH 2'], 2],
  ['when the series ends', ['POST', 'POST'], 1],
] as const)(
  'an event that was stored, though its response was no JSON, is asked for again %s',
  async (_, sent, count) => {
    const store = await startEventStore();
    const { server, recorder, lost, requests, pass } = store;
    server.handler = (request, exchange) => {
      store.store(request, { json: () => undefined, reject: () => undefined });
      exchange.send(200, '<html>Sign in</html>');
      server.handler = store.store;
    };
    recorder.record(OWNER, MOVED);
    await pass(EVENTS_DELAY_MS);
    expect(lost).toHaveLength(1);
    if (count === 2) recorder.record(OWNER, MOVED);
    for (const wait of count === 2 ? [EVENTS_DELAY_MS, EVENTS_DELAY_MS] : [SERIES + 2 * MINUTE]) await pass(wait);
    expect(requests()).toEqual(sent);
    expect(counts(store)).toEqual([count]);
  },
);

test('drained sends at once what is unsent and what only memory has counted, and leaves no timer', async () => {
  const store = await startEventStore();
  const { recorder, lost, requests, pass } = store;
  recorder.record(OWNER, MOVED);
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  recorder.record(OWNER, MOVED);
  recorder.record(WORKLOAD, MOVED);
  await recorder.drained();
  expect(requests().sort()).toEqual(['PATCH 3', 'POST', 'POST 2']);
  expect(vi.getTimerCount()).toBe(0);

  recorder.record(OWNER, MOVED);
  await recorder.drained();
  expect(requests()).toHaveLength(3);
  expect(lost).toEqual(['PortAssigned: the recorder has ended']);
  expect(vi.getTimerCount()).toBe(0);
});

test('drained waits for the requests under way', async () => {
  const store = await startEventStore();
  const { server, recorder, requests, pass } = store;
  let respond = (): void => undefined;
  server.handler = (request, exchange) => {
    respond = () => store.store(request, exchange);
  };
  recorder.record(OWNER, MOVED);
  const passed = pass(EVENTS_DELAY_MS);
  await eventually(requests).toEqual(['POST']);
  recorder.record(OWNER, MOVED);
  const drained = recorder.drained();
  server.handler = store.store;
  respond();
  await Promise.all([passed, drained]);
  expect(requests()).toEqual(['POST', 'PATCH 2']);
  expect(vi.getTimerCount()).toBe(0);
});

test('one event more than are remembered is dropped, and reported; a repeat takes no more room', async () => {
  const { recorder, lost } = await startEventStore();
  const record = (count: number): void => recorder.record({ ...OWNER, uid: `uid-${count}` }, MOVED);
  for (let count = 0; count <= MAX_SERIES; count += 1) record(count);
  record(7);
  expect(lost).toEqual(['PortAssigned: too many events']);
});

test('the counts sum up to the occurrences, and the requests of a series are bounded', async () => {
  const uids = ['uid-1', 'uid-2', 'uid-3'];
  const occurrence = fc.record({ uid: fc.constantFrom(...uids) });
  const pause = fc.record({ ms: fc.constantFrom(1, 500, EVENTS_DELAY_MS, MINUTE, 5 * MINUTE, SERIES, 20 * MINUTE) });
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: occurrence }, pause), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { recorder, server, stored, lost, pass } = await startEventStore();
      const occurrences = new Map<string, number[]>();
      for (const step of sequence) {
        if ('ms' in step) await pass(step.ms);
        else {
          recorder.record({ ...OWNER, uid: step.uid }, MOVED);
          occurrences.set(step.uid, [...(occurrences.get(step.uid) ?? []), Date.now()]);
        }
      }
      await recorder.drained();
      expect(lost).toEqual([]);
      for (const [uid, times] of occurrences) {
        const events = [...stored].filter(([, { regarding }]) => regarding.uid === uid);
        expect(events.reduce((sum, [, { series }]) => sum + (series?.count ?? 1), 0)).toBe(times.length);
        // A pause longer than a series begins another one.
        expect(events).toHaveLength(1 + times.filter((at, index) => at - (times[index - 1] ?? at) > SERIES).length);
        for (const [path, { eventTime, series }] of events) {
          const lastedMs = Date.parse(series?.lastObservedTime ?? eventTime) - Date.parse(eventTime);
          const patches = server.requests.filter((request) => request.path === path).length;
          // The second occurrence, the end, and every 30 minutes between them.
          expect(patches).toBeLessThanOrEqual(
            Math.min((series?.count ?? 1) - 1, 2 + Math.floor(lastedMs / (30 * MINUTE))),
          );
        }
      }
      const created = server.requests.filter(({ method }) => method === 'POST');
      expect(created).toHaveLength(stored.size);
    }),
    { numRuns: 40 },
  );
});

test('a note is at most the 1024 bytes that the API server takes, and not cut inside a character', async () => {
  const { recorder, stored, pass } = await startEventStore();
  const notes = fc.oneof(
    fc.integer({ min: 1020, max: 1030 }).map((length) => 'x'.repeat(length)),
    fc.string({ unit: 'grapheme', minLength: 300, maxLength: 1100, size: 'max' }),
    fc.nat(3).map((offset) => 'x'.repeat(offset) + '🦑'.repeat(300)),
  );
  await fc.assert(
    fc.asyncProperty(notes, async (note) => {
      stored.clear();
      recorder.record({ ...OWNER, uid: crypto.randomUUID() }, { ...MOVED, note });
      await pass(EVENTS_DELAY_MS);
      const sent = [...stored.values()][0]!.note;
      const printable = sanitize(note, note.length);
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(1024);
      if (Buffer.byteLength(printable) <= 1024) expect(sent).toBe(printable);
      else {
        expect(sent.endsWith('…')).toBe(true);
        expect(printable.startsWith(sent.slice(0, -1))).toBe(true);
        expect(Buffer.byteLength(sent)).toBeGreaterThan(1017);
      }
    }),
    { numRuns: 40 },
  );
});

test('the instance is cut to what the API server takes', async () => {
  const { recorder, stored, pass } = await startEventStore('i'.repeat(200));
  recorder.record(OWNER, MOVED);
  await pass(EVENTS_DELAY_MS);
  expect([...stored.values()][0]!.reportingInstance).toBe('i'.repeat(128));
});
