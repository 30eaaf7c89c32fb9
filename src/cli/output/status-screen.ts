/** One screen of `status --watch`. */
import type { StatusReport } from '../commands/status.js';
import { render } from './render.js';

export interface ScreenOptions {
  readonly colour: boolean;
  readonly columns: number;
  /** How many lines the terminal shows; what does not fit is counted. */
  readonly rows: number;
}

export function renderStatus(report: StatusReport, { colour, columns }: ScreenOptions): string {
  return render(report, { format: 'text', colour, columns });
}
