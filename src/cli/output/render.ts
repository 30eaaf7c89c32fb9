/** A document as it is printed. */
import type { CliDocument } from '../commands/document.js';

export type OutputFormat = 'text' | 'wide' | 'json' | 'yaml';

export interface RenderOptions {
  readonly format: OutputFormat;
  /** Of text and wide alone. */
  readonly colour: boolean;
  /** How wide the terminal is; text fits it where it is 60 or more, wide does not look at it. */
  readonly columns: number;
}

/** Ends with a newline. */
export function render(document: CliDocument, _options: RenderOptions): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
