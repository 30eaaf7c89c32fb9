/** A shell command broken into lines that can be copied and run as they are. */
import { displayWidth } from './width.js';

const CONTINUED = ' \\';
const INDENT = '  ';

/**
 * Broken at spaces, behind which a backslash continues the line, and inside of a quoted JSON text behind its commas, where
 * JSON takes a new line. What has no such place stays in one piece, however long it is.
 */
export function commandLines(command: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(command)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width - CONTINUED.length) {
      line = longer;
      continue;
    }
    const pieces = piecesOf(word);
    const [first = ''] = pieces;
    const fits = pieces.length > 1 && displayWidth(`${line} ${first}`) <= width;
    if (line !== '' && !fits) lines.push(`${line}${CONTINUED}`);
    const begin = line !== '' && fits ? `${line} ` : line === '' ? '' : INDENT;
    const broken = fill(pieces, begin, width - CONTINUED.length);
    line = broken.pop() ?? '';
    lines.push(...broken);
  }
  return [...lines, line];
}

/** At spaces outside of single quotes. */
function wordsOf(command: string): string[] {
  return command.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
}

/** Of a quoted JSON object or array, each part up to a comma that separates; of anything else the whole. */
function piecesOf(word: string): string[] {
  if (!/^[^']*'[{[]/.test(word)) return [word];
  return word.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+,?|,/g) ?? [word];
}

function fill(pieces: readonly string[], begin: string, width: number): string[] {
  const lines: string[] = [];
  let line = begin;
  for (const piece of pieces) {
    const isFirst = line === begin && lines.length === 0;
    if (!isFirst && displayWidth(line + piece) > width) {
      lines.push(line);
      line = INDENT;
    }
    line += piece;
  }
  return [...lines, line];
}
