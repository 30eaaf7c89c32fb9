/** run() ends wherever it is told to stop, and leaves nothing behind. */
import { expect, test } from 'vitest';
import { firstSync, initialEnd, quiet, runInformer, streamedList, type Step } from './informers.js';
import { eventually } from './connections.js';

const never: Step = () => undefined;

test.each<[string, readonly Step[], number]>([
  ['while a streamed list opens', [never], 1],
  ['in a streamed list', [quiet], 1],
  ['in a paged list', [(exchange) => exchange.reject(422, 'Invalid'), never], 2],
  [
    'while a watch opens',
    [
      (exchange, request) => {
        streamedList('50')(exchange, request);
        exchange.end();
      },
      never,
    ],
    2,
  ],
  ['in a watch', [streamedList('50')], 1],
])('stop %s', async (_, steps, requests) => {
  const { server, stop, failures } = await runInformer(steps);
  await eventually(() => server.requests.length).toBe(requests);
  const reported = failures.length;
  const begin = performance.now();
  await stop();
  expect(performance.now() - begin).toBeLessThan(500);
  expect(failures).toHaveLength(reported);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(server.requests).toHaveLength(requests);
  // The connection that carried the rejection may be kept for the next call; none carries a request.
  expect(server.openConnections).toBeLessThanOrEqual(requests - 1);
});

test('stop while it waits after a failure', async () => {
  const { server, stop, failures } = await runInformer([(exchange) => exchange.reject(500, 'InternalError')], {
    timing: { backoff: { baseMs: 60_000, maxMs: 60_000 } },
  });
  await eventually(() => failures.length).toBe(1);
  const begin = performance.now();
  await stop();
  expect(performance.now() - begin).toBeLessThan(500);
  expect(server.requests).toHaveLength(1);
});

test('events that come after stop change nothing', async () => {
  let push = (): void => undefined;
  const { stop, store, informer } = await runInformer([
    (exchange, request) => {
      streamedList('50')(exchange, request);
      push = () =>
        exchange.push('{"type":"ADDED","object":{"metadata":{"namespace":"a","uid":"u","resourceVersion":"51"}}}\n');
    },
  ]);
  await firstSync(informer);
  const stopped = stop();
  push();
  await stopped;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(store.namespaces()).toEqual([]);
});

test('its last activity is when its loop last did something', async () => {
  let push = (): void => undefined;
  const { informer } = await runInformer([
    (exchange, request) => {
      streamedList('50')(exchange, request);
      push = () => exchange.push('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"51"}}}\n');
    },
  ]);
  await firstSync(informer);
  const listed = informer.lastActivity;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(informer.lastActivity).toBe(listed);
  push();
  await eventually(() => informer.lastActivity).toBeGreaterThan(listed + 20);
});

test('it heard of the server last when that said something, not when it tried again; an end in order is told of', async () => {
  const { server, informer, failures, closed } = await runInformer([
    (exchange) => {
      exchange.events(initialEnd('50'));
      setTimeout(() => exchange.end(), 1_050);
    },
    (exchange) => exchange.cut(),
  ]);
  await firstSync(informer);
  const heard = informer.lastEventAt;
  await eventually(() => closed()).toBe(1);
  await eventually(() => failures.length).toBeGreaterThan(2);
  expect(server.requests.length).toBeGreaterThan(2);
  expect(informer.lastEventAt).toBe(heard);
  expect(informer.lastActivity).toBeGreaterThan(heard);
  expect(closed()).toBe(1);
});

test('it has heard of a server that resumes a watch, though that ends before its first bookmark', async () => {
  const endedSoon: Step = (exchange, request) => {
    quiet(exchange, request);
    setTimeout(() => exchange.end(), 20);
  };
  const { server, informer } = await runInformer([
    (exchange) => {
      exchange.events(initialEnd('50'));
      setTimeout(() => exchange.end(), 20);
    },
    endedSoon,
    endedSoon,
    quiet,
  ]);
  await firstSync(informer);
  const listed = informer.lastEventAt;
  await eventually(() => server.requests.length).toBe(4);
  expect(informer.lastEventAt).toBeGreaterThan(listed + 20);
});

test('it has not heard of a server that begins a list again and again, and never ends it', async () => {
  const cutSoon: Step = (exchange, request) => {
    quiet(exchange, request);
    setTimeout(() => exchange.cut(), 20);
  };
  const { server, informer, failures } = await runInformer([streamedList('50'), cutSoon]);
  await firstSync(informer);
  const heard = informer.lastEventAt;
  server.cutAll();
  await eventually(() => failures.length).toBeGreaterThan(3);
  expect(informer.lastEventAt).toBe(heard);
  expect(informer).toMatchObject({ synced: true, lastError: expect.any(Error) as Error });
});

test('a watch that ended in order is well, whatever was before it', async () => {
  const { informer, failures, closed } = await runInformer([
    (exchange, request) => {
      streamedList('50')(exchange, request);
      exchange.events({ type: 'ERROR', object: { code: 500, reason: 'InternalError' } });
    },
    (exchange, request) => {
      quiet(exchange, request);
      setTimeout(() => exchange.end(), 1_050);
    },
    quiet,
  ]);
  await eventually(() => failures.length).toBe(1);
  expect(informer.lastError).toBeDefined();
  await eventually(() => closed()).toBe(1);
  expect(informer).toMatchObject({ lastError: undefined, failures: 0 });
});
