/** The log goes to the process's own stdout, so each test starts a process that logs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 20_000 });

async function logged(options: { level: string; format: string }, ...calls: readonly string[]): Promise<string> {
  const program = `import { createLogger } from './logger.js';
    const logger = await createLogger(${JSON.stringify(options)});
    ${calls.map((call) => `logger.${call};`).join('\n')}`;
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: 'src', loader: 'ts' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const argv = ['--input-type=module', '-e', outputFiles[0]!.text];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, argv);
  expect(stderr).toBe('');
  return stdout;
}

const lines = (output: string): Record<string, unknown>[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('one JSON object a line: level by name, time, fields and message', async () => {
  const output = await logged(
    { level: 'info', format: 'json' },
    `info({ namespace: 'rook-ceph', port: 9070 }, 'Patched workload')`,
  );
  const [line] = lines(output);
  expect(Object.keys(line!)).toEqual(['level', 'time', 'namespace', 'port', 'msg']);
  expect(line).toMatchObject({ level: 'info', namespace: 'rook-ceph', port: 9070, msg: 'Patched workload' });
  expect(line!.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('lines below the level are left out', async () => {
  const calls = ['debug', 'info', 'warn', 'error', 'fatal'].map((level) => `${level}({}, '${level}')`);
  const levels = async (level: string): Promise<unknown[]> =>
    lines(await logged({ level, format: 'json' }, ...calls)).map((line) => line.level);
  expect(await levels('debug')).toEqual(['debug', 'info', 'warn', 'error', 'fatal']);
  expect(await levels('warn')).toEqual(['warn', 'error', 'fatal']);
});

/** Line ends of all sorts, escapes of a terminal, marks that turn the direction, and half a character. */
const HOSTILE =
  'x\n{"level":"error","msg":"forged"}\r\n[00:00:00.000] ERROR: forged\u0085\u2028\u2029\u001b[31m\u009b2K\u0000\b\u202e\ud800 %s %j';
// eslint-disable-next-line no-control-regex -- the test is about these
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\ud800]/;

test('a field cannot begin a line of its own, colour a terminal, nor fill in the message', async () => {
  const output = await logged(
    { level: 'info', format: 'json' },
    `warn({ error: ${JSON.stringify(HOSTILE)}, object: ${JSON.stringify(HOSTILE)} }, 'Reconcile failed %s')`,
  );
  expect(output.split('\n')).toHaveLength(2);
  expect(output).not.toMatch(UNPRINTABLE);
  const [line] = lines(output);
  expect(line!.msg).toBe('Reconcile failed %s');
  for (const field of [line!.error, line!.object]) {
    expect(field).toMatch(/^x {"level":"error","msg":"forged"} {2}\[00:00:00\.000\] ERROR: forged {4}\[31m.*%s %j$/);
  }
});

test('pretty: neither can it there, under any name of the field', async () => {
  const fields = Object.fromEntries(['err', 'error', 'object', 'remedy'].map((name) => [name, HOSTILE]));
  const output = await logged({ level: 'info', format: 'pretty' }, `warn(${JSON.stringify(fields)}, 'Watch failed')`);
  expect(output).not.toMatch(UNPRINTABLE);
  const [head, ...rest] = output.trimEnd().split('\n');
  expect(head).toMatch(/ WARN.*: Watch failed$/);
  expect(rest).toHaveLength(4);
  for (const line of rest) expect(line).toMatch(/^ {4}(err|error|object|remedy): "x /);
});

test.each(['json', 'pretty'])('%s: a field of a megabyte is cut', async (format) => {
  const output = await logged({ level: 'info', format }, `warn({ error: '😀'.repeat(500_000) }, 'Watch failed')`);
  expect(output.length).toBeLessThan(8_200);
  expect(output).toMatch(/😀 ?…/u);
});

test('the lines before a crash are not lost', async () => {
  const output = await logged(
    { level: 'info', format: 'json' },
    `fatal({}, 'Cannot run')`,
    'info({}, "x"); process.exit(0)',
  );
  expect(lines(output).map(({ msg }) => msg)).toEqual(['Cannot run', 'x']);
});

test('pretty writes one readable line, in order and before an exit', async () => {
  const output = await logged(
    { level: 'info', format: 'pretty' },
    `info({ namespace: 'rook-ceph' }, 'Starting')`,
    `error({ error: 'no' }, 'Cannot run'); process.exit(0)`,
  );
  expect(output).toMatch(/INFO.*Starting[\s\S]*namespace: "rook-ceph"[\s\S]*ERROR.*Cannot run/);
});

test.each([
  ['info', ['info hidden', 'debug seen', 'info hidden']],
  ['error', ['error only', 'debug seen', 'error only']],
  ['debug', ['debug seen', 'info hidden', 'debug seen']],
])('from %s it is switched to debug, or back from it, and logs that while it can be read', async (level, steps) => {
  const probe = `debug({}, 'detail'); logger.error({}, 'mark'); logger.toggleDebug()`;
  const output = lines(
    await logged({ level, format: 'json' }, probe, probe, `debug({}, 'detail'); logger.error({}, 'mark')`),
  );
  const details = output
    .map(({ msg }) => msg)
    .join(' ')
    .split('mark');
  const isSeen = (part: string): boolean => part.includes('detail');
  expect(details.slice(0, 3).map(isSeen)).toEqual(steps.map((step) => step === 'debug seen'));
  const changes = output.filter(({ msg }) => msg === 'Log level changed');
  expect(changes.map(({ to }) => to)).toEqual(level === 'debug' ? ['info', 'debug'] : ['debug', level]);
});
