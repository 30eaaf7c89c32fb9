import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WatchProtocolError } from '../../../src/kube/errors.js';
import { readEvents, WatchIdleError, type WatchEvent } from '../../../src/kube/watch-events.js';
import { connect, failure } from './connections.js';

const event = (type: string, resourceVersion: string, name = 'a'): object => ({
  type,
  object: { metadata: { name, resourceVersion } },
});
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

async function collect(chunks: Iterable<string | Uint8Array>, into: WatchEvent[] = []): Promise<WatchEvent[]> {
  const buffers = [...chunks].map((chunk) => Buffer.from(chunk as string));
  await read(Readable.from(buffers), (parsed) => into.push(parsed));
  return into;
}

/** By default of a stream that has no event. */
function read(
  stream: Readable,
  onEvent: (event: WatchEvent) => void = ({ type }) => expect.unreachable(type),
): Promise<void> {
  return readEvents(stream, () => 5_000, onEvent);
}

const ignore = (): void => undefined;
const open = (): Readable => new Readable({ read: () => undefined });

test('each line is an event, several in a chunk as well', async () => {
  const events = [event('ADDED', '1'), event('MODIFIED', '2'), event('DELETED', '3'), event('BOOKMARK', '4')];
  expect(await collect([events.map(line).join('')])).toEqual(events);
});

test('an event may come in any chunks, also inside a character', async () => {
  const names = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 });
  const cuts = fc.array(fc.nat(400), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(names, cuts, async (texts, at) => {
      const events = texts.map((name, index) => event('ADDED', String(index + 1), name));
      const bytes = Buffer.from(events.map(line).join(''));
      const edges = [0, ...at.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      // A lone surrogate is U+FFFD on the wire.
      expect(await collect(chunks)).toEqual(JSON.parse(Buffer.from(JSON.stringify(events)).toString()));
    }),
    { numRuns: 50 },
  );
}, 20_000);

test('one byte at a time gives the same events', async () => {
  const events = [event('ADDED', '1', 'Größe €'), event('MODIFIED', '2', '🦑')];
  const bytes = Buffer.from(events.map(line).join(''));
  expect(await collect(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(events);
});

test('empty lines are nothing; an object without its newline is not taken, as it may be cut', async () => {
  expect(await collect(['\n', line(event('ADDED', '1')), '\n\n', JSON.stringify(event('ADDED', '2'))])).toHaveLength(1);
});

test('ERROR carries its status, of whatever form', async () => {
  expect(await collect([line({ type: 'ERROR', object: { code: 410 } }), line({ type: 'ERROR' })])).toEqual([
    { type: 'ERROR', status: { code: 410 } },
    { type: 'ERROR', status: undefined },
  ]);
});

test.each([
  ['is not JSON', '{"type":"ADDED",\n', 'a line is not JSON'],
  ['is JSON of another kind', '["ADDED"]\n', 'a line is not a watch event'],
  ['has no type', line({ object: { metadata: { resourceVersion: '2' } } }), 'a line is not a watch event'],
  ['has an unknown type', line(event('RENAMED', '2')), 'a line is not a watch event'],
  ['is null', 'null\n', 'a line is not a watch event'],
  ['is a number', '7\n', 'a line is not a watch event'],
  ['has no object', line({ type: 'ADDED' }), 'an event has no resourceVersion'],
  ['has a null object', line({ type: 'ADDED', object: null }), 'an event has no resourceVersion'],
  ['has no metadata', line({ type: 'BOOKMARK', object: {} }), 'an event has no resourceVersion'],
  ['has no version', line({ type: 'DELETED', object: { metadata: {} } }), 'an event has no resourceVersion'],
  ['has an empty version', line(event('ADDED', '')), 'an event has no resourceVersion'],
  [
    'has a version that is a number',
    line({ type: 'ADDED', object: { metadata: { resourceVersion: 2 } } }),
    'an event has no resourceVersion',
  ],
])('a line that %s ends the events there: none behind it is taken', async (_, bad, message) => {
  const taken: WatchEvent[] = [];
  const error = await failure(collect([line(event('ADDED', '1')) + bad + line(event('ADDED', '3'))], taken));
  expect(error).toBeInstanceOf(WatchProtocolError);
  expect(error.message).toBe(message);
  expect(taken).toHaveLength(1);
});

test('the largest object of etcd is read, also where the API server writes six bytes for each of one', async () => {
  const object = JSON.stringify({ metadata: { resourceVersion: '1' }, x: '<'.repeat(1.5 * 1024 * 1024) });
  const json = `{"type":"ADDED","object":${object.replaceAll('<', '\\u003c')}}\n`;
  expect(json.length).toBeGreaterThan(9 * 1024 * 1024);
  const taken: WatchEvent[] = [];
  await collect([json], taken);
  expect(taken).toHaveLength(1);
});

test('a line without an end is rejected before it fills the memory', async () => {
  let given = 0;
  function* endless(): Generator<Buffer> {
    for (; given < 100; given += 1) yield Buffer.alloc(1024 * 1024, 'x');
  }
  const reading = read(Readable.from(endless()));
  expect((await failure(reading)).message).toBe('a line is longer than 16777216 bytes');
  expect(given).toBeLessThan(20);
});

test('a large object is no such line', async () => {
  const large = event('ADDED', '1', 'x'.repeat(2 * 1024 * 1024));
  expect(await collect([line(large)])).toEqual([large]);
});

function useFakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

test('silence is an error after idleMs; every byte puts it off', async () => {
  useFakeTimers();
  const stream = open();
  let over = false;
  const reading = failure(readEvents(stream, () => 90_000, ignore)).finally(() => (over = true));
  for (let beat = 0; beat < 5; beat += 1) {
    await vi.advanceTimersByTimeAsync(89_999);
    stream.push(' ');
    await vi.advanceTimersByTimeAsync(0);
  }
  await vi.advanceTimersByTimeAsync(89_998);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(2);
  const error = await reading;
  expect(error).toBeInstanceOf(WatchIdleError);
  expect(error.message).toBe('nothing received for 90000 ms');
  expect(vi.getTimerCount()).toBe(0);
});

test('how long it may be silent follows what was told: the events of a chunk count before the next wait', async () => {
  useFakeTimers();
  const stream = open();
  const told: string[] = [];
  const reading = failure(
    readEvents(
      stream,
      () => (told.includes('BOOKMARK') ? 90_000 : 10_000),
      ({ type }) => told.push(type),
    ),
  );
  stream.push(line(event('ADDED', '1')));
  await vi.advanceTimersByTimeAsync(9_999);
  stream.push(line(event('BOOKMARK', '2')));
  await vi.advanceTimersByTimeAsync(89_999);
  expect(stream.destroyed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect((await reading).message).toBe('nothing received for 90000 ms');
  expect(told).toEqual(['ADDED', 'BOOKMARK']);
});

test('an event is told in the turn in which its chunk arrived', async () => {
  const stream = open();
  const told: WatchEvent[] = [];
  const reading = read(stream, (parsed) => told.push(parsed));
  // Flowing from the next turn on.
  await new Promise(setImmediate);
  stream.push(line(event('ADDED', '1')));
  expect(told).toHaveLength(1);
  stream.push(null);
  await reading;
});

test('a reader that throws ends the reading with that very error: no later line is told, not even of the same chunk', async () => {
  const cause = new Error('odd object');
  const told: string[] = [];
  const stream = Readable.from([Buffer.from([event('ADDED', '1'), event('ADDED', '2')].map(line).join(''))]);
  const reading = read(stream, ({ type }) => {
    told.push(type);
    throw cause;
  });
  expect(await failure(reading)).toBe(cause);
  expect(told).toEqual(['ADDED']);
  expect(stream.destroyed).toBe(true);
});

test('nor one of a later chunk that came with it', async () => {
  // What goes out without TLS in one turn is read in one.
  const { server, transport } = await connect({ plain: true });
  server.handler = (_, exchange) => {
    exchange.events(event('ADDED', '1'));
    exchange.push('<html>\n');
    exchange.events(event('ADDED', '3'));
  };
  const told: WatchEvent[] = [];
  const stream = await transport.watch('/w', {}, new AbortController().signal);
  const error = await failure(read(stream, (parsed) => told.push(parsed)));
  expect(error.message).toBe('a line is not JSON');
  expect(told).toEqual([event('ADDED', '1')]);
});

test('the stream is closed at its end, and its own error comes through', async () => {
  const ended = Readable.from([Buffer.from(line(event('ADDED', '1')))]);
  await read(ended, ignore);
  expect(ended.destroyed).toBe(true);

  const broken = open();
  const cause = new Error('reset');
  setImmediate(() => broken.destroy(cause));
  expect(await failure(read(broken))).toBe(cause);
});

test.each<[string, (stream: Readable) => void]>([
  ['while it is read', (stream) => void setImmediate(() => stream.destroy())],
  ['before it is read', (stream) => void stream.destroy()],
])('a stream that is closed without an end %s is an error', async (_, close) => {
  const stream = open();
  close(stream);
  await new Promise(setImmediate);
  expect(await failure(read(stream))).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
});
