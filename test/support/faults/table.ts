/** The fault table as it was measured: for people, and for the documentation. */
import type { Count, Row } from './row.js';
import { isWithin } from './row.js';
import type { Measured } from './run-row.js';

/** One row as FAULTS_RECORD has it. */
export interface Recorded extends Omit<Row, 'obstacle'> {
  readonly measured: Omit<Measured, 'foreign' | 'repeated'>;
}

export function recorded(row: Row, { seconds, writes, reverts, restarts, events }: Measured): Recorded {
  const { fault, moment, expected, boundS } = row;
  const allowed = { writes: row.writes, reverts: row.reverts, restarts: row.restarts };
  return { fault, moment, expected, boundS, ...allowed, measured: { seconds, writes, reverts, restarts, events } };
}

/** What is other than the row says; empty where all is as it has to be. Its bound was kept, or there is no measurement. */
export function violations({ writes, reverts, restarts, events }: Row, measured: Measured): string[] {
  const counts: readonly (readonly [string, Count, number])[] = [
    ['patches', writes.patches, measured.writes.patches],
    ['pins', writes.pins, measured.writes.pins],
    ['status writes', writes.status, measured.writes.status],
    ['reverts counted', reverts, measured.reverts],
    ['restarts', restarts, measured.restarts],
    ['events', events ?? measured.events, measured.events],
  ];
  const others = counts
    .filter(([, allowed, count]) => !isWithin(allowed, count))
    .map(([what, allowed, count]) => `${what}: ${count} in the place of ${describe(allowed)}`);
  return [...others, ...measured.repeated.map((event) => `there twice: ${event}`)];
}

const HEADINGS = [
  'fault',
  'moment',
  'what the operator does',
  'bound',
  'measured',
  'patches, pins, status writes',
  'restarts',
];

export function textTable(rows: readonly Recorded[]): string {
  return [HEADINGS, ...rows.map(cellsOf)].map((cells) => cells.join(' | ')).join('\n');
}

export function markdownTable(rows: readonly Recorded[]): string {
  const lines = [HEADINGS, HEADINGS.map(() => '---'), ...rows.map(cellsOf)];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function cellsOf({ fault, moment, expected, boundS, writes, measured }: Recorded): string[] {
  const { patches, pins, status, rejected } = measured.writes;
  const tried = rejected === 0 ? '' : ` (and ${rejected} rejected)`;
  const most = typeof writes.status === 'number' ? '' : ` of at most ${writes.status.atMost}`;
  return [
    fault,
    moment,
    expected,
    `${boundS} s`,
    `${measured.seconds.toFixed(1)} s`,
    `${patches}, ${pins}, ${status}${most}${tried}`,
    String(measured.restarts),
  ];
}

function describe(count: Count): string {
  return typeof count === 'number' ? String(count) : `at most ${count.atMost}`;
}
