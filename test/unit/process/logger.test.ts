/** The log goes to the process's own stdout, so each test starts a process that logs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 20_000 });

const LOGGER = new URL('../../../src/logger.ts', import.meta.url).href;

async function logged(options: { level: string; format: string }, ...calls: readonly string[]): Promise<string> {
  const program = `const { createLogger } = await import(${JSON.stringify(LOGGER)});
    const logger = await createLogger(${JSON.stringify(options)});
    ${calls.map((call) => `logger.${call};`).join('\n')}`;
  const argv = [
    '--disable-warning=ExperimentalWarning',
    '--experimental-strip-types',
    '--input-type=module',
    '-e',
    program,
  ];
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

test('a field cannot begin a line of its own, nor fill in the message', async () => {
  const hostile = 'x\n{"level":"error","msg":"forged"}\u2028%s %j';
  const output = await logged(
    { level: 'info', format: 'json' },
    `warn({ error: ${JSON.stringify(hostile)} }, 'Reconcile failed %s')`,
  );
  expect(output.split('\n')).toHaveLength(2);
  expect(lines(output)[0]).toMatchObject({ error: hostile, msg: 'Reconcile failed %s' });
});

test('the lines before a crash are out', async () => {
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
])('from %s it is switched to debug, or back from it, and says so while it can be read', async (level, steps) => {
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
