/** The command line of the plugin: what is read from it, what is wrong with it, and its help. */
import { describe, expect, it, test } from 'vitest';
import { helpOf, parseCommandLine, type CommandOptions } from '../../../src/cli/command-line.js';
import { COMMAND_NAMES, COMMANDS } from '../../../src/cli/definitions.js';

const DEFAULTS: CommandOptions = {
  namespace: undefined,
  kubeconfig: undefined,
  context: undefined,
  cluster: undefined,
  user: undefined,
  requestTimeoutMs: 15_000,
  files: [],
  format: 'text',
  colour: 'auto',
  watch: false,
};

/** Without quotes and escapes. */
function parse(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(line === '' ? [] : line.split(' '), '1.2.3');
}

describe('what is read', () => {
  test.each<[string, Partial<CommandOptions>]>([
    ['', {}],
    ['-A', {}],
    ['-n rook-ceph', { namespace: 'rook-ceph' }],
    ['--namespace=rook-ceph', { namespace: 'rook-ceph' }],
    ['--kubeconfig a --context b --cluster c --user d', { kubeconfig: 'a', context: 'b', cluster: 'c', user: 'd' }],
    ['-f a -f b -f -', { files: ['a', 'b', '-'] }],
    ['-f a -n rook-ceph', { files: ['a'], namespace: 'rook-ceph' }],
    ['-o wide', { format: 'wide' }],
    ['-ojson', { format: 'json' }],
    ['--color=always', { colour: 'always' }],
    ['--no-color', { colour: 'never' }],
    ['--color always --no-color', { colour: 'never' }],
    ['--request-timeout 500ms', { requestTimeoutMs: 500 }],
    ['--request-timeout=30', { requestTimeoutMs: 30_000 }],
    ['--request-timeout=1m30s', { requestTimeoutMs: 90_000 }],
    ['--request-timeout=1.5s', { requestTimeoutMs: 1_500 }],
    ['--request-timeout=0', { requestTimeoutMs: 3_600_000 }],
  ])('check %s', (words, options) => {
    const invocation = parse(`check ${words}`.trim());
    expect(invocation).toEqual({ kind: 'Run', command: 'check', options: { ...DEFAULTS, ...options } });
  });

  test.each(['plan', 'status', 'doctor'] as const)('%s', (command) => {
    expect(parse(command)).toEqual({ kind: 'Run', command, options: DEFAULTS });
  });

  test.each(['-w', '--watch'])('status %s', (option) => {
    expect(parse(`status ${option}`)).toMatchObject({ command: 'status', options: { watch: true } });
  });

  test('explain with a reason, and without one; whether there is such a reason the command says', () => {
    expect(parse('explain PortInUse -o yaml')).toMatchObject({
      kind: 'Explain',
      reason: 'PortInUse',
      options: { format: 'yaml' },
    });
    expect(parse('explain')).toMatchObject({ kind: 'Explain', reason: undefined });
    expect(parse('explain Nonsense')).toMatchObject({ kind: 'Explain', reason: 'Nonsense' });
  });

  test.each(['bash', 'zsh', 'fish', 'kubectl'])('completion %s', (shell) => {
    expect(parse(`completion ${shell}`)).toEqual({ kind: 'Completion', shell });
  });

  test('the version', () => expect(parse('--version')).toEqual({ kind: 'Text', text: '1.2.3\n' }));
});

describe('what is wrong, in one line that says where to read on', () => {
  test.each([
    ['chek', "unknown command 'chek'; did you mean check? See: kubectl csiports --help"],
    ['help chek', "unknown command 'chek'; did you mean check? See: kubectl csiports --help"],
    ['chek --help', "unknown command 'chek'; did you mean check? See: kubectl csiports --help"],
    ['check --colr', "unknown option '--colr'; did you mean --color? See: kubectl csiports check --help"],
    ['check --watch', "unknown option '--watch'. See: kubectl csiports check --help"],
    ['check -x', "unknown option '-x'. See: kubectl csiports check --help"],
    ['check extra', "too many arguments for 'check'"],
    ['check -n', "option '-n, --namespace <name>' argument missing. See: kubectl csiports check --help"],
    ['check -n Rook_Ceph', 'It is not the name of a namespace.'],
    ['check -n a -A', "option '-n, --namespace <name>' cannot be used with option '-A, --all-namespaces'"],
    ['check -f a --context b', "option '-f, --filename <path>' cannot be used with option '--context <name>'"],
    ['status -f a -w', "option '-w, --watch' cannot be used with option '-f, --filename <path>'"],
    ['check --filename=', 'It is empty.'],
    ['check -o xml', 'Allowed choices are text, wide, json, yaml.'],
    ['check --color=red', 'Allowed choices are auto, always, never.'],
    ['check --request-timeout soon', 'It is not a time from 1ms to 1h, such as 15s.'],
    ['check --request-timeout 2h', 'It is not a time from 1ms to 1h, such as 15s.'],
    ['explain a b', "too many arguments for 'explain'"],
    ['completion', "missing required argument 'shell'. See: kubectl csiports completion --help"],
    ['completion tcsh', 'Allowed choices are bash, zsh, fish, kubectl.'],
    ['-n rook-ceph check', "unknown option '-n'"],
  ])('%s', (line, message) => {
    const invocation = parse(line);
    expect(invocation).toEqual({ kind: 'Invalid', message: expect.stringContaining(message) as string });
    expect((invocation as { message: string }).message).not.toContain('\n');
  });
});

describe('the help', () => {
  it('is printed without a command, too, and lists all commands', () => {
    expect(parse('')).toEqual(parse('--help'));
    for (const name of COMMAND_NAMES) expect(helpOf()).toContain(COMMANDS[name].summary.split(',')[0]);
  });

  it.each(COMMAND_NAMES)('of %s has examples and exit codes, and fits 100 columns', (name) => {
    const help = helpOf(name);
    expect(parse(`help ${name}`)).toEqual({ kind: 'Text', text: help });
    expect(help).toMatch(new RegExp(`\nExamples:\n  # .*\n  kubectl csiports ${name}`));
    expect(help).toMatch(/\nExit codes:\n {2}0 {2}/);
    expect(help).toContain('  2  the command line is wrong');
    expect(help.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it.each(COMMAND_NAMES)('of %s has examples that are right', (name) => {
    for (const [line] of COMMANDS[name].examples) {
      const words = line.split(/ [|>] /)[0]!;
      expect(parse(words).kind, line).not.toBe('Invalid');
    }
  });
});
