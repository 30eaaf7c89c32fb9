/** DoctorReport as text: a line for each check, and the remedy under it. */
import type { CheckVerdict, DoctorCheck } from '../commands/doctor-facts.js';
import type { DoctorReport } from '../commands/doctor.js';
import { sourceText } from './check-text.js';
import type { Palette, Style } from './colour.js';
import { INDENT, answer, parts, steps, type Layout } from './layout.js';
import { padEnd, wrap } from './width.js';

const MARKS: Readonly<Record<CheckVerdict, string>> = { ok: 'ok', warn: 'look', fail: 'wrong', unknown: 'unknown' };
const MARK_WIDTH = Math.max(...Object.values(MARKS).map(({ length }) => length));

export function doctorText({ verdict, summary, checks, source }: DoctorReport, layout: Layout): string[] {
  return parts(
    answer('doctor', summary, layout, styleOf(verdict, layout.palette)),
    checks.flatMap((check) => checkText(check, layout)),
    sourceText(source, layout),
  );
}

function checkText({ title, verdict, detail, remedy }: DoctorCheck, layout: Layout): string[] {
  const style = styleOf(verdict, layout.palette);
  const indent = ' '.repeat(MARK_WIDTH + INDENT.length);
  const [first = '', ...rest] = wrap(`${title}: ${detail}`, layout.width - indent.length);
  return [
    `${style(padEnd(MARKS[verdict], MARK_WIDTH))}${INDENT}${first}`,
    ...rest.map((line) => `${indent}${line}`),
    ...(remedy === undefined ? [] : steps([remedy], layout, indent)),
  ];
}

function styleOf(verdict: CheckVerdict, { good, bad, warning }: Palette): Style {
  if (verdict === 'ok') return good;
  return verdict === 'fail' ? bad : warning;
}
