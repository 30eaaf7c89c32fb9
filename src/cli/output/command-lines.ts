/** A shell command broken into lines that can be copied and run as they are. */
import { displayWidth } from './width.js';

const CONTINUED = ' \\';
const INDENT = '  ';

/**
 * Broken at spaces, behind which a backslash continues the line, and inside of a quoted JSON text behind its commas, where
 * JSON takes a new line. What has no such place stays in one piece, however long it is.
 */
export function commandLines(command: string, width: number): string[] {
  const room = width - CONTINUED.length;
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(command)) {
    const begin = line === '' ? '' : `${line} `;
    const pieces = displayWidth(begin + word) <= room ? [word] : piecesOf(word, room - INDENT.length);
    if (line === '' || displayWidth(begin + (pieces[0] ?? '')) <= room) {
      lines.push(...fill(pieces, begin, room));
    } else {
      lines.push(`${line}${CONTINUED}`, ...fill(pieces, INDENT, room));
    }
    line = lines.pop() ?? '';
  }
  return [...lines, line];
}

/** At spaces outside of single quotes; an option stays with its text. */
function wordsOf(command: string): string[] {
  return command.match(/(?:-p )?(?:'[^']*'|[^\s'])+/g) ?? [];
}

/** Of a quoted JSON object or array, each part up to a comma that separates; of anything else the whole. */
function piecesOf(word: string, width: number): string[] {
  if (!/^[^']*'[{[]/.test(word)) return [word];
  return joinElements(word.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+,?|,/g) ?? [word], width);
}

/** An element of an array, such as an operation of a patch, stays in one piece if it fits. */
function joinElements(pieces: readonly string[], width: number): string[] {
  const joined: string[] = [];
  let depth = 0;
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (depth > 1 && last !== undefined && displayWidth(last + piece) <= width)
      joined[joined.length - 1] = last + piece;
    else joined.push(piece);
    const structure = piece.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
    depth += [...structure.matchAll(/[{[]/g)].length - [...structure.matchAll(/[}\]]/g)].length;
  }
  return joined;
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
