/** Pages that are written by hand but for one part, which stands between two marks. */
import { readFileSync } from 'node:fs';

export interface Marks {
  readonly begin: string;
  readonly end: string;
}

/** The page with that part anew. @throws Error if it has lost its marks */
export function withPart(file: string, { begin, end }: Marks, part: string): string {
  const [before, rest] = readFileSync(file, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${file} has lost the marks ${begin.trim()} and ${end.trim()}`);
  return `${before}${begin}\n${part}\n${end}${after}`;
}
