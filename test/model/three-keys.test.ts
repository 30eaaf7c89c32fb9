import { it } from 'vitest';
import { anyInterleaving, live } from './interleaving.js';
import { RUNS, expectOfAll } from './runs.js';

const title = 'beside Rook 1.17.9 the operator keeps its bounds, and is done when the others rest';

it(title, async () => {
  await expectOfAll({
    title,
    arbitrary: anyInterleaving,
    numRuns: Math.ceil(RUNS / 2),
    run: (interleaving, journal) => live('1.17.9', interleaving, journal),
    unit: 'reconciles that wrote until all was done',
  });
});
