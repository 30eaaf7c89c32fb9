import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store } from '../../../src/kube/store.js';
import {
  PATH,
  added,
  begun,
  bookmark,
  deleted,
  initialEnd,
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

test('list and watch are one request', async () => {
  const { server, store, informer, changes, synced } = await runInformer([
    streamedList('50', object('a', '10'), object('b', '20')),
  ]);
  await firstSync(informer);
  expect(store.namespaces()).toEqual(['a', 'b']);
  expect(changes).toEqual(['a', 'b']);
  expect(informer.synced).toBe(true);
  expect(synced()).toBe(1);
  expect(server.requests).toHaveLength(1);
  const { timeoutSeconds, ...query } = server.requests[0]!.query;
  expect(server.requests[0]!.path).toBe(PATH);
  expect(query).toEqual({
    watch: 'true',
    allowWatchBookmarks: 'true',
    fieldSelector: 'metadata.name=one',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
  expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(300);
  expect(Number(timeoutSeconds)).toBeLessThanOrEqual(600);
});

test('nothing is taken up before the list is complete, and a plain bookmark does not complete it', async () => {
  let proceed = (): void => undefined;
  const { server, store, informer, changes } = await runInformer([
    (exchange) => {
      exchange.events(added('a', '10'), bookmark('11'), added('b', '12'), modified('a', '13'), deleted('b', '14'));
      proceed = () => exchange.events(initialEnd('15'));
    },
  ]);
  await eventually(() => server.requests.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(informer.synced).toBe(false);
  expect(changes).toEqual([]);
  proceed();
  await firstSync(informer);
  expect(store.get('a')?.resourceVersion).toBe('13');
  expect(store.namespaces()).toEqual(['a']);
});

test('events after the list change the store, and each namespace that changed is told of', async () => {
  const { store, changes } = await runInformer([
    (exchange, request) => {
      streamedList('50', object('a', '10'), object('b', '20'))(exchange, request);
      exchange.events(modified('a', '51'), added('c', '52'), deleted('b', '53'), bookmark('60'), modified('a', '51'));
    },
  ]);
  await eventually(() => changes).toEqual(['a', 'b', 'a', 'c', 'b']);
  expect(store.namespaces()).toEqual(['a', 'c']);
});

test('after the server ended the watch it goes on from the last version, a bookmark included', async () => {
  const { server, store } = await runInformer([
    (exchange, request) => {
      streamedList('50')(exchange, request);
      exchange.events(added('a', '51'));
      exchange.end();
    },
    (exchange) => {
      exchange.events(bookmark('70'));
      exchange.end();
    },
    (exchange) => exchange.events(modified('a', '71')),
  ]);
  await eventually(() => store.get('a')?.resourceVersion).toBe('71');
  expect(begun(server)).toEqual(['list', '51', '70']);
  expect(server.requests[1]!.query).not.toHaveProperty('sendInitialEvents');
  expect(server.requests[1]!.query).toMatchObject({ watch: 'true', allowWatchBookmarks: 'true' });
});

test.each([422, 400])('a server that rejects a streamed list with %i is asked for pages, for good', async (status) => {
  const page =
    (metadata: object, ...items: readonly object[]): Step =>
    (exchange) =>
      exchange.json(200, { metadata, items });
  const { server, store, informer, failures, listed } = await runInformer([
    (exchange) => exchange.reject(status, 'Invalid'),
    page({ resourceVersion: '90', continue: 'next page' }, object('a', '10')),
    page({ resourceVersion: '90' }, object('b', '20')),
    (exchange) => exchange.reject(410, 'Expired'),
    page({ resourceVersion: '95' }, object('b', '20')),
    quiet,
  ]);
  await firstSync(informer);
  await eventually(() => server.requests.length).toBe(6);
  const [, first, second, watch, again] = server.requests.map(({ query }) => query);
  expect(first).toEqual({ fieldSelector: 'metadata.name=one', limit: '250' });
  expect(second).toEqual({ ...first, continue: 'next page' });
  expect(watch).toMatchObject({ watch: 'true', resourceVersion: '90' });
  expect(again).toEqual(first);
  expect(store.namespaces()).toEqual(['b']);
  expect(listed).toEqual(['pages', 'pages']);
  expect(failures.map(({ error }) => error.message)).toEqual([`GET ${PATH}: 410 Expired said the server`]);
});

test.each<[string, Step]>([
  ['nor says a word', quiet],
  ['though it begins it', (exchange) => exchange.events(added('a', '10'), bookmark('11'))],
])(
  'a server that never completes the streamed list, %s, is asked for pages from then on, and that is told',
  async (_, silent) => {
    const { server, store, informer, failures } = await runInformer(
      [
        silent,
        (exchange) => exchange.json(200, { metadata: { resourceVersion: '9' }, items: [object('b', '8')] }),
        (exchange) => exchange.reject(410, 'Expired'),
        (exchange) => exchange.json(200, { metadata: { resourceVersion: '12' }, items: [object('b', '8')] }),
        quiet,
      ],
      { timing: { listIdleMs: 60 } },
    );
    await firstSync(informer);
    await eventually(() => server.requests.length).toBe(5);
    expect(server.requests.map(({ query }) => query.limit)).toEqual([undefined, '250', undefined, '250', undefined]);
    expect(begun(server)).toEqual(['list', 'list', '9', 'list', '12']);
    expect(store.namespaces()).toEqual(['b']);
    expect(failures.map(({ error }) => error.message)).toEqual([
      'nothing received for 60 ms',
      `GET ${PATH}: 410 Expired said the server`,
    ]);
  },
);

test('after its list a watch may be silent for longer than the list', async () => {
  const { server, store, informer, failures } = await runInformer(
    [streamedList('50', object('a', '10')), streamedList('40', object('a', '9'))],
    { timing: { listIdleMs: 30, idleMs: 300 } },
  );
  await firstSync(informer);
  const synced = performance.now();
  await eventually(() => store.get('a')?.resourceVersion).toBe('9');
  expect(performance.now() - synced).toBeGreaterThan(200);
  expect(failures[0]!.error.message).toBe('nothing received for 300 ms');
  expect(server.requests[1]!.query).toHaveProperty('sendInitialEvents');
});

test('a list drops what is gone, and keeps the namespaces of others', async () => {
  const store = new Store<Stored>(() => undefined);
  for (const namespace of ['mine', 'other'])
    store.put({ namespace, name: 'one', uid: 'u', resourceVersion: '1', label: '' });
  const { informer } = await runInformer([streamedList('50')], { namespace: 'mine', store });
  await firstSync(informer);
  expect(store.namespaces()).toEqual(['other']);
  expect(informer.namespace).toBe('mine');
});

test('an object made again under its name replaces the old one, whose late DELETED is ignored', async () => {
  const { store } = await runInformer([
    (exchange, request) => {
      streamedList('50', object('a', '10', { uid: 'old' }))(exchange, request);
      exchange.events(added('a', '51', { uid: 'new' }), deleted('a', '52', { uid: 'old' }), added('b', '53'));
    },
  ]);
  await eventually(() => store.namespaces()).toEqual(['a', 'b']);
  expect(store.get('a')?.uid).toBe('new');
});

test('an event that is older than the answer to a write is ignored', async () => {
  let push: (...events: readonly object[]) => void = () => undefined;
  const { store, informer, changes } = await runInformer([
    (exchange, request) => {
      streamedList('50', object('a', '10'))(exchange, request);
      push = (...events) => exchange.events(...events);
    },
  ]);
  await firstSync(informer);
  store.putResponse({ namespace: 'a', name: 'one', uid: 'uid-a', resourceVersion: '60', label: 'written' });
  push(modified('a', '55', { label: 'stale' }), modified('a', '60', { label: 'own' }), added('b', '61'));
  await eventually(() => changes).toEqual(['a', 'a', 'b']);
  expect(store.get('a')?.label).toBe('written');
});

test('whatever the server sends in whatever order of lists and watches, the store ends with its objects', async () => {
  const change = fc.record({ namespace: fc.constantFrom('a', 'b', 'c'), gone: fc.boolean(), cut: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const state = new Map<string, string>();
      const history = changes.map(({ namespace, gone, cut }, index) => {
        const version = String(100 + index);
        if (gone) state.delete(namespace);
        else state.set(namespace, version);
        return { version, cut, event: gone ? deleted(namespace, version) : modified(namespace, version) };
      });
      // Sends what came after the version asked for, and cuts the connection where the history says so, once each.
      const cuts = new Set(history.filter(({ cut }) => cut).map(({ version }) => version));
      const { stop, store, informer } = await runInformer([
        (exchange, { query }) => {
          if (query.resourceVersion === undefined) exchange.events(initialEnd('99'));
          for (const { version, event } of history) {
            if (Number(version) <= Number(query.resourceVersion ?? '99')) continue;
            exchange.events(event);
            if (!cuts.delete(version)) continue;
            exchange.end();
            return;
          }
        },
      ]);
      await firstSync(informer);
      await eventually(
        () =>
          store
            .namespaces()
            .sort()
            .map((name) => `${name} ${store.get(name)!.resourceVersion}`),
        { interval: 2 },
      ).toEqual([...state].map(([name, version]) => `${name} ${version}`).sort());
      await stop();
    }),
    { numRuns: 15 },
  );
}, 30_000);
