/** Each command of README.md and docs/admin is run as it is written (test/cluster/docs-commands.test.ts), or is listed with the reason why not. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandsIn, commandsOfPages, fencesOf, pagesWithCommands } from '../../support/docs/commands.js';
import { EXCEPTIONS } from '../../support/docs/exceptions.js';
import { RUNS } from '../../support/docs/runs.js';

const commands = commandsOfPages();
const written = new Set(commands.map(({ command }) => command));
const run = Object.values(RUNS).flatMap((runs) => runs.map(({ command }) => command));
const excepted = Object.keys(EXCEPTIONS);

describe('the commands of the pages', () => {
  it('are run, or have a reason why not', () => {
    const missing = commands.filter(({ command }) => !run.includes(command) && !(command in EXCEPTIONS));
    expect(missing.map(({ page, line, command }) => `${page}:${line} ${command}`)).toEqual([]);
  });

  it('are all that the tables have', () => {
    expect([...run, ...excepted].filter((command) => !written.has(command))).toEqual([]);
  });

  it('are not both run and excepted', () => {
    expect(excepted.filter((command) => run.includes(command))).toEqual([]);
  });

  it('are of the syntax of bash', () => {
    const wrong = commands.filter(({ written }) => spawnSync('bash', ['-n', '-c', written]).status !== 0);
    expect(wrong).toEqual([]);
  });

  it.each(pagesWithCommands())('of %s are in fences that name a language', (page) => {
    const fences = fencesOf(readFileSync(page, 'utf8'));
    expect(fences.filter(({ language }) => language === '').map(({ line }) => line)).toEqual([]);
  });
});

describe('the extraction', () => {
  function extracted(...lines: string[]): string[] {
    const page = ['```sh', ...lines, '```'].join('\n');
    return commandsIn('page.md', page).map(({ command }) => command);
  }

  it('takes each line of sh, without comments and prose', () => {
    expect(extracted('# first', 'a b  # c', '', "d '#' # don't", 'e#f')).toEqual(['a b', "d '#'", 'e#f']);
    expect(commandsIn('page.md', 'a\n\n```text\nb\n```\n\n```yaml\nc: 1\n```\n')).toEqual([]);
  });

  it('tells where a command stands, in a list too', () => {
    const page = '1. First:\n\n   ```sh\n   a \\\n     b\n   c\n   ```\n';
    expect(commandsIn('page.md', page)).toEqual([
      { page: 'page.md', line: 4, written: 'a \\\n  b', command: 'a b' },
      { page: 'page.md', line: 6, written: 'c', command: 'c' },
    ]);
  });

  it.each([
    ['continued lines', ['a \\', '  --b \\', '  --c'], 'a --b --c'],
    ['a pipe', ['a |', '  b'], 'a |\n  b'],
    ['quotes', ["a 'b", 'c\' "d', 'e"'], 'a \'b\nc\' "d\ne"'],
    ['a loop', ['for a in b c; do', '  if d; then e; fi', 'done'], 'for a in b c; do\n  if d; then e; fi\ndone'],
    ['a heredoc', ["cat <<'EOF' | a", 'b', 'EOF'], "cat <<'EOF' | a\nb\nEOF"],
  ])('joins %s', (_, lines, command) => {
    expect(extracted(...lines, 'next')).toEqual([command, 'next']);
  });
});
