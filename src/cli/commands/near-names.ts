/** Names that somebody may have meant: those that differ by a few letters, or begin alike. */

const MAX_NAMED = 3;
/** Of a longer word nobody means a name. */
const MAX_LENGTH = 60;

/** The nearest first; empty if none is near. */
export function nearNames(word: string, names: readonly string[]): string[] {
  const wanted = word.toLowerCase();
  if (wanted.length === 0 || wanted.length > MAX_LENGTH) return [];
  return names
    .map((name) => ({ name, distance: distance(wanted, name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= Math.max(1, Math.floor(wanted.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NAMED)
    .map(({ name }) => name);
}

/** Letters to add, drop or replace (Levenshtein); what begins or contains the name counts as near. */
function distance(word: string, name: string): number {
  if (name.includes(word)) return 1;
  let before = Array.from({ length: name.length + 1 }, (_, at) => at);
  for (const [row, letter] of word.split('').entries()) {
    const line = [row + 1];
    for (let at = 0; at < name.length; at += 1) {
      const replaced = (before[at] ?? 0) + (name[at] === letter ? 0 : 1);
      line.push(Math.min(replaced, (before[at + 1] ?? 0) + 1, (line[at] ?? 0) + 1));
    }
    before = line;
  }
  return before[name.length] ?? Infinity;
}
