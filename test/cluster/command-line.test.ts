/** The built program as a shell or a pod spec starts it: what it prints, and with which exit code it ends. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HELP } from '../../src/flags.js';

const BUNDLE = new URL('../../dist/main.js', import.meta.url).pathname;

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program with nothing in its environment but what is given; it has to end by itself. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BUNDLE, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.killed === true ? 'did not end' : error.code, stdout, stderr });
    });
    child.stdin?.end();
  });
}

async function kubeconfig(content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'config');
  await writeFile(file, content);
  return file;
}

const NOWHERE = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'nowhere', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'nobody', user: { token: 'none' } }],
  contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: 'nobody' } }],
  'current-context': 'nowhere',
});

test('--version prints the version of package.json, and nothing else', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test.each(['--help', '-h'])('%s prints the help, also beside flags that are wrong', async (flag) => {
  expect(await run([flag, '--log-level=loud'])).toEqual({ code: 0, stdout: HELP, stderr: '' });
});

test('all that is wrong with the command line is said at once, on stderr, with exit code 2', async () => {
  const args = ['--log-level=loud', '--log-format', 'xml', '--max-concurrent-reconciles=0', '--colour', 'now'];
  const { code, stdout, stderr } = await run([...args, '--health-probe-bind-address=8081', '--watch-namespace=Rook']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.trim().split('\n').sort()).toEqual([
    'csi-port-operator: --health-probe-bind-address: "8081" is not HOST:PORT, :PORT, [IPv6]:PORT or 0',
    'csi-port-operator: --log-format: "xml" is not one of json, pretty',
    'csi-port-operator: --log-level: "loud" is not one of debug, info, warn, error',
    'csi-port-operator: --max-concurrent-reconciles: "0" is not an integer from 1 to 64',
    'csi-port-operator: --watch-namespace: "Rook" is not a namespace name',
    'csi-port-operator: unexpected argument "now"',
    'csi-port-operator: unknown flag --colour; see --help',
  ]);
});

test('a namespace list from the environment is checked as the flag is', async () => {
  const { code, stderr } = await run([], { WATCH_NAMESPACE: 'rook-ceph,rook_ceph' });
  expect(code).toBe(2);
  expect(stderr).toBe('csi-port-operator: --watch-namespace: "rook_ceph" is not a namespace name\n');
});

test.each([
  {
    fault: 'neither a kubeconfig nor a pod around it',
    args: [],
    error: /^no kubeconfig was given and KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: run in a pod/,
  },
  {
    fault: 'the path of no kubeconfig',
    args: ['--kubeconfig=/nonexistent/config'],
    error: /^kubeconfig \/nonexistent\/config cannot be used: .*ENOENT/,
  },
  { fault: 'a kubeconfig that is no YAML', content: '{', error: /^kubeconfig \/.*config cannot be used: / },
  { fault: 'an empty kubeconfig', content: '', error: /^kubeconfig \/.*config/ },
  {
    fault: 'a context without a cluster',
    content: NOWHERE.replace('"current-context":"nowhere"', '"current-context":"elsewhere"'),
    error: /^kubeconfig \/.*: the current context "elsewhere" names no cluster$/,
  },
])('with $fault it ends with exit code 1 and one line that says so', async ({ args = [], content, error }) => {
  const given = content === undefined ? args : [`--kubeconfig=${await kubeconfig(content)}`];
  const { code, stdout, stderr } = await run(given);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'fatal',
    msg: 'Cannot run',
    error: expect.stringMatching(error) as string,
  });
});

test('with a probe port that is taken it ends with exit code 1, and says which', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const file = await kubeconfig(NOWHERE);
  const { code, stdout } = await run([`--kubeconfig=${file}`, `--health-probe-bind-address=127.0.0.1:${port}`]);
  expect(code).toBe(1);
  const fatal = stdout.split('\n').find((line) => line.includes('"fatal"'));
  expect(JSON.parse(fatal!)).toMatchObject({
    msg: 'Cannot run',
    error: expect.stringContaining(`EADDRINUSE: address already in use 127.0.0.1:${port}`) as string,
  });
});
