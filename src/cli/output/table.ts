/** Rows in columns, by display width. */
import type { Palette, Style } from './colour.js';
import { displayWidth, padEnd, padStart, shorten } from './width.js';

/** A text, or one with a style that is put on after it was made to fit. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export interface TableOptions {
  readonly palette: Palette;
  /** What a line may take; Infinity for as much as it needs. */
  readonly width: number;
  readonly indent?: string;
}

const GAP = '  ';
const MIN_WIDTH = 3;

/** With a line of titles; none if there are no rows. Too wide a table loses the ends of its widest cells. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], options: TableOptions): string[] {
  if (rows.length === 0) return [];
  const { palette, width, indent = '' } = options;
  const titles = columns.map(({ title }): Cell => ({ text: title, style: palette.heading }));
  const wanted = columns.map((_, at) => Math.max(...[titles, ...rows].map((row) => displayWidth(textOf(row[at])))));
  const gaps = indent.length + GAP.length * (columns.length - 1);
  const widths = fit(wanted, width - gaps);
  return [titles, ...rows].map((row) => {
    const cells = columns.map(({ align = 'left' }, at) => draw(row[at] ?? '', widths[at] ?? 0, align));
    return `${indent}${cells.join(GAP)}`.replace(/ +$/, '');
  });
}

/** The widest columns give way, down to the width of the next one. */
function fit(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  let over = widths.reduce((sum, one) => sum + one, 0) - width;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= MIN_WIDTH) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
    over -= 1;
  }
  return widths;
}

function draw(cell: Cell, width: number, align: 'left' | 'right'): string {
  const text = shorten(textOf(cell), width);
  const styled = typeof cell === 'string' ? text : cell.style(text);
  const filler = align === 'left' ? padEnd(text, width).slice(text.length) : padStart('', width - displayWidth(text));
  return align === 'left' ? `${styled}${filler}` : `${filler}${styled}`;
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  return typeof cell === 'string' ? cell : cell.text;
}
