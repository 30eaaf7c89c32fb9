/**
 * The parts of docs/admin/troubleshoot.md that are made from src/domain/report/explanations.ts: the table of conditions, the
 * table of reasons without a section of their own, the first line of each reason's section, and the table of events. The
 * rest of the page is written by hand.
 */
import { readFileSync } from 'node:fs';
import type { ConditionType } from '../src/domain/rules/api.js';
import {
  CONDITION_EXPLANATIONS,
  EVENT_EXPLANATIONS,
  explanationOf,
  type EventExplanation,
} from '../src/domain/report/explanations.js';

export const STATUS_PAGE = 'docs/admin/troubleshoot.md';

const TRUE_MEANS: Readonly<Record<ConditionType, string>> = {
  Ready: 'every sidecar has its own port, in every pod',
  Progressing: 'something is being changed',
  Degraded: 'something needs attention',
};
const TYPES = Object.keys(CONDITION_EXPLANATIONS) as ConditionType[];

/** The page as it is, with its generated parts made anew. */
export function statusPage(): string {
  const written = readFileSync(STATUS_PAGE, 'utf8');
  const reasons = [...new Set(TYPES.flatMap((type) => Object.keys(CONDITION_EXPLANATIONS[type])))];
  const withSection = reasons.filter((reason) => written.includes(`\n${headingOf(reason)}\n`));
  const others = reasons.filter((reason) => !withSection.includes(reason));

  let page = withSection.reduce(withFirstLine, written);
  page = withRows(
    page,
    'condition | True means | True | False',
    TYPES.map((type) => conditionRow(type, withSection)),
  );
  page = withRows(page, 'reason | meaning', others.map(reasonRow));
  return withRows(page, 'event | recorded when', Object.entries(EVENT_EXPLANATIONS).map(eventRow));
}

function headingOf(reason: string): string {
  return `### \`${reason}\``;
}

/** Of a section: the first paragraph, in one line. */
function withFirstLine(page: string, reason: string): string {
  const { meaning, whatToDo } = explained(reason);
  const section = new RegExp(`(^${headingOf(reason)}\\n\\n)(?:.* \\*\\*Do:\\*\\* .*\\n\\n?)?`, 'm');
  return page.replace(section, (_, heading: string) => `${heading}${sentence(meaning)} **Do:** ${whatToDo}.\n\n`);
}

/** The table with these titles, which stays where it is. */
function withRows(page: string, titles: string, rows: readonly string[]): string {
  const table = new RegExp(`(^\\| ${titles.replaceAll('|', '\\|')} \\|\\n\\|[-|]+\\n)(?:\\|.*\\n)*`, 'm');
  if (!table.test(page)) throw new Error(`${STATUS_PAGE} has no table with the titles ${titles}`);
  return page.replace(table, (_, titleLines: string) => titleLines + rows.join(''));
}

function conditionRow(type: ConditionType, withSection: readonly string[]): string {
  const reasonsOf = (status: 'True' | 'False'): string =>
    Object.entries(CONDITION_EXPLANATIONS[type])
      .filter(([, row]) => row.status === status)
      .map(([reason]) => (withSection.includes(reason) ? `[\`${reason}\`](#${reason.toLowerCase()})` : `\`${reason}\``))
      .join(', ');
  return `| ${type} | ${TRUE_MEANS[type]} | ${reasonsOf('True')} | ${reasonsOf('False')} |\n`;
}

function reasonRow(reason: string): string {
  const { meaning, whatToDo } = explained(reason);
  return `| \`${reason}\` | ${meaning}${whatToDo === 'nothing' ? '' : `; ${whatToDo}`} |\n`;
}

function eventRow([reason, { type, when }]: [string, EventExplanation]): string {
  return `| \`${reason}\` | ${when}${type === 'Warning' ? ' (Warning)' : ''} |\n`;
}

function explained(reason: string): { meaning: string; whatToDo: string } {
  const [explanation] = TYPES.flatMap((type) => explanationOf(type, reason) ?? []);
  if (explanation === undefined) throw new Error(`no condition has the reason ${reason}`);
  return explanation;
}

function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
}
