/** One screen of `status --watch`. */
import type { StatusReport } from '../commands/status.js';
import { render } from './render.js';

export interface ScreenOptions {
  readonly colour: boolean;
  readonly columns: number;
  /** How many lines the terminal shows. */
  readonly rows: number;
}

/** Fits the terminal: of what does not, the last line says how many lines are left out. */
export function renderStatus(report: StatusReport, { colour, columns, rows }: ScreenOptions): string {
  const lines = render(report, { format: 'text', colour, columns }).trimEnd().split('\n');
  if (lines.length <= rows) return `${lines.join('\n')}\n`;
  const shown = lines.slice(0, Math.max(1, rows - 1));
  return `${[...shown, `... ${lines.length - shown.length} more lines`].join('\n')}\n`;
}
