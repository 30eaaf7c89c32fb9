/** Words of a shell command that hold text of a cluster: none can end its quotes, begin a command, or turn a terminal. */

/** What a shell takes as it is. */
const HARMLESS = /^[\w@%+=:,./-]+$/;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}']/gu;

/** One word, quoted where it needs to be. */
export function shellWord(text: string): string {
  if (HARMLESS.test(text)) return text;
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** A value as one quoted word of JSON. Quotes and what is not printed are escaped as JSON has it, so the value is the same. */
export function shellJson(value: unknown): string {
  const json = JSON.stringify(value).replace(UNPRINTABLE, escaped);
  return `'${json}'`;
}

/** Each half of a character by itself. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

export function kubectl(namespace: string, ...words: readonly string[]): string {
  return ['kubectl', '-n', shellWord(namespace), ...words].join(' ');
}
