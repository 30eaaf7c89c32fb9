/** What an informer does when the API server, the network or the stream fails. */
import { describe, expect, test } from 'vitest';
import { ApiError, UnreachableError, WatchProtocolError } from '../../../src/kube/errors.js';
import { WatchIdleError, type RawObject } from '../../../src/kube/watch-events.js';
import {
  PATH,
  added,
  begun,
  bookmark,
  deleted,
  errorEvent,
  modified,
  object,
  quiet,
  runInformer,
  streamedList,
  type Step,
  type Stored,
  firstSync,
} from './informers.js';
import { eventually } from './connections.js';

const rejected =
  (status: number, reason: string, more: object = {}, headers: Readonly<Record<string, string>> = {}): Step =>
  (exchange) =>
    exchange.reject(status, reason, more, headers);

const tooLarge = {
  details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
};
/** A list and then one event of the watch. */
const listedThen =
  (...events: readonly object[]): Step =>
  (exchange, request) => {
    streamedList('50', object('a', '10'))(exchange, request);
    exchange.events(...events);
  };

test.each<[string, Step]>([
  ['HTTP 410', rejected(410, 'Expired')],
  ['HTTP 504 ResourceVersionTooLarge', rejected(504, 'Timeout', tooLarge)],
  ['410 in the stream', (exchange) => exchange.events(errorEvent({ code: 410, reason: 'Expired' }))],
  ['ResourceVersionTooLarge in the stream', (exchange) => exchange.events(errorEvent({ code: 504, ...tooLarge }))],
  ['502 of a proxy that has lost the server', (exchange) => exchange.send(502, '<html>Bad Gateway</html>')],
  ['503 of a proxy', (exchange) => exchange.json(503, { error: 'no healthy upstream' })],
  ['an error in the stream that does not say which', (exchange) => exchange.events({ type: 'ERROR' })],
])('%s: it lists again, and drops what is gone', async (_, unusable) => {
  const { server, store, failures } = await runInformer([
    (exchange, request) => {
      streamedList('50', object('a', '10'), object('b', '10'))(exchange, request);
      exchange.end();
    },
    unusable,
    streamedList('80', object('b', '70')),
  ]);
  await eventually(() => store.namespaces()).toEqual(['b']);
  expect(store.get('b')?.resourceVersion).toBe('70');
  expect(begun(server)).toEqual(['list', '50', 'list']);
  expect(failures).toHaveLength(2);
});

test.each<[string, object]>([
  ['500', { code: 500, reason: 'InternalError' }],
  ['429', { code: 429, details: { retryAfterSeconds: 0 } }],
  ['no code', { message: 'odd', reason: 'Unknown' }],
])('another error in the stream, %s: it goes on from the last version', async (_, status) => {
  const { server, failures } = await runInformer([listedThen(modified('a', '51'), errorEvent(status)), quiet]);
  await eventually(() => begun(server)).toEqual(['list', '51']);
  expect(failures[0]!.error).toBeInstanceOf(ApiError);
});

test('an ERROR event without a status is an error all the same', async () => {
  const { failures } = await runInformer([listedThen({ type: 'ERROR' }), quiet]);
  await eventually(() => failures.length).toBe(1);
  expect(failures[0]!.error).toMatchObject({ name: 'ApiError', status: 500, message: `WATCH ${PATH}: 500 null` });
});

test.each([
  ['is cut short', '{"type":"MODIFIED","object":{"metadata"\n'],
  ['has no version', '{"type":"MODIFIED","object":{"metadata":{"name":"one"}}}\n'],
  ['is no event', '<html>\n'],
])('a line that %s: it goes on from the last version, and loses nothing behind the line', async (_, bad) => {
  const { server, store, failures } = await runInformer([
    (exchange, request) => {
      listedThen(modified('a', '51'))(exchange, request);
      exchange.push(`${bad}${JSON.stringify(modified('a', '53', { label: 'behind' }))}\n`);
    },
    (exchange) => exchange.events(modified('a', '52'), modified('a', '53', { label: 'sent again' })),
  ]);
  await eventually(() => store.get('a')?.label).toBe('sent again');
  expect(begun(server)).toEqual(['list', '51']);
  expect(failures[0]!.error).toBeInstanceOf(WatchProtocolError);
});

describe('an object that cannot be read', () => {
  const odd = (version: string): object => modified('odd', version, { label: 'odd' });
  const project = (raw: RawObject): Stored => {
    if ((raw as Stored & RawObject).label === 'odd') throw new Error('odd object');
    const { namespace = '', name = '', uid = '', resourceVersion } = raw.metadata;
    return { namespace, name, uid, resourceVersion, label: '' };
  };
  /** Of old servers, and such as no server would send. */
  const pages: Step = (exchange, { query }) => {
    const items = [null, {}, object('odd', '11', { label: 'odd' }), object('a', '10')];
    if (query.sendInitialEvents !== undefined) exchange.reject(400, 'BadRequest');
    else if (query.watch !== undefined) exchange.push();
    else exchange.json(200, { metadata: { resourceVersion: '50' }, items });
  };

  test('counts as absent, is told of once, and keeps no other from being seen', async () => {
    const { server, store, failures, unreadable } = await runInformer(
      [
        (exchange, request) => {
          streamedList('50', object('a', '10'), object('odd', '11'))(exchange, request);
          exchange.events(odd('51'), odd('52'), modified('a', '53'));
        },
      ],
      { project },
    );
    await eventually(() => store.get('a')?.resourceVersion).toBe('53');
    expect(store.namespaces()).toEqual(['a']);
    expect(unreadable).toEqual(['odd/one: Error: odd object']);
    expect(failures).toEqual([]);
    expect(begun(server)).toEqual(['list']);
  });

  test('is told of anew where another one has its name', async () => {
    const { unreadable } = await runInformer(
      [listedThen(odd('51'), modified('odd', '52', { label: 'odd', uid: 'another' }))],
      { project },
    );
    await eventually(() => unreadable.length).toBe(2);
  });

  test('is taken up when it can be read again, and told of anew when it cannot', async () => {
    const { store, unreadable } = await runInformer(
      [listedThen(odd('51'), modified('odd', '52'), odd('53'), modified('odd', '54'))],
      { project },
    );
    await eventually(() => store.get('odd')?.resourceVersion).toBe('54');
    expect(unreadable).toHaveLength(2);
  });

  test.each<[string, Step]>([
    ['a streamed list', streamedList('50', object('odd', '11', { label: 'odd' }), object('a', '10'))],
    ['pages', pages],
  ])('in %s: the others are listed', async (_, step) => {
    const { store, informer, unreadable } = await runInformer([step], { project });
    await firstSync(informer);
    expect(store.namespaces()).toEqual(['a']);
    expect(unreadable).toContain('odd/one: Error: odd object');
  });

  test('is forgotten when it is deleted', async () => {
    const { store, unreadable } = await runInformer(
      [listedThen(odd('51'), deleted('odd', '52', { label: 'odd' }), odd('53'), modified('b', '54'))],
      { project },
    );
    await eventually(() => store.namespaces()).toEqual(['a', 'b']);
    expect(unreadable).toHaveLength(2);
  });
});

test('a streamed list that ends too soon leaves the store as it was', async () => {
  const { server, store, informer, failures } = await runInformer([
    listedThen(),
    // After a 410 it lists anew: the half list names no a.
  ]);
  await firstSync(informer);
  server.handler = ({ query }, exchange) => {
    if (query.resourceVersion !== undefined) exchange.reject(410, 'Expired');
    else {
      exchange.events(added('b', '60'));
      exchange.end();
    }
  };
  server.cutAll();
  await eventually(() => failures.some(({ error }) => error.message.includes('before its last object'))).toBe(true);
  expect(store.namespaces()).toEqual(['a']);
  server.handler = (request, exchange) => streamedList('70', object('b', '60'))(exchange, request);
  await eventually(() => store.namespaces()).toEqual(['b']);
});

test('a silent watch is given up, and everything is listed again', async () => {
  const { server, store, failures, listed } = await runInformer(
    [streamedList('50', object('a', '10')), streamedList('40', object('a', '9'))],
    { timing: { idleMs: 80 } },
  );
  await eventually(() => store.get('a')?.resourceVersion).toBe('9');
  expect(failures[0]!.error).toBeInstanceOf(WatchIdleError);
  expect(begun(server).slice(0, 2)).toEqual(['list', 'list']);
  expect(listed.slice(0, 2)).toEqual(['stream', 'stream']);
});

test('bookmarks keep a quiet watch open', async () => {
  let beat: NodeJS.Timeout | undefined;
  const { server, failures } = await runInformer(
    [
      (exchange, request) => {
        streamedList('50')(exchange, request);
        beat = setInterval(() => exchange.events(bookmark('51')), 50);
        void exchange.closed.then(() => clearInterval(beat));
      },
    ],
    { timing: { idleMs: 500 } },
  );
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(failures).toEqual([]);
  expect(server.requests).toHaveLength(1);
});

test.each<[string, Step]>([
  ['at once', (exchange) => exchange.end()],
  [
    'after an event',
    (exchange) => {
      exchange.events(bookmark('51'));
      exchange.end();
    },
  ],
  ['without a word', (exchange) => exchange.cut()],
])('a server that ends every watch %s does not make it spin', async (_, end) => {
  const { server } = await runInformer([streamedList('50'), end], { timing: { backoff: { baseMs: 50, maxMs: 50 } } });
  await eventually(() => server.requests.length).toBeGreaterThan(0);
  server.cutAll();
  await new Promise((resolve) => setTimeout(resolve, 500));
  // At least 25 ms lie between two requests; one asked again on a connection that was closed while idle counts twice.
  expect(server.requests.length).toBeGreaterThan(4);
  expect(server.requests.length).toBeLessThan(42);
});

test.each<[string, Step, Partial<ApiError>]>([
  ['401', rejected(401, 'Unauthorized'), { status: 401 }],
  ['403', rejected(403, 'Forbidden'), { status: 403 }],
  ['404', rejected(404, 'NotFound'), { status: 404 }],
  ['429', rejected(429, 'TooManyRequests'), { status: 429 }],
  ['500', rejected(500, 'InternalError'), { status: 500 }],
])('%s is told of, backed off from ever longer, and recovered from', async (_, answer, expected) => {
  const { server, informer, failures } = await runInformer([answer], {
    timing: { backoff: { baseMs: 8, maxMs: 1_000 } },
  });
  await eventually(() => failures.length).toBeGreaterThanOrEqual(3);
  expect(failures[0]!.error).toMatchObject(expected);
  expect(informer.lastError).toMatchObject(expected);
  expect(informer.synced).toBe(false);
  expect(failures[2]!.retryInMs).toBeGreaterThanOrEqual(16);
  server.handler = (request, exchange) => streamedList('50')(exchange, request);
  await firstSync(informer);
  expect(informer.lastError).toBeUndefined();
});

test('Retry-After is waited out', async () => {
  const { server, informer, failures } = await runInformer([
    rejected(429, 'TooManyRequests', {}, { 'Retry-After': '1' }),
    streamedList('50'),
  ]);
  const begin = performance.now();
  await firstSync(informer);
  expect(performance.now() - begin).toBeGreaterThan(900);
  expect(failures.map(({ retryInMs }) => retryInMs)).toEqual([1_000]);
  expect(server.requests).toHaveLength(2);
});

test.each<[string, Step]>([
  ['the connection is cut', (exchange) => exchange.cut()],
  ['an error follows', (exchange) => exchange.events(errorEvent({ code: 500 }))],
])('where each list succeeds, and %s behind it, the waits grow all the same', async (_, end) => {
  const { failures, informer, listed } = await runInformer(
    [
      (exchange, request) => {
        listedThen(modified('a', '51'))(exchange, request);
        // So that both have been read: what is cut is lost.
        setTimeout(() => end(exchange, request), 5);
      },
    ],
    { timing: { backoff: { baseMs: 8, maxMs: 5_000 } } },
  );
  await eventually(() => failures.length).toBe(6);
  expect(listed.length).toBeGreaterThan(0);
  expect(informer.synced).toBe(true);
  for (const [at, { retryInMs }] of failures.entries()) expect(retryInMs).toBeGreaterThanOrEqual(4 * 2 ** at);
});

test.each<[string, Step]>([
  ['has lasted for the longest of them', (exchange) => setTimeout(() => exchange.cut(), 600)],
  ['is closed in order', (exchange) => setTimeout(() => exchange.end(), 1_100)],
])('the waits begin anew when a watch %s', async (_, end) => {
  const { failures, closed } = await runInformer(
    [
      ...Array.from({ length: 5 }, () => rejected(500, 'x')),
      (exchange, request) => {
        streamedList('50')(exchange, request);
        end(exchange, request);
      },
      rejected(500, 'x'),
      quiet,
    ],
    { timing: { backoff: { baseMs: 20, maxMs: 100 } } },
  );
  await eventually(() => failures.length + closed()).toBe(7);
  expect(failures[4]!.retryInMs).toBeGreaterThanOrEqual(50);
  expect(failures[5]!.retryInMs).toBeLessThanOrEqual(20);
});

test('a watch that is resumed after a failure, and has nothing to tell, is well when it has been open for a second', async () => {
  const { informer, synced, failures } = await runInformer([
    (exchange, request) => {
      streamedList('50', object('a', '10'))(exchange, request);
      exchange.end();
    },
    rejected(500, 'x'),
    quiet,
  ]);
  await eventually(() => failures.length).toBe(2);
  expect(informer.lastError).toMatchObject({ status: 500 });
  await eventually(() => informer.lastError).toBeUndefined();
  expect([informer.failingSince, synced()]).toEqual([undefined, 2]);
});

test('a server that is away is waited for, and tells all that it has now, also where that is older', async () => {
  const { server, store, informer, failures } = await runInformer([listedThen(modified('a', '51'))]);
  await eventually(() => store.get('a')?.resourceVersion).toBe('51');
  server.handler = (_, exchange) => exchange.cut();
  server.cutAll();
  await eventually(() => failures.filter(({ error }) => error instanceof UnreachableError).length).toBeGreaterThan(1);
  expect(store.namespaces()).toEqual(['a']);
  expect(informer.synced).toBe(true);
  server.handler = (request, exchange) => streamedList('40', object('a', '9'))(exchange, request);
  await eventually(() => store.get('a')?.resourceVersion).toBe('9');
  expect(informer.lastError).toBeUndefined();
  expect(new Set(begun(server))).toEqual(new Set(['list']));
});

test('a watch whose connection is cut is not resumed: who answers next may be behind the last version', async () => {
  const { server, store } = await runInformer([
    (exchange, request) => {
      listedThen(modified('a', '51'))(exchange, request);
      setTimeout(() => exchange.cut(), 50);
    },
    streamedList('40', object('a', '9')),
  ]);
  await eventually(() => store.get('a')?.resourceVersion).toBe('9');
  expect(begun(server)).toEqual(['list', 'list']);
});

test('a page without an answer is asked for again from the first', async () => {
  const { server, store, informer } = await runInformer([
    rejected(422, 'Invalid'),
    (exchange) => exchange.json(200, { metadata: { resourceVersion: '9', continue: 'c' }, items: [object('a', '1')] }),
    rejected(410, 'Expired'),
    (exchange) => exchange.json(200, { metadata: { resourceVersion: '10' }, items: [object('b', '2')] }),
    quiet,
  ]);
  await firstSync(informer);
  expect(store.namespaces()).toEqual(['b']);
  expect(server.requests[3]!.query).not.toHaveProperty('continue');
});
