import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventRecorder, type EventNotice, type ObjectReference } from '../../../src/kube/events.js';
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

async function recording(): Promise<{ server: ApiServerDouble; recorder: EventRecorder; clock: { ms: number } }> {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(201, {});
  const clock = { ms: Date.UTC(2026, 10, 22, 10, 0, 0, 7) };
  const options = { controller: 'csiports.io/test', instance: 'pod-1', now: () => new Date(clock.ms) };
  return { server, recorder: new EventRecorder(transport, options), clock };
}

const bodies = (server: ApiServerDouble): Record<string, unknown>[] =>
  server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const calls = (server: ApiServerDouble): string[] => server.requests.map(({ method }) => method);

test('an event as events.k8s.io/v1 wants it', async () => {
  const { server, recorder } = await recording();
  await recorder.record(OWNER, MOVED, WORKLOAD);
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
  await Promise.all([recorder.record(OWNER, MOVED), recorder.record(OWNER, { ...MOVED, note: 'else' })]);
  const names = bodies(server).map(({ metadata }) => (metadata as { name: string }).name);
  expect(new Set(names).size).toBe(2);
  expect(bodies(server)[0]).not.toHaveProperty('related');
});

test('a repeat counts up the series of the first', async () => {
  const { server, recorder, clock } = await recording();
  await recorder.record(OWNER, MOVED);
  clock.ms += MINUTE;
  await recorder.record(OWNER, MOVED);
  await recorder.record(OWNER, MOVED);
  expect(calls(server)).toEqual(['POST', 'PATCH', 'PATCH']);
  const [first, second, third] = bodies(server);
  expect(server.requests[1]!.path).toBe(`${PATH}/${(first!.metadata as { name: string }).name}`);
  expect(server.requests[1]!.headers['content-type']).toBe('application/merge-patch+json');
  expect(second).toEqual({ series: { count: 2, lastObservedTime: '2026-11-22T10:01:00.007000Z' } });
  expect(third).toMatchObject({ series: { count: 3 } });
});

test.each([
  ['another object', WORKLOAD, MOVED],
  ['another reason', OWNER, { ...MOVED, reason: 'Reasserted' }],
  ['another note', OWNER, { ...MOVED, note: '9072 -> 9070' }],
  ['another type', OWNER, { ...MOVED, type: 'Warning' as const }],
  ['another action', OWNER, { ...MOVED, action: 'Else' }],
])('%s is no repeat', async (_, regarding, notice) => {
  const { server, recorder } = await recording();
  await recorder.record(OWNER, MOVED);
  await recorder.record(regarding, notice);
  expect(calls(server)).toEqual(['POST', 'POST']);
});

test('a series ends six minutes after its last event', async () => {
  const { server, recorder, clock } = await recording();
  await recorder.record(OWNER, MOVED);
  clock.ms += 5 * MINUTE;
  await recorder.record(OWNER, MOVED);
  clock.ms += 5 * MINUTE;
  await recorder.record(OWNER, MOVED);
  clock.ms += 6 * MINUTE + 1;
  await recorder.record(OWNER, MOVED);
  expect(calls(server)).toEqual(['POST', 'PATCH', 'PATCH', 'POST']);
});

test('after an event that could not be recorded, a repeat makes one instead of counting up what is not there', async () => {
  const { server, recorder } = await recording();
  server.handler = (_, exchange) => exchange.refuse(500, 'InternalError');
  await failure(recorder.record(OWNER, MOVED));
  server.handler = (_, exchange) => exchange.json(201, {});
  await recorder.record(OWNER, MOVED);
  expect(calls(server)).toEqual(['POST', 'POST']);
});

test('after the event of a series was deleted, a repeat makes a new one', async () => {
  const { server, recorder } = await recording();
  await recorder.record(OWNER, MOVED);
  server.handler = (_, exchange) => exchange.refuse(404, 'NotFound');
  await failure(recorder.record(OWNER, MOVED));
  server.handler = (_, exchange) => exchange.json(201, {});
  await recorder.record(OWNER, MOVED);
  expect(calls(server)).toEqual(['POST', 'PATCH', 'POST']);
});

test('a note is at most the 1024 bytes that the API server takes, and not cut inside a character', async () => {
  const { server, recorder } = await recording();
  await recorder.record(OWNER, { ...MOVED, note: 'x'.repeat(1024) });
  expect(bodies(server)[0]!.note).toBe('x'.repeat(1024));
  const notes = fc.oneof(
    fc.integer({ min: 1020, max: 1030 }).map((length) => 'x'.repeat(length)),
    fc.string({ unit: 'grapheme', minLength: 300, maxLength: 1100, size: 'max' }),
    fc.nat(3).map((offset) => 'x'.repeat(offset) + '🦑'.repeat(300)),
  );
  await fc.assert(
    fc.asyncProperty(notes, async (note) => {
      server.requests.length = 0;
      await recorder.record({ ...OWNER, uid: crypto.randomUUID() }, { ...MOVED, note });
      const sent = bodies(server)[0]!.note as string;
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(1024);
      if (Buffer.byteLength(note) <= 1024) expect(sent).toBe(note);
      else {
        expect(sent.endsWith('…')).toBe(true);
        expect(note.startsWith(sent.slice(0, -1))).toBe(true);
        expect(Buffer.byteLength(sent)).toBeGreaterThan(1017);
      }
    }),
    { numRuns: 40 },
  );
}, 20_000);

test('the instance is cut to what the API server takes', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(201, {});
  const recorder = new EventRecorder(transport, { controller: 'c', instance: 'i'.repeat(200), now: () => new Date() });
  await recorder.record(OWNER, MOVED);
  expect(bodies(server)[0]!.reportingInstance).toBe('i'.repeat(128));
});
