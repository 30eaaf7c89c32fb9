/** An informer of what the operator can do without, and of objects of any name. */
import { expect, test } from 'vitest';
import { Store } from '../../../src/kube/store.js';
import { eventually } from './connections.js';
import {
  added,
  deleted,
  modified,
  object,
  project,
  runInformer,
  streamedList,
  type Running,
  type Step,
  type Stored,
  firstSync,
} from './informers.js';

const unknown: Step = (exchange) => exchange.reject(404, 'NotFound');
const forbidden: Step = (exchange) => exchange.reject(403, 'Forbidden');

async function runOptional(
  steps: readonly Step[],
  options: Parameters<typeof runInformer>[1] = {},
): Promise<Running & { readonly sink: Store<Stored> }> {
  const sink = new Store<Stored>(() => undefined, { keyOf: ({ namespace, name }) => `${namespace}/${name}` });
  return { ...(await runInformer(steps, { optional: true, sink, ...options })), sink };
}

const names = (sink: Store<Stored>, namespace: string): string[] => sink.in(namespace).map(({ name }) => name);

test('a resource that the API server does not know is an empty list, and no failure', async () => {
  const { server, informer, sink, failures, synced, listed } = await runOptional([unknown], {
    timing: { absentMs: 60_000 },
  });
  await firstSync(informer);
  expect(informer).toMatchObject({ synced: true, lastError: undefined, failures: 0 });
  expect(sink.in('a')).toEqual([]);
  expect([failures, synced(), listed, server.requests.length]).toEqual([[], 1, ['absence'], 1]);
});

test('it is asked for again after its time, and watched as any other once it is there', async () => {
  const begin = performance.now();
  const { server, sink, failures, synced } = await runOptional([
    unknown,
    unknown,
    streamedList('50', object('a', '7')),
  ]);
  await eventually(() => names(sink, 'a')).toEqual(['one']);
  // Twice 60 ms, each within a tenth.
  expect(performance.now() - begin).toBeGreaterThan(105);
  expect(server.requests).toHaveLength(3);
  expect([failures, synced()]).toEqual([[], 1]);
});

test('once it is gone again, its objects are gone', async () => {
  const { server, sink, failures } = await runOptional([streamedList('50', object('a', '7')), unknown]);
  await eventually(() => names(sink, 'a')).toEqual(['one']);
  server.cutAll();
  await eventually(() => names(sink, 'a')).toEqual([]);
  // It lists again: the version that it had seen is of objects that are no more.
  server.handler = (request, exchange) => streamedList('9', object('a', '8'))(exchange, request);
  await eventually(() => names(sink, 'a')).toEqual(['one']);
  expect(server.requests.at(-1)!.query).toMatchObject({ sendInitialEvents: 'true' });
  expect(failures.map(({ error }) => error.message).filter((message) => message.includes('404'))).toEqual([]);
});

test('where it is paged, too, and where it goes away between two pages', async () => {
  const { informer, sink } = await runOptional([
    (exchange) => exchange.reject(422, 'Invalid'),
    (exchange) => exchange.json(200, { metadata: { resourceVersion: '9', continue: 'c' }, items: [object('a', '1')] }),
    unknown,
  ]);
  await firstSync(informer);
  expect(sink.in('a')).toEqual([]);
});

test('a missing right is a failure, which is told of at once and tried again with longer and longer waits', async () => {
  const { informer, failures, server } = await runOptional([forbidden], {
    timing: { backoff: { baseMs: 8, maxMs: 10 } },
  });
  await eventually(() => failures.length).toBeGreaterThanOrEqual(5);
  expect(informer).toMatchObject({ synced: false, lastError: { status: 403 }, failures: failures.length });
  // Six times as long as an informer that is waited for would wait at most.
  expect(failures[4]!.retryInMs).toBeGreaterThanOrEqual(30);
  expect(failures[4]!.retryInMs).toBeLessThanOrEqual(60);
  server.handler = (request, exchange) => streamedList('50')(exchange, request);
  await firstSync(informer);
  expect(informer).toMatchObject({ synced: true, lastError: undefined });
});

test('a resource that is not optional is waited for as after any failure', async () => {
  const { informer, failures } = await runInformer([unknown]);
  await eventually(() => failures.length).toBeGreaterThan(1);
  expect(informer.synced).toBe(false);
});

test('without a name all objects are asked for, listed or streamed, and told apart', async () => {
  const two = [object('a', '7', { name: 'rbd', uid: 'u1' }), object('a', '8', { name: 'nfs', uid: 'u2' })];
  const { server, informer, sink } = await runOptional([
    (exchange, request) => {
      streamedList('50', ...two)(exchange, request);
      exchange.events(added('b', '51', { name: 'rbd', uid: 'u3' }), deleted('a', '52', { name: 'nfs', uid: 'u2' }));
    },
  ]);
  await firstSync(informer);
  await eventually(() => [names(sink, 'a'), names(sink, 'b')]).toEqual([['rbd'], ['rbd']]);
  expect(server.requests[0]!.query).not.toHaveProperty('fieldSelector');
  expect(informer.rule).not.toHaveProperty('name');

  const paged = await runOptional([
    (exchange) => exchange.reject(422, 'Invalid'),
    (exchange) => exchange.json(200, { metadata: { resourceVersion: '9' }, items: two }),
    (exchange) => exchange.push(),
  ]);
  await firstSync(paged.informer);
  expect(names(paged.sink, 'a').sort()).toEqual(['nfs', 'rbd']);
  for (const { query } of paged.server.requests) expect(query).not.toHaveProperty('fieldSelector');
});

test('stop ends the wait for a resource that is not there', async () => {
  const { informer, server, stop } = await runOptional([unknown], { timing: { absentMs: 60_000 } });
  await firstSync(informer);
  const begin = performance.now();
  await stop();
  expect(performance.now() - begin).toBeLessThan(500);
  expect(server.requests).toHaveLength(1);
});

test('what is of no interest counts as absent, and is not reported as unreadable', async () => {
  const { sink, informer, unreadable } = await runOptional(
    [
      (exchange, request) => {
        streamedList('50', object('a', '7', { label: 'dull' }), object('b', '8'), object('c', '9'))(exchange, request);
        exchange.events(modified('b', '51', { label: 'dull' }), modified('a', '52'), deleted('c', '53'));
      },
    ],
    { project: (raw) => (project(raw).label === 'dull' ? undefined : project(raw)) },
  );
  await firstSync(informer);
  await eventually(() => sink.all().map(({ namespace }) => namespace)).toEqual(['a']);
  expect(unreadable).toEqual([]);
});

test.each(['stream', 'pages'])('it may select by another field than the name, by %s', async (by) => {
  const rejected: Step = (exchange) => exchange.reject(400, 'BadRequest');
  const page: Step = (exchange) => exchange.json(200, { metadata: { resourceVersion: '50' }, items: [] });
  const steps = by === 'stream' ? [streamedList('50')] : [rejected, page, streamedList('50')];
  const { server, informer } = await runOptional(steps, { fieldSelector: 'spec.hostNetwork=true' });
  await firstSync(informer);
  for (const { query } of server.requests) expect(query.fieldSelector).toBe('spec.hostNetwork=true');
});
