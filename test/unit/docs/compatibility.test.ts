/**
 * The table of docs/compatibility.md is src/domain/compatibility.ts, rendered: after a change, paste what the failure
 * prints.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { COMPATIBILITY, type CompatibilityRow, type Evidence } from '../../../src/domain/report/compatibility.js';

const BEGIN = '<!-- the table: rendered from src/domain/compatibility.ts, and compared with it by a test -->\n';
const END = '<!-- end of the table -->\n';
const HEAD = ['Rook', 'rendered by', 'conflict by default', 'what this operator does', 'lasting remedy', 'evidence'];
const RENDERERS = { Rook: 'Rook (legacy mode)', CephCSIOperator: 'ceph-csi-operator' } as const;

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function versionsOf({ versions: { from, below }, onlyWith }: CompatibilityRow): string {
  const bounds = [from === undefined ? '' : `from ${from}`, below === undefined ? '' : `below ${below}`];
  const range = bounds.filter((bound) => bound !== '').join(', ');
  return onlyWith === undefined ? range : `${range}; with ${onlyWith}`;
}

function describeEvidence(evidence: Evidence): string {
  if (evidence.kind === 'ran') return `ran with ${evidence.rook}`;
  if (evidence.kind === 'tested') return `tested: [${basename(evidence.file)}](../${evidence.file})`;
  return evidence.kind;
}

function table(): string {
  const rows = COMPATIBILITY.map((row) =>
    line([
      versionsOf(row),
      RENDERERS[row.provider],
      row.conflictByDefault,
      row.whatThisOperatorDoes,
      row.lastingRemedy,
      row.evidence.map(describeEvidence).join('; '),
    ]),
  );
  return line(HEAD) + `|${'---|'.repeat(HEAD.length)}\n` + rows.join('');
}

it('docs/compatibility.md has the table of src/domain/compatibility.ts', () => {
  const page = readFileSync('docs/compatibility.md', 'utf8');
  const [, rest = ''] = page.split(BEGIN);
  const [shown] = rest.split(END);
  expect(page).toContain(END);
  expect(shown, `between the two comments belongs:\n\n${table()}\n`).toBe(`\n${table()}\n`);
});
