/** Whether a figure of the benchmark has met its goal: docs/results/performance.md repeats these verdicts. */
import { expect, it } from 'vitest';
import type { Figure, Goal } from '../../../bench/figures.js';
import { figureTable, type Column } from '../../../bench/report.js';

function column(name: string, ...time: number[]): Column {
  return { name, measured: { time } };
}

function verdictOf(goal: Goal, columns: readonly Column[], digits = 1): string | undefined {
  const figure: Figure = { key: 'time', label: 'time, ms', digits, goal };
  return figureTable([figure], columns).split('|').at(-2)?.trim();
}

const slow = column('operator', 1, 2, 9);
it.each<[string, Goal, Column[]]>([
  ['≤ 2: met', { of: 'median', atMost: 2 }, [slow]],
  ['≤ 1.9: missed', { of: 'median', atMost: 1.9 }, [slow]],
  ['max ≤ 8: missed', { of: 'max', atMost: 8 }, [slow]],
  ['max ≤ 9: met', { of: 'max', atMost: 9 }, [slow]],
  ['ratio ≤ 0.5', { of: 'ratio', atMost: 0.5 }, [slow]],
  ['ratio ≤ 0.5: met', { of: 'ratio', atMost: 0.5 }, [slow, column('peer', 4)]],
  ['ratio ≤ 0.49: missed', { of: 'ratio', atMost: 0.49 }, [slow, column('peer', 4)]],
  ['ratio ≤ 0.5', { of: 'ratio', atMost: 0.5 }, [slow, column('peer', 0)]],
  ['≤ 3', { of: 'median', atMost: 3 }, [column('operator')]],
])('%s', (verdict, goal, columns) => expect(verdictOf(goal, columns)).toBe(verdict));

it('judges by what it shows', () =>
  expect(verdictOf({ of: 'median', atMost: 1 }, [column('operator', 1.04)])).toBe('≤ 1: met'));

it('has the ratio to each other candidate, and judges by the first', () => {
  const figure: Figure = { key: 'time', label: 'time, ms', digits: 0, goal: { of: 'ratio', atMost: 1 } };
  const columns = [column('operator', 2), column('peer', 4), column('another', 1)];
  expect(figureTable([figure], columns).split('\n')).toEqual([
    '| figure | operator | peer | ratio | another | ratio | goal |',
    '|---|---|---|---|---|---|---|',
    '| time, ms | 2 (2 to 2) | 4 (4 to 4) | 0.50 | 1 (1 to 1) | 2.00 | ratio ≤ 1: met |',
  ]);
});
