import { expect, test } from 'vitest';
import { Refusals } from '../../../src/controller/refusals.js';

function at(): { clock: { ms: number }; monotonicMs: () => number } {
  const clock = { ms: 1_000 };
  return { clock, monotonicMs: () => clock.ms };
}

test('the very same write is not sent again for 30 s; another one, or of another object, is', () => {
  const { clock, monotonicMs } = at();
  const refusals = new Refusals(monotonicMs);
  expect(refusals.retryInMs('rook')).toBeUndefined();
  refusals.remember('rook', 'plugin', { write: { port: 1 }, cause: 'no' });
  clock.ms += 29_999;
  expect(refusals.recall('rook', 'plugin', { port: 1 })).toBe('no');
  expect(refusals.retryInMs('rook')).toBe(1);
  expect(refusals.recall('other', 'plugin', { port: 1 })).toBeUndefined();
  expect(refusals.recall('rook', 'provisioner', { port: 1 })).toBeUndefined();
  clock.ms += 1;
  expect(refusals.recall('rook', 'plugin', { port: 1 })).toBeUndefined();
  expect(refusals.retryInMs('rook')).toBeUndefined();
});

test('a refusal that nobody asks for any more is over with its time: there is nothing to come back for', () => {
  const { clock, monotonicMs } = at();
  const refusals = new Refusals(monotonicMs);
  refusals.remember('rook', 'plugin', { write: 1, cause: 'no' });
  clock.ms += 29_000;
  expect(refusals.retryInMs('rook')).toBe(1_000);
  clock.ms += 1_000;
  expect(refusals.retryInMs('rook')).toBeUndefined();
});

test('a write that differs forgets the refusal, and so does the namespace that goes', () => {
  const refusals = new Refusals(at().monotonicMs);
  refusals.remember('rook', 'plugin', { write: 1, cause: 'no' });
  refusals.remember('rook', 'provisioner', { write: 1, cause: 'no' });
  expect(refusals.recall('rook', 'plugin', 2)).toBeUndefined();
  expect(refusals.recall('rook', 'plugin', 1)).toBeUndefined();
  refusals.forget('rook');
  expect(refusals.recall('rook', 'provisioner', 1)).toBeUndefined();
});
