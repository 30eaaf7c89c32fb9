import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const FOLDER = 'docs/adr';
const MIN_WORDS = 150;
const MAX_WORDS = 400;

const readme = readFileSync(`${FOLDER}/README.md`, 'utf8');
const records = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort();
const numberOf = (record: string): string => record.slice(0, 4);

describe('the decision records', () => {
  it('are numbered from 0001 without a gap, and named by their titles', () => {
    for (const record of records) expect(record).toMatch(/^\d{4}(-[a-z0-9]+)+\.md$/);
    expect(records.map(numberOf)).toEqual(records.map((_, index) => String(index + 1).padStart(4, '0')));
  });

  it('stand in the table of the README, in order, and nothing else does', () => {
    const rows = [...readme.matchAll(/^\|\[(\d{4})\]\((.+?)\)\|.+\|$/gm)].map(([, number, file]) => [number, file]);
    expect(rows).toEqual(records.map((record) => [numberOf(record), record]));
  });

  it.each(records)('%s has a title, then context, decision and consequences, none of them empty', (record) => {
    const [title, ...parts] = readFileSync(`${FOLDER}/${record}`, 'utf8').split(/^## /m);
    expect(title).toMatch(new RegExp(`^# ${numberOf(record)}\\. \\S.*\\n\\n$`));
    expect(parts.map((part) => part.split('\n', 1)[0])).toEqual(['Context', 'Decision', 'Consequences']);
    for (const part of parts) expect(part).toMatch(/^\w+\n\n\S/);
  });

  it.each(records)(`%s has ${MIN_WORDS} to ${MAX_WORDS} words`, (record) => {
    const words = readFileSync(`${FOLDER}/${record}`, 'utf8').trim().split(/\s+/).length;
    expect(words).toBeGreaterThanOrEqual(MIN_WORDS);
    expect(words).toBeLessThanOrEqual(MAX_WORDS);
  });
});
