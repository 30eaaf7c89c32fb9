/** The tables of reasons in docs/admin/troubleshoot.md, made from src/domain/report/explanations.ts. The rest of the page is written by hand. */
import { readFileSync } from 'node:fs';
import {
  CONDITION_EXPLANATIONS,
  EVENT_EXPLANATIONS,
  type ConditionExplanation,
  type EventExplanation,
  type SameAs,
} from '../src/domain/report/explanations.js';

export const STATUS_PAGE = 'docs/admin/troubleshoot.md';

/** The page as it is, with its tables made anew. */
export function statusPage(): string {
  let page = readFileSync(STATUS_PAGE, 'utf8');
  for (const [type, reasons] of Object.entries(CONDITION_EXPLANATIONS)) {
    page = withTable(page, type, Object.entries(reasons).map(conditionRow));
  }
  return withTable(page, 'Events', Object.entries(EVENT_EXPLANATIONS).map(eventRow));
}

/** Of the section with this heading the first table keeps its two lines of titles. */
function withTable(page: string, heading: string, rows: readonly string[]): string {
  const table = new RegExp(`(^## ${heading}\\n(?:(?!^## )[^])*?^\\| reason .*\\n\\|[-|]+\\n)(?:\\|.*\\n)*`, 'm');
  if (!table.test(page)) throw new Error(`${STATUS_PAGE} has no table under ${heading}`);
  return page.replace(table, (_, before: string) => before + rows.join(''));
}

function conditionRow([reason, row]: [string, ConditionExplanation | SameAs]): string {
  const { meaning, whatToDo } = 'as' in row ? reference(row) : withSection(row);
  return `| \`${reason}\` | ${row.status} | ${meaning} | ${whatToDo} |\n`;
}

/** Where the page has more of it, Ready and Degraded lead there. */
function reference({ as, whatToDo }: SameAs): Pick<ConditionExplanation, 'meaning' | 'whatToDo'> {
  return { meaning: `see ${as}`, whatToDo: whatToDo ?? `see ${as}` };
}

function withSection({
  meaning,
  whatToDo,
  section,
}: ConditionExplanation): Pick<ConditionExplanation, 'meaning' | 'whatToDo'> {
  return { meaning, whatToDo: section === undefined ? whatToDo : `${whatToDo}; see [below](#${section})` };
}

function eventRow([reason, { type, when }]: [string, EventExplanation]): string {
  return `| \`${reason}\` | ${type} | ${when} |\n`;
}
