/** The figures as Markdown. */
import { SCALE_COSTS, scaleKey, type Figure, type Goal } from './figures.js';
import { growthExponent, summarise, type Summary } from '../test/support/measure/statistics.js';

/** Of one candidate: the values of a figure, one for each round, by the figure's key. */
export type Measured = Readonly<Record<string, readonly number[] | undefined>>;

export interface Column {
  readonly name: string;
  readonly measured: Measured;
}

/** Of the operator, and of each other candidate with the ratio of the operator to it. */
export function figureTable(figures: readonly Figure[], [operator, ...others]: readonly Column[]): string {
  const head = ['figure', operator?.name ?? '', ...others.flatMap(({ name }) => [name, 'ratio']), 'goal'];
  const rows = figures.map(({ key, label, digits, goal }) => {
    const own = operator && summaryOf(operator, key);
    const summaries = others.map((column) => summaryOf(column, key));
    const ratios = summaries.map((summary) => ratioOf(own, summary));
    const cells = summaries.flatMap((summary, index) => [cell(summary, digits), ratios[index]?.toFixed(2) ?? '-']);
    return [label, cell(own, digits), ...cells, goal === undefined ? '' : judge(goal, own, ratios[0], digits)];
  });
  return markdown(head, rows);
}

/** Each cost at each size, and how it grows with the size. */
export function scaleTable(sizes: readonly number[], columns: readonly Column[]): string {
  const head = ['cost by number of namespaces', 'of', ...sizes.map(String), 'exponent'];
  const rows = SCALE_COSTS.flatMap(({ key, label, digits }) =>
    columns.map((column) => {
      const summaries = sizes.map((size) => summaryOf(column, scaleKey(key, size)));
      const points = sizes.flatMap((size, index) => {
        const median = summaries[index]?.median;
        return median === undefined ? [] : [[size, median] as const];
      });
      const cells = summaries.map((summary) => cell(summary, digits));
      return [label, column.name, ...cells, growthExponent(points)?.toFixed(2) ?? '-'];
    }),
  );
  return markdown(head, rows);
}

function summaryOf({ measured }: Column, key: string): Summary | undefined {
  const values = measured[key];
  return values === undefined || values.length === 0 ? undefined : summarise(values);
}

function ratioOf(own: Summary | undefined, others: Summary | undefined): number | undefined {
  if (own === undefined || others === undefined || others.median === 0) return undefined;
  return own.median / others.median;
}

function cell(summary: Summary | undefined, digits: number): string {
  if (summary === undefined) return 'not measured';
  const [median, min, max] = [summary.median, summary.min, summary.max].map((value) => value.toFixed(digits));
  return `${median!} (${min!} to ${max!})`;
}

/** By the figures as they are shown: 1.04 requests meet a goal of 1 in a row without digits. */
function judge({ of, atMost }: Goal, own: Summary | undefined, share: number | undefined, digits: number): string {
  const goal = `${of === 'median' ? '' : `${of} `}≤ ${atMost}`;
  const value = of === 'ratio' ? share?.toFixed(2) : own?.[of].toFixed(digits);
  if (value === undefined) return goal;
  return `${goal}: ${Number(value) <= atMost ? 'met' : 'missed'}`;
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
