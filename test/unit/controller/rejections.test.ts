import { expect, test } from 'vitest';
import { Rejections, type Attempt } from '../../../src/controller/rejections.js';

const PLUGIN: Attempt = { namespace: 'rook', name: 'plugin', goal: { port: 1 }, onto: 7 };

function bench(): { clock: { ms: number }; rejections: Rejections } {
  const clock = { ms: 1_000 };
  return { clock, rejections: new Rejections(() => clock.ms) };
}

test('the very same write is not sent again for 30 s', () => {
  const { clock, rejections } = bench();
  expect(rejections.recall(PLUGIN)).toBeUndefined();
  expect(rejections.remember(PLUGIN, 'no')).toEqual({ cause: 'no', requeueAfterMs: 30_000 });
  clock.ms += 29_999;
  expect(rejections.recall({ ...PLUGIN })).toEqual({ cause: 'no', requeueAfterMs: 1 });
  clock.ms += 1;
  expect(rejections.recall(PLUGIN)).toBeUndefined();
});

// Node's timers may fire up to a millisecond early: whoever is told to wait is told until when.
test('a look just before the time is told to come back, however short the rest is', () => {
  const { clock, rejections } = bench();
  rejections.remember(PLUGIN, 'no');
  clock.ms += 29_999.6;
  expect(rejections.recall(PLUGIN)!.requeueAfterMs).toBeCloseTo(0.4);
});

test.each<[string, Partial<Attempt>]>([
  ['a write that is to come to something else', { goal: { port: 2 } }],
  ['the same onto something else', { onto: 8 }],
  ['another object', { name: 'provisioner' }],
  ['another namespace', { namespace: 'other' }],
])('%s is sent at once', (_what, differing) => {
  const { rejections } = bench();
  rejections.remember(PLUGIN, 'no');
  expect(rejections.recall({ ...PLUGIN, ...differing })).toBeUndefined();
});

test('a write that differs forgets the rejection, and so does the namespace that goes', () => {
  const { rejections } = bench();
  rejections.remember(PLUGIN, 'no');
  expect(rejections.recall({ ...PLUGIN, goal: 2 })).toBeUndefined();
  expect(rejections.recall(PLUGIN)).toBeUndefined();
  rejections.remember(PLUGIN, 'no');
  rejections.forget('rook');
  expect(rejections.recall(PLUGIN)).toBeUndefined();
});

test('where what came of a write is of no account, the same goal is not tried again onto anything', () => {
  const { rejections } = bench();
  const { namespace, name, goal } = PLUGIN;
  rejections.remember({ namespace, name, goal }, 'changed');
  expect(rejections.recall({ ...PLUGIN, onto: 99 })?.cause).toBe('changed');
  expect(rejections.recall({ ...PLUGIN, goal: 2 })).toBeUndefined();
});
