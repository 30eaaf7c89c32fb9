import { it } from 'vitest';
import { anyFight, fight } from './fight.js';
import { RUNS, expectOfAll } from './runs.js';

for (const version of ['1.16.4', '1.17.9'] as const) {
  const title = `in a fight that never ends, beside Rook ${version}, writes are few, and do not cease`;

  it(title, async () => {
    await expectOfAll({
      title,
      arbitrary: anyFight,
      numRuns: Math.ceil(RUNS / 500),
      run: (fought, journal) => fight(version, fought, journal),
      unit: 'reverts in three hours',
    });
  });
}
