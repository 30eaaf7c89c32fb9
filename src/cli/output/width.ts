/** How many columns a text takes on a terminal, and how it is made to fit. */

/** East Asian wide and fullwidth characters, and emoji: two columns each. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
/** Marks that are drawn over the character before them, and what joins characters. */
const NARROWEST = /[\p{Mn}\p{Me}\p{Cf}]/u;
const PLAIN = /^[ -~]*$/;
const CUT = '…';

export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** The beginning of the text, with an ellipsis where something is left out. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const { start } = splitAt(text, width - 1);
  return width < 1 ? '' : `${start}${CUT}`;
}

/** Lines of at most that width, broken at spaces and, of a word that is longer than a line, within the word. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ +/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (displayWidth(line) > width) {
      const { start, rest } = splitAt(line, width);
      lines.push(start);
      line = rest;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** With the indent before each line but the first. */
export function wrapHanging(text: string, width: number, indent: string): string[] {
  return wrap(text, width - displayWidth(indent)).map((line, at) => (at === 0 ? line : `${indent}${line}`));
}

function splitAt(text: string, width: number): { readonly start: string; readonly rest: string } {
  let start = '';
  let taken = 0;
  for (const character of text) {
    taken += widthOf(character);
    // One character at least, so that a loop over the rest ends.
    if (taken > width && start !== '') break;
    start += character;
  }
  return { start, rest: text.slice(start.length) };
}

function widthOf(character: string): number {
  if (NARROWEST.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
