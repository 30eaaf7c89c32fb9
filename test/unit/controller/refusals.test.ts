import { expect, test } from 'vitest';
import { Refusals, type Attempt } from '../../../src/controller/refusals.js';

const PLUGIN: Attempt = { namespace: 'rook', name: 'plugin', goal: { port: 1 }, onto: 7 };

function bench(): { clock: { ms: number }; refusals: Refusals } {
  const clock = { ms: 1_000 };
  return { clock, refusals: new Refusals(() => clock.ms) };
}

test('the very same write is not sent again for 30 s', () => {
  const { clock, refusals } = bench();
  expect(refusals.recall(PLUGIN)).toBeUndefined();
  expect(refusals.remember(PLUGIN, 'no')).toEqual({ cause: 'no', againInMs: 30_000 });
  clock.ms += 29_999;
  expect(refusals.recall({ ...PLUGIN })).toEqual({ cause: 'no', againInMs: 1 });
  clock.ms += 1;
  expect(refusals.recall(PLUGIN)).toBeUndefined();
});

// Node's timers may fire up to a millisecond early: whoever is told to wait is told until when.
test('a look just before the time is told to come back, however short the rest is', () => {
  const { clock, refusals } = bench();
  refusals.remember(PLUGIN, 'no');
  clock.ms += 29_999.6;
  expect(refusals.recall(PLUGIN)!.againInMs).toBeCloseTo(0.4);
});

test.each<[string, Partial<Attempt>]>([
  ['a write that is to come to something else', { goal: { port: 2 } }],
  ['the same onto something else', { onto: 8 }],
  ['another object', { name: 'provisioner' }],
  ['another namespace', { namespace: 'other' }],
])('%s is sent at once', (_what, differing) => {
  const { refusals } = bench();
  refusals.remember(PLUGIN, 'no');
  expect(refusals.recall({ ...PLUGIN, ...differing })).toBeUndefined();
});

test('a write that differs forgets the refusal, and so does the namespace that goes', () => {
  const { refusals } = bench();
  refusals.remember(PLUGIN, 'no');
  expect(refusals.recall({ ...PLUGIN, goal: 2 })).toBeUndefined();
  expect(refusals.recall(PLUGIN)).toBeUndefined();
  refusals.remember(PLUGIN, 'no');
  refusals.forget('rook');
  expect(refusals.recall(PLUGIN)).toBeUndefined();
});

test('where what came of a write is of no account, the same goal is not tried again onto anything', () => {
  const { refusals } = bench();
  const { namespace, name, goal } = PLUGIN;
  refusals.remember({ namespace, name, goal }, 'changed');
  expect(refusals.recall({ ...PLUGIN, onto: 99 })?.cause).toBe('changed');
  expect(refusals.recall({ ...PLUGIN, goal: 2 })).toBeUndefined();
});
