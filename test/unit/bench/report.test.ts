import { describe, expect, it } from 'vitest';
import { figuresOf, scaleKey, type Figure, type Goal } from '../../../bench/figures.js';
import { FULL, QUICK, QUICK_WITH_PEER } from '../../../bench/plan.js';
import { figureTable, scaleTable, type Column } from '../../../bench/report.js';

function figure(goal?: Goal, digits = 1): Figure {
  return { key: 'time', label: 'time, ms', digits, ...(goal && { goal }) };
}

function column(name: string, ...time: number[]): Column {
  return { name, measured: { time } };
}

/** The cells of the only row. */
function row(table: string): string[] {
  const lines = table.split('\n');
  expect(lines).toHaveLength(3);
  return lines[2]!.split('|').slice(1, -1).map((cell) => cell.trim()); // prettier-ignore
}

describe('the table of the figures', () => {
  it('is Markdown', () =>
    expect(figureTable([figure()], [column('operator', 1, 2, 3)])).toBe(
      '| figure | operator | goal |\n|---|---|---|\n| time, ms | 2.0 (1.0 to 3.0) |  |',
    ));

  it('has a peer and the ratio of the medians, where there is a peer', () => {
    const table = figureTable([figure()], [column('operator', 1, 2, 9), column('peer', 4)]);
    expect(table.split('\n')[0]).toBe('| figure | operator | peer | ratio | goal |');
    expect(row(table)).toEqual(['time, ms', '2.0 (1.0 to 9.0)', '4.0 (4.0 to 4.0)', '0.50', '']);
  });

  it('says what was not measured', () =>
    expect(row(figureTable([figure()], [column('operator', 1), { name: 'peer', measured: {} }]))).toEqual([
      'time, ms',
      '1.0 (1.0 to 1.0)',
      'not measured',
      '-',
      '',
    ]));

  it('has no ratio to nothing', () =>
    expect(row(figureTable([figure()], [column('operator', 1), column('peer', 0)]))[3]).toBe('-'));

  const slow = column('operator', 1, 2, 9);
  it.each<[string, Goal, Column[]]>([
    ['≤ 2: met', { of: 'median', atMost: 2 }, [slow]],
    ['≤ 1.9: missed', { of: 'median', atMost: 1.9 }, [slow]],
    ['max ≤ 8: missed', { of: 'max', atMost: 8 }, [slow]],
    ['max ≤ 9: met', { of: 'max', atMost: 9 }, [slow]],
    ['ratio ≤ 0.5', { of: 'ratio', atMost: 0.5 }, [slow]],
    ['ratio ≤ 0.5: met', { of: 'ratio', atMost: 0.5 }, [slow, column('peer', 4)]],
    ['ratio ≤ 0.49: missed', { of: 'ratio', atMost: 0.49 }, [slow, column('peer', 4)]],
    ['≤ 3', { of: 'median', atMost: 3 }, [column('operator')]],
  ])('judges: %s', (verdict, goal, columns) => expect(row(figureTable([figure(goal)], columns)).at(-1)).toBe(verdict));

  it('judges by what it shows', () =>
    expect(row(figureTable([figure({ of: 'median', atMost: 1 }, 1)], [column('operator', 1.04)])).at(-1)).toBe(
      '≤ 1: met',
    ));
});

describe('the table of the sizes', () => {
  it('has a row for each cost and candidate, with the exponent', () => {
    const sizes = [1, 10, 100];
    const measured = Object.fromEntries(sizes.map((size) => [scaleKey('connections', size), [size, size]]));
    const table = scaleTable(sizes, [{ name: 'operator', measured }]).split('\n');
    expect(table[0]).toBe('| cost by number of namespaces | of | 1 | 10 | 100 | exponent |');
    expect(table).toContain(
      '| connections to the API server | operator | 1 (1 to 1) | 10 (10 to 10) | 100 (100 to 100) | 1.00 |',
    );
  });
});

describe.each([
  ['quick', QUICK],
  ['quick, with a peer,', QUICK_WITH_PEER],
  ['full', FULL],
])('the %s plan', (_, plan) => {
  it('measures the sizes that its rows are about', () => {
    expect(plan.sizes[0]).toBe(1);
    expect(plan.sizes).toContain(plan.massSize);
    expect(plan.sizes).toEqual([...plan.sizes].sort((a, b) => a - b));
  });

  it('has no row twice', () => {
    const labels = figuresOf(plan).map(({ label }) => label);
    expect(labels).toEqual([...new Set(labels)]);
  });
});

it('a full run makes three rounds and a thousand reverts', () => {
  expect(FULL.rounds).toBeGreaterThanOrEqual(3);
  expect(FULL.rounds * FULL.reverts).toBeGreaterThanOrEqual(1000);
});
