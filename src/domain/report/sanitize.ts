/** Text of others (an answer, a name, an argument) as part of a message: of one line, and no longer than it may be. */

/** Line ends, escapes, marks that turn the direction of what follows, and halves of a character. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const CUT = '…';

/**
 * Each character that is not printed becomes a space: none can begin a line, forge one, or colour a terminal.
 *
 * @param most in UTF-16 code units, as the lengths of a schema are at least; a cut is never inside of a character
 */
export function sanitize(text: string, most: number): string {
  if (text.length <= most) return text.replace(UNPRINTABLE, ' ');
  // The half of a character that a cut leaves is a half like any other, and goes with it.
  return `${text.slice(0, most - CUT.length).replace(UNPRINTABLE, ' ')}${CUT}`;
}
