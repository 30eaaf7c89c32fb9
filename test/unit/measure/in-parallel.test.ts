import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inParallel } from '../../support/measure/in-parallel.js';

it('runs every task once, so many at a time, and keeps the order of the answers', async () => {
  let running = 0;
  let most = 0;
  const tasks = Array.from({ length: 20 }, (_, index) => async () => {
    running += 1;
    most = Math.max(most, running);
    // The later ones are the faster ones.
    for (let turns = 20; turns > index; turns -= 1) await turn();
    running -= 1;
    return index;
  });
  expect(await inParallel(3, tasks)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(3);
});

it('fails where a task fails', async () => {
  const failure = new Error('no answer');
  await expect(inParallel(2, [() => Promise.resolve(1), () => Promise.reject(failure)])).rejects.toBe(failure);
});
