import fc from 'fast-check';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { WorkQueue, type WorkResult } from '../../../src/controller/work-queue.js';
import { Bench, flush, started, type Run } from './work-bench.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('nothing is worked on before the start; what was added before is, once', async () => {
  const bench = new Bench();
  for (const key of ['a', 'b', 'a', 'a']) bench.queue.add(key);
  await flush();
  expect(bench.keys).toEqual([]);
  bench.queue.start();
  await flush();
  expect(bench.keys).toEqual(['a', 'b']);
});

test('a key added while it is worked on runs exactly once more, after that', async () => {
  const bench = await started();
  bench.queue.add('a');
  await flush();
  for (let time = 0; time < 5; time += 1) bench.queue.add('a');
  await flush();
  expect(bench.keys).toEqual(['a']);
  await bench.runs[0]!.done();
  expect(bench.keys).toEqual(['a', 'a']);
  await bench.runs[1]!.done();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(bench.keys).toEqual(['a', 'a']);
});

test('different keys run side by side, up to the concurrency', async () => {
  const bench = await started({ concurrency: 2 });
  for (const key of ['a', 'b', 'c']) bench.queue.add(key);
  await flush();
  expect(bench.keys).toEqual(['a', 'b']);
  await bench.runs[0]!.done();
  expect(bench.keys).toEqual(['a', 'b', 'c']);
});

test('a busy key does not keep the others waiting', async () => {
  const bench = await started({ concurrency: 1 });
  for (const key of ['a', 'b']) bench.queue.add(key);
  await flush();
  bench.queue.add('a');
  await bench.runs[0]!.done();
  await bench.runs[1]!.done();
  expect(bench.keys).toEqual(['a', 'b', 'a']);
});

test('a failure is told and retried after a wait that doubles up to its maximum', async () => {
  const bench = await started();
  bench.queue.add('a');
  for (const wait of [100, 200, 400, 800, 1_000, 1_000]) {
    await flush();
    const runs = bench.runs.length;
    await bench.runs.at(-1)!.fail();
    expect(bench.failed.at(-1)).toEqual({ key: 'a', failures: runs, retryInMs: wait });
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(bench.runs).toHaveLength(runs);
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.runs).toHaveLength(runs + 1);
  }
});

test('a success makes the next failure the first again, of that key alone', async () => {
  const bench = await started();
  bench.queue.add('a');
  bench.queue.add('b');
  await flush();
  await bench.runs[0]!.fail();
  await bench.runs[1]!.fail();
  await vi.advanceTimersByTimeAsync(100);
  await bench.runs[2]!.done();
  await bench.runs[3]!.fail();
  bench.queue.add('a');
  await flush();
  await bench.runs[4]!.fail();
  expect(bench.failed.map(({ key, failures }) => `${key}${failures}`)).toEqual(['a1', 'b1', 'b2', 'a1']);
});

test('work that throws instead of rejecting is a failure too', async () => {
  const failed: unknown[] = [];
  const options = { concurrency: 1, backoff: { baseMs: 1_000, maxMs: 1_000 } };
  const boom = (): never => {
    throw new Error('boom');
  };
  const queue = new WorkQueue(boom, { ...options, onFailure: (_, error) => void failed.push(error) });
  queue.start();
  queue.add('a');
  await flush();
  expect(failed).toEqual([new Error('boom')]);
  await queue.stop(0);
});

test('a wait that the failure asks for is kept where it is the longer one', async () => {
  const bench = await started({ retryAfterMs: (error) => (error as { ms?: number }).ms });
  bench.queue.add('a');
  await flush();
  await bench.runs[0]!.fail({ ms: 5_000 });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(bench.runs).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await bench.runs[1]!.fail({ ms: 1 });
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(200);
  await bench.runs[2]!.fail({});
  expect(bench.failed.map(({ retryInMs }) => retryInMs)).toEqual([5_000, 200, 400]);
});

test('a failure that knows a time of its own comes back at the earlier of that and the back-off', async () => {
  const bench = await started();
  bench.queue.add('a');
  await flush();
  await bench.runs[0]!.failFor(40);
  expect(bench.failed).toEqual([{ key: 'a', failures: 1, retryInMs: 100 }]);
  await vi.advanceTimersByTimeAsync(39);
  expect(bench.runs).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await bench.runs[1]!.failFor(3_000);
  await vi.advanceTimersByTimeAsync(199);
  expect(bench.runs).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(bench.runs).toHaveLength(3);
});

test('the earliest of several times counts', async () => {
  const bench = await started();
  bench.queue.addAfter('a', 300);
  bench.queue.addAfter('a', 100);
  bench.queue.addAfter('a', 200);
  await vi.advanceTimersByTimeAsync(99);
  expect(bench.runs).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(bench.runs).toHaveLength(1);
  await bench.runs[0]!.done();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bench.runs).toHaveLength(1);
});

test('add takes the place of a delay', async () => {
  const bench = await started();
  bench.queue.addAfter('a', 100);
  bench.queue.add('a');
  await flush();
  await bench.runs[0]!.done();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bench.runs).toHaveLength(1);
});

test('a time that has passed meanwhile is now, and nothing that Node.js warns of', async () => {
  const bench = await started();
  vi.useRealTimers();
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  bench.queue.addAfter('a', -0.003);
  await vi.waitFor(() => expect(bench.keys).toEqual(['a']));
  expect(warnings).toEqual([]);
});

test('work may ask to run again later; a key that was added meanwhile does not wait for that', async () => {
  const bench = await started();
  bench.queue.add('a');
  await flush();
  await bench.runs[0]!.done(500);
  await vi.advanceTimersByTimeAsync(499);
  expect(bench.runs).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  bench.queue.add('a');
  await bench.runs[1]!.done(500);
  expect(bench.runs).toHaveLength(3);
  await bench.runs[2]!.done();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bench.runs).toHaveLength(3);
});

test('stop waits for the work in hand, and begins none: not waiting, delayed, dirty, failed or added later', async () => {
  const bench = await started({ concurrency: 2 });
  for (const key of ['a', 'b', 'waiting']) bench.queue.add(key);
  bench.queue.addAfter('delayed', 10);
  await flush();
  bench.queue.add('a');
  let stopped = false;
  const stop = bench.queue.stop(10_000).then(() => (stopped = true));
  bench.queue.add('late');
  bench.queue.addAfter('late', 1);
  await vi.advanceTimersByTimeAsync(100);
  await bench.runs[0]!.done(1);
  expect(stopped).toBe(false);
  await bench.runs[1]!.fail();
  await flush();
  expect(stopped).toBe(true);
  await stop;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(bench.keys).toEqual(['a', 'b']);
  expect(vi.getTimerCount()).toBe(0);
});

test('stop gives up on work that outlasts the grace time', async () => {
  const bench = await started();
  bench.queue.add('a');
  await flush();
  let stopped = false;
  const stop = bench.queue.stop(10_000).then(() => (stopped = true));
  await vi.advanceTimersByTimeAsync(9_999);
  expect(stopped).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await stop;
  await bench.runs[0]!.fail();
  expect(vi.getTimerCount()).toBe(0);
});

test('keys wait if there are more than run at once; one that runs, is dirty or delayed does not', async () => {
  const bench = await started({ concurrency: 1 });
  bench.queue.add('a');
  await flush();
  bench.queue.add('a');
  bench.queue.addAfter('delayed', 10);
  expect(bench.queue.hasWaiting).toBe(false);
  bench.queue.add('b');
  expect(bench.queue.hasWaiting).toBe(true);
});

test('in a queue that is stopped no key waits: it will have no turn', async () => {
  const bench = await started({ concurrency: 1 });
  for (const key of ['a', 'waiting']) bench.queue.add(key);
  await flush();
  const stop = bench.queue.stop(10_000);
  expect(bench.queue.hasWaiting).toBe(false);
  await bench.runs[0]!.done();
  await stop;
});

test('stop of an idle or never started queue is immediate', async () => {
  await new Bench().queue.stop(10_000);
  await (await started()).queue.stop(10_000);
  expect(vi.getTimerCount()).toBe(0);
});

type Step = (bench: Bench, owed: Map<string, number>) => unknown;

/** What may happen to a queue; `owed` holds how many runs there were when a key was last added. */
function aStep(): fc.Arbitrary<Step> {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const ms = fc.nat(300);
  const one = (bench: Bench, pick: number): Run | undefined => bench.open[pick % Math.max(1, bench.open.length)];
  return fc.oneof(
    key.map((name): Step => (bench, owed) => {
      owed.set(name, bench.runs.length);
      bench.queue.add(name);
    }),
    fc.tuple(key, ms).map(([name, after]): Step => (bench, owed) => {
      owed.set(name, bench.runs.length);
      bench.queue.addAfter(name, after);
    }),
    fc.nat(7).map(
      (pick): Step =>
        (bench) =>
          one(bench, pick)?.done(),
    ),
    fc.nat(7).map(
      (pick): Step =>
        (bench) =>
          one(bench, pick)?.fail(),
    ),
    fc.tuple(fc.nat(7), ms).map(
      ([pick, after]): Step =>
        (bench) =>
          one(bench, pick)?.done(after),
    ),
    ms.map(
      (wait): Step =>
        () =>
          vi.advanceTimersByTimeAsync(wait),
    ),
  );
}

test('whatever comes in whatever order, no key is lost, or run beside itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(aStep(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, concurrency) => {
        const bench = await started({ concurrency });
        const owed = new Map<string, number>();
        for (const step of steps) await step(bench, owed);
        for (let rest = 0; rest < 50; rest += 1) {
          await bench.open[0]?.done();
          await vi.advanceTimersByTimeAsync(1_000);
        }
        expect(bench.mostPerKey).toBeLessThanOrEqual(1);
        expect(bench.mostAtOnce).toBeLessThanOrEqual(concurrency);
        // Each key ran after it was last added, and the queue came to rest.
        for (const [key, since] of owed) expect(bench.keys.slice(since)).toContain(key);
        expect(bench.open).toEqual([]);
        await bench.queue.stop(0);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
  );
});

test('its observer follows each key: added once while it waits, started, ended with what came of it', async () => {
  const told: string[] = [];
  const observer = {
    added: (key: string) => void told.push(`added ${key}`),
    started: (key: string) => void told.push(`started ${key}`),
    ended: (key: string, result: WorkResult) => void told.push(`ended ${key} ${JSON.stringify(Object.keys(result))}`),
  };
  const bench = await started({ observer });
  bench.queue.add('a');
  bench.queue.add('a');
  await flush();
  bench.queue.add('a');
  await bench.runs[0]!.done();
  await bench.runs[1]!.fail();
  await vi.advanceTimersByTimeAsync(100);
  await bench.runs[2]!.done(50);
  expect(told).toEqual([
    ...['added a', 'started a', 'added a', 'ended a []'],
    ...['started a', 'ended a ["failure"]'],
    ...['added a', 'started a', 'ended a ["requeueAfterMs"]'],
  ]);
});
