/** What differs between two runs of the same commands, put into one form, and what the page leaves out. */

/** Both rules as the page states them. */
export const RULES = `Replaced: ages by \`1m\`, times by \`YYYY-MM-DDTHH:MM:SSZ\`, the random parts of pod names by \`x\`; rows of tables are sorted.

Left out: of \`describe\`, all but the condition Ready and other conditions that are True and say something else; of \`check\` and
\`plan\`, the last line, which names the context; of \`plan\`, the JSON patches for a cluster without the operator, and what follows
\`nothing to write\` if there are no notes.`;

export function normalised(text: string): string {
  const replaced = text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'YYYY-MM-DDTHH:MM:SSZ')
    // Of a Deployment, then of a DaemonSet.
    .replace(/\b(csi-\w+plugin-provisioner)-[0-9a-z]{6,10}-[0-9a-z]{5}\b/g, '$1-xxxxxxxxxx-xxxxx')
    .replace(/\b(csi-(?:rbd|cephfs)plugin)-[0-9a-z]{5}\b/g, '$1-xxxxx');
  return trimmed(replaced);
}

/** A title has single blanks in it at most; a cell may be empty. */
const TITLE = /\S+(?: \S+)*(?:\s{2,}|$)/g;
const AGES: readonly string[] = ['AGE', 'LAST SEEN'];
const GAP = '   ';

/** A table of kubectl, its rows sorted. */
export function normalisedTable(text: string): string {
  const [head = '', ...rows] = normalised(text).split('\n');
  const starts = [...head.matchAll(TITLE)].map(({ index }) => index);
  const cellsOf = (line: string): string[] => starts.map((start, at) => line.slice(start, starts[at + 1]).trim());
  const titles = cellsOf(head);
  const bodies = rows.map((row) => cellsOf(row).map((cell, at) => (AGES.includes(titles[at]!) ? '1m' : cell)));
  bodies.sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
  const widths = titles.map((_, at) => Math.max(...[titles, ...bodies].map((row) => row[at]!.length)));
  const lines = [titles, ...bodies].map((row) => row.map((cell, at) => cell.padEnd(widths[at]!)).join(GAP));
  return trimmed(lines.join('\n'));
}

const CONDITION_START = '    Last Transition Time:';
const CONDITION_LINES = 6;

/** Of the output of kubectl describe. */
export function describeText(text: string): string {
  const lines = normalised(text).split('\n');
  const starts = lines.flatMap((line, at) => (line.startsWith(CONDITION_START) ? [at] : []));
  const conditions = starts.map((start) => {
    const fields = lines.slice(start, start + CONDITION_LINES);
    return fields.filter((line) => /^ {4}(Message|Reason|Status|Type):/.test(line));
  });
  const isReady = (condition: readonly string[]): boolean => condition.some((line) => /^ {4}Type: +Ready$/.test(line));
  const [said] = conditions.find(isReady) ?? [];
  const isShown = (condition: readonly string[]): boolean =>
    isReady(condition) || (condition[0] !== said && condition.some((line) => /^ {4}Status: +True$/.test(line)));
  return ['Status:', '  Conditions:', ...conditions.filter(isShown).flat()].join('\n');
}

/** Of the output of kubectl csiports check. */
export function checkText(text: string): string {
  return trimmed(normalised(text).replace(/^read from: .*$/gm, ''));
}

/** Of the output of kubectl csiports plan. */
export function planText(text: string): string {
  const [idle = ''] = /^nothing to write\n/.exec(text) ?? [];
  if (idle !== '' && !text.includes('\nNotes\n')) return trimmed(idle);
  return checkText(text).replace(/\n\nWithout the operator, in this order\n(?: +.*\n?)*/, '');
}

function trimmed(text: string): string {
  return text.replace(/[ \t]+$/gm, '').trimEnd();
}
