/** Whose the time of a CPU profile is. */
import { expect, test } from 'vitest';
import { timeByFunction, timeByRoom, type CpuProfile, type SourceOf } from '../../../bench/profile/rooms.js';

const source: SourceOf = ({ url }) => url;

/** One node for each [function, file], each the child of the one before; a sample of so many microseconds in each. */
function profile(...frames: [name: string, url: string, us: number][]): CpuProfile {
  const nodes = frames.map(([functionName, url], index) => ({
    id: index + 1,
    callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
    children: index + 1 < frames.length ? [index + 2] : [],
  }));
  return { nodes, samples: nodes.map(({ id }) => id), timeDeltas: frames.map(([, , us]) => us) };
}

test.each<[string, string]>([
  ['../../src/domain/rules/plan.ts', 'src/domain/rules'],
  ['../../src/domain/plan.ts', 'src/domain'],
  ['../../src/kube/informer.ts', 'src/kube'],
  ['../../src/main.ts', 'src/main'],
  ['../../node_modules/prom-client/lib/histogram.js', 'prom-client'],
  ['../../node_modules/@pinojs/redact/index.js', '@pinojs/redact'],
  ['node:_http_client', 'Node: HTTP'],
  ['node:internal/url', 'Node: HTTP'],
  ['node:internal/streams/readable', 'Node: sockets, TLS and streams'],
  ['node:internal/timers', 'Node: events, timers, promises'],
  ['evaluated', 'other'],
])('%s is of %s', (url, room) => {
  expect(timeByRoom(profile(['(root)', '', 0], ['work', url, 5]), source)).toEqual([
    [room, 5],
    ['', 0],
  ]);
});

test("what V8 has built in is its caller's; collections are nobody's; idle time is left out", () => {
  const found = timeByRoom(
    profile(
      ['(root)', '', 0],
      ['(idle)', '', 90],
      ['read', '../../src/kube/watch-events.ts', 1],
      ['parse', '', 20],
      ['(garbage collector)', '', 4],
    ),
    source,
  );
  expect(found).toEqual([
    ['src/kube', 21],
    ['(garbage collector)', 4],
    ['', 0],
  ]);
});

test('the time of a function is its own, without what it calls', () => {
  const [first, second] = timeByFunction(
    profile(['plan', 'src/domain/rules/plan.ts', 3], ['', 'src/kube/store.ts', 9]),
    source,
  );
  expect([first, second]).toEqual([
    ['(anonymous) src/kube/store.ts', 9],
    ['plan src/domain/rules/plan.ts', 3],
  ]);
});
