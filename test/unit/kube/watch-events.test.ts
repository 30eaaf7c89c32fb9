import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WatchProtocolError } from '../../../src/kube/errors.js';
import { watchEvents, WatchIdleError, type WatchEvent } from '../../../src/kube/watch-events.js';
import { failure } from './connections.js';

const event = (type: string, resourceVersion: string, name = 'a'): object => ({
  type,
  object: { metadata: { name, resourceVersion } },
});
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

async function collect(chunks: Iterable<string | Uint8Array>, into: WatchEvent[] = []): Promise<WatchEvent[]> {
  const buffers = [...chunks].map((chunk) => Buffer.from(chunk as string));
  for await (const parsed of watchEvents(Readable.from(buffers), 5_000)) into.push(parsed);
  return into;
}

/** Reads to the end of a stream that has no event. */
async function drain(stream: Readable, idleMs: number): Promise<void> {
  for await (const parsed of watchEvents(stream, idleMs)) expect.unreachable(parsed.type);
}

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

test('a line without an end is refused before it fills the memory', async () => {
  let given = 0;
  function* endless(): Generator<Buffer> {
    for (; given < 100; given += 1) yield Buffer.alloc(1024 * 1024, 'x');
  }
  const reading = drain(Readable.from(endless()), 5_000);
  expect((await failure(reading)).message).toBe('a line is longer than 8388608 bytes');
  expect(given).toBeLessThan(12);
});

test('a large object is no such line', async () => {
  const large = event('ADDED', '1', 'x'.repeat(2 * 1024 * 1024));
  expect(await collect([line(large)])).toEqual([large]);
});

test('silence is an error after idleMs; every byte puts it off', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const stream = new Readable({ read: () => undefined });
  let over = false;
  const reading = failure(drain(stream, 90_000)).finally(() => (over = true));
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

test('the stream is closed when its reader leaves, and its own error comes through', async () => {
  const left = Readable.from([Buffer.from(line(event('ADDED', '1')))]);
  for await (const first of watchEvents(left, 5_000)) if (first.type === 'ADDED') break;
  expect(left.destroyed).toBe(true);

  const broken = new Readable({ read: () => undefined });
  const cause = new Error('reset');
  setImmediate(() => broken.destroy(cause));
  const reading = drain(broken, 5_000);
  expect(await failure(reading)).toBe(cause);
});
