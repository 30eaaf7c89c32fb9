import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sanitize } from '../../../src/domain/report/sanitize.js';
import { EventRecorder, type EventNotice, type ObjectReference, type Occurrences } from '../../../src/kube/events.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';
import { connect, failure } from './connections.js';

const OWNER: ObjectReference = {
  apiVersion: 'csiports.io/v1alpha1',
  kind: 'CSIPortAssignment',
  namespace: 'rook-ceph',
  name: 'default',
  uid: 'uid-1',
};
const WORKLOAD: ObjectReference = { ...OWNER, apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'plugin', uid: 'uid-2' };
const MOVED: EventNotice = { type: 'Normal', reason: 'PortAssigned', action: 'PatchWorkload', note: '9070 -> 9072' };
const PATH = '/apis/events.k8s.io/v1/namespaces/rook-ceph/events';
const MINUTE = 60_000;

const AT = Date.UTC(2026, 10, 22, 10, 0, 0, 7);

async function recording(instance = 'pod-1'): Promise<{ server: ApiServerDouble; recorder: EventRecorder }> {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(201, {});
  return { server, recorder: new EventRecorder(transport, { controller: 'csiports.io/test', instance }) };
}

/** By default that the port was moved once, at ten o'clock. */
function happened(more: Partial<Occurrences> & { readonly at?: number } = {}): Occurrences {
  const { at = AT, ...rest } = more;
  return { regarding: OWNER, event: MOVED, count: 1, first: new Date(at), last: new Date(at), ...rest };
}

const bodies = (server: ApiServerDouble): Record<string, unknown>[] =>
  server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const calls = (server: ApiServerDouble): string[] => server.requests.map(({ method }) => method);

test('an event as events.k8s.io/v1 wants it', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened({ related: WORKLOAD }));
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: PATH });
  const [event] = bodies(server);
  const { name } = event!.metadata as { name: string };
  expect(name).toMatch(/^default\.[0-9a-f]+$/);
  expect(event).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: 'rook-ceph' },
    eventTime: '2026-11-22T10:00:00.007000Z',
    reportingController: 'csiports.io/test',
    reportingInstance: 'pod-1',
    ...MOVED,
    regarding: OWNER,
    related: WORKLOAD,
  });
});

test('two events of one moment have names of their own', async () => {
  const { server, recorder } = await recording();
  await Promise.all([recorder.record(happened()), recorder.record(happened({ event: { ...MOVED, note: 'else' } }))]);
  const names = bodies(server).map(({ metadata }) => (metadata as { name: string }).name);
  expect(new Set(names).size).toBe(2);
  expect(bodies(server)[0]).not.toHaveProperty('related');
});

test('what has happened several times is recorded as a series from the start', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened({ count: 3, last: new Date(AT + 8_000) }));
  expect(calls(server)).toEqual(['POST']);
  expect(bodies(server)[0]).toMatchObject({
    eventTime: '2026-11-22T10:00:00.007000Z',
    series: { count: 3, lastObservedTime: '2026-11-22T10:00:08.007000Z' },
  });
});

test('a repeat counts up the series of the first, by as often as it has happened', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened());
  await recorder.record(happened({ at: AT + MINUTE }));
  await recorder.record(happened({ at: AT + MINUTE, count: 4, last: new Date(AT + 2 * MINUTE) }));
  expect(calls(server)).toEqual(['POST', 'PATCH', 'PATCH']);
  const [first, second, third] = bodies(server);
  expect(server.requests[1]!.path).toBe(`${PATH}/${(first!.metadata as { name: string }).name}`);
  expect(server.requests[1]!.headers['content-type']).toBe('application/merge-patch+json');
  expect(second).toEqual({ series: { count: 2, lastObservedTime: '2026-11-22T10:01:00.007000Z' } });
  expect(third).toEqual({ series: { count: 6, lastObservedTime: '2026-11-22T10:02:00.007000Z' } });
});

test('a repeat of what had happened several times counts on from there', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened({ count: 3 }));
  await recorder.record(happened({ count: 2 }));
  expect(bodies(server)[1]).toMatchObject({ series: { count: 5 } });
});

test.each([
  ['another object', WORKLOAD, MOVED],
  ['another reason', OWNER, { ...MOVED, reason: 'Reasserted' }],
  ['another note', OWNER, { ...MOVED, note: '9072 -> 9070' }],
  ['another type', OWNER, { ...MOVED, type: 'Warning' as const }],
  ['another action', OWNER, { ...MOVED, action: 'Else' }],
])('%s is no repeat', async (_, regarding, event) => {
  const { server, recorder } = await recording();
  await recorder.record(happened());
  await recorder.record(happened({ regarding, event }));
  expect(calls(server)).toEqual(['POST', 'POST']);
});

test('a series ends six minutes after the last time that it happened', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened());
  await recorder.record(happened({ at: AT + 5 * MINUTE }));
  await recorder.record(happened({ at: AT + 10 * MINUTE, count: 2, last: new Date(AT + 12 * MINUTE) }));
  await recorder.record(happened({ at: AT + 18 * MINUTE, last: new Date(AT + 20 * MINUTE) }));
  await recorder.record(happened({ at: AT + 26 * MINUTE + 1 }));
  expect(calls(server)).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH', 'POST']);
});

test('after an event that could not be recorded, a repeat makes one instead of counting up what is not there', async () => {
  const { server, recorder } = await recording();
  server.handler = (_, exchange) => exchange.reject(500, 'InternalError');
  await failure(recorder.record(happened()));
  server.handler = (_, exchange) => exchange.json(201, {});
  await recorder.record(happened());
  expect(calls(server)).toEqual(['POST', 'POST']);
});

test('an event whose answer was lost is there once, and a repeat counts it up', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened({ regarding: WORKLOAD }));
  const stored = new Set<unknown>();
  server.handler = ({ method, body, connection }, exchange) => {
    const name: unknown = (JSON.parse(body) as { metadata?: { name: string } }).metadata?.name;
    const isThere = stored.has(name);
    if (method === 'POST') stored.add(name);
    if (connection === 1) exchange.cut();
    else if (method === 'POST' && isThere) exchange.reject(409, 'AlreadyExists');
    else exchange.json(200, {});
  };
  await recorder.record(happened());
  await recorder.record(happened({ at: AT + MINUTE }));
  expect(calls(server)).toEqual(['POST', 'POST', 'POST', 'PATCH']);
  expect(stored.size).toBe(1);
});

test('after the event of a series was deleted, a repeat makes a new one', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened());
  server.handler = (_, exchange) => exchange.reject(404, 'NotFound');
  await failure(recorder.record(happened()));
  server.handler = (_, exchange) => exchange.json(201, {});
  await recorder.record(happened());
  expect(calls(server)).toEqual(['POST', 'PATCH', 'POST']);
});

test('a note is at most the 1024 bytes that the API server takes, and not cut inside a character', async () => {
  const { server, recorder } = await recording();
  await recorder.record(happened({ event: { ...MOVED, note: 'x'.repeat(1024) } }));
  expect(bodies(server)[0]!.note).toBe('x'.repeat(1024));
  const notes = fc.oneof(
    fc.integer({ min: 1020, max: 1030 }).map((length) => 'x'.repeat(length)),
    fc.string({ unit: 'grapheme', minLength: 300, maxLength: 1100, size: 'max' }),
    fc.nat(3).map((offset) => 'x'.repeat(offset) + '🦑'.repeat(300)),
  );
  await fc.assert(
    fc.asyncProperty(notes, async (note) => {
      server.requests.length = 0;
      await recorder.record(happened({ regarding: { ...OWNER, uid: crypto.randomUUID() }, event: { ...MOVED, note } }));
      const sent = bodies(server)[0]!.note as string;
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
}, 20_000);

test('the instance is cut to what the API server takes', async () => {
  const { server, recorder } = await recording('i'.repeat(200));
  await recorder.record(happened());
  expect(bodies(server)[0]!.reportingInstance).toBe('i'.repeat(128));
});
