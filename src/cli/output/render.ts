/** A document as it is printed. */
import { dump } from 'js-yaml';
import type { CliDocument } from '../commands/document.js';
import { checkText } from './check-text.js';
import { COLOURED, PLAIN } from './colour.js';
import { doctorText } from './doctor-text.js';
import { explainText } from './explain-text.js';
import type { Layout } from './layout.js';
import { planText } from './plan-text.js';
import { printable } from './printable.js';
import { statusText } from './status-text.js';

export type OutputFormat = 'text' | 'wide' | 'json' | 'yaml';

export interface RenderOptions {
  readonly format: OutputFormat;
  /** Of text and wide alone. */
  readonly colour: boolean;
  /** How wide the terminal is. Text keeps to it, from 60 to 100 columns; the tables of wide do not. */
  readonly columns: number;
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 100;

/** Ends with a newline. Nothing in it that came from a cluster ends a line or steers a terminal. */
export function render(document: CliDocument, options: RenderOptions): string {
  const clean = printable(document);
  switch (options.format) {
    case 'json':
      return `${JSON.stringify(clean, null, 2)}\n`;
    case 'yaml':
      return dump(clean, { lineWidth: -1, noRefs: true });
    case 'text':
    case 'wide':
      return `${textOf(clean, layoutOf(options)).join('\n')}\n`;
  }
}

export function layoutOf({ format, colour, columns }: RenderOptions): Layout {
  const isWide = format === 'wide';
  const width = Math.max(MIN_WIDTH, Math.min(columns, MAX_WIDTH));
  return { palette: colour ? COLOURED : PLAIN, width, tableWidth: isWide ? Infinity : width, isWide };
}

function textOf(document: CliDocument, layout: Layout): string[] {
  switch (document.kind) {
    case 'CheckReport':
      return checkText(document, layout);
    case 'PlanReport':
      return planText(document, layout);
    case 'StatusReport':
      return statusText(document, layout);
    case 'Explanation':
      return explainText(document, layout);
    case 'DoctorReport':
      return doctorText(document, layout);
  }
}
