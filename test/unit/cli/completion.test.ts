/** What completion offers; test/cluster/plugin-terminal.test.ts loads the scripts into shells. */
import { describe, expect, test } from 'vitest';
import { complete, completionScript } from '../../../src/cli/completion.js';
import { COMMAND_NAMES, SHELLS } from '../../../src/cli/definitions.js';

/** The words that are offered, and what the shell may add. */
function offered(...words: string[]): string[] {
  return complete(words)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]!);
}

const NO_FILES = ':4';
const FILES = ':0';

describe('what is offered', () => {
  test('commands, with what they are for', () => {
    expect(offered('')).toEqual([...COMMAND_NAMES, '--help', '--version', NO_FILES]);
    expect(offered('c')).toEqual(['check', 'completion', NO_FILES]);
    expect(complete(['pl'])).toMatch(/^plan\tshow what the operator would write/);
  });

  test('nothing after a command that is none', () => expect(offered('chek', '')).toEqual([NO_FILES]));

  test('options that were not given yet, and those that may be repeated', () => {
    const options = offered('check', '-f', 'a', '-n', 'b', '-');
    expect(options).toContain('--output');
    expect(options).toContain('--filename');
    expect(options).not.toContain('--namespace');
    expect(options).not.toContain('--watch');
    expect(offered('status', '--wa')).toEqual(['--watch', NO_FILES]);
  });

  test.each([
    [
      ['check', '-o', ''],
      ['text', 'wide', 'json', 'yaml', NO_FILES],
    ],
    [
      ['check', '-o', 'j'],
      ['json', NO_FILES],
    ],
    [
      ['check', '--color=a'],
      ['--color=auto', '--color=always', NO_FILES],
    ],
    // As bash splits it.
    [
      ['check', '--color', '=', 'a'],
      ['auto', 'always', NO_FILES],
    ],
    [
      ['check', '--color', '='],
      ['auto', 'always', 'never', NO_FILES],
    ],
    [['check', '--context', ''], [NO_FILES]],
    [['check', '-f', ''], [FILES]],
    [['check', '--kubeconfig', '/et'], [FILES]],
    [['check', '--no-color', ''], [NO_FILES]],
  ])('values: %j', (words, expected) => expect(offered(...words)).toEqual(expected));

  test('reasons and shells, once', () => {
    expect(offered('explain', 'PortI')).toEqual(['PortInUse', NO_FILES]);
    expect(offered('explain', '-o', 'json', 'PortI')).toEqual(['PortInUse', NO_FILES]);
    expect(offered('explain', 'PortInUse', '')).toEqual([NO_FILES]);
    expect(offered('completion', '')).toEqual([...SHELLS, NO_FILES]);
  });
});

test.each(SHELLS)('the script for %s asks the plugin', (shell) => {
  expect(completionScript(shell)).toContain('kubectl-csiports __complete ');
});
