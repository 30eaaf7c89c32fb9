import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseInvocation, type Config } from '../../../src/config.js';
import { FLAGS, HELP } from '../../../src/flags.js';

const DEFAULTS: Config = {
  watchNamespaces: [],
  leaderElection: undefined,
  metrics: { host: '', port: 8080, certPath: undefined },
  healthProbe: { host: '', port: 8081 },
  logLevel: 'info',
  logFormat: 'json',
  kubeconfigs: [],
  maxConcurrentReconciles: 4,
  contestedAfter: 5,
  instance: 'host-1',
};

const parse = (
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  podNamespace?: string,
): ReturnType<typeof parseInvocation> =>
  parseInvocation(argv, { variables: environment, hostname: 'host-1', podNamespace });

function config(argv: readonly string[], environment: NodeJS.ProcessEnv = {}, podNamespace?: string): Config {
  const invocation = parse(argv, environment, podNamespace);
  if (invocation.kind !== 'Run') throw new Error(JSON.stringify(invocation));
  return invocation.config;
}

function errors(...argv: string[]): readonly string[] {
  const invocation = parse(argv);
  return invocation.kind === 'Invalid' ? invocation.errors : [];
}

test('without flags and variables the defaults hold', () => {
  expect(config([])).toEqual(DEFAULTS);
});

test.each<[string[], Partial<Config>]>([
  [['--watch-namespace=a,b'], { watchNamespaces: ['a', 'b'] }],
  [['--watch-namespace', ' a , b ,, a'], { watchNamespaces: ['a', 'b'] }],
  [['--watch-namespace='], { watchNamespaces: [] }],
  [['--metrics-cert-path='], { metrics: { host: '', port: 8080, certPath: undefined } }],
  [['--health-probe-bind-address=0'], { healthProbe: undefined }],
  [['--health-probe-bind-address=:9090'], { healthProbe: { host: '', port: 9090 } }],
  [['--health-probe-bind-address', '127.0.0.1:65535'], { healthProbe: { host: '127.0.0.1', port: 65535 } }],
  [['--health-probe-bind-address=[::1]:8081'], { healthProbe: { host: '::1', port: 8081 } }],
  [['--health-probe-bind-address=[fe80::1%eth0]:1'], { healthProbe: { host: 'fe80::1%eth0', port: 1 } }],
  [['--leader-elect', '--leader-elect-namespace=ours'], { leaderElection: { namespace: 'ours' } }],
  [['--leader-elect=true', '--leader-elect-namespace=ours'], { leaderElection: { namespace: 'ours' } }],
  [['--leader-elect', '--leader-elect=false'], { leaderElection: undefined }],
  [['--leader-elect-namespace=ours'], { leaderElection: undefined }],
  [['--metrics-bind-address=0'], { metrics: undefined }],
  [
    ['--metrics-bind-address=[::]:8443', '--metrics-cert-path=/certs'],
    { metrics: { host: '::', port: 8443, certPath: '/certs' } },
  ],
  [['--log-level=debug'], { logLevel: 'debug' }],
  [['--log-format', 'pretty'], { logFormat: 'pretty' }],
  [['--kubeconfig=/k'], { kubeconfigs: ['/k'] }],
  [['--max-concurrent-reconciles=1'], { maxConcurrentReconciles: 1 }],
  [['--max-concurrent-reconciles=64'], { maxConcurrentReconciles: 64 }],
  [['--log-level=debug', '--log-level=warn'], { logLevel: 'warn' }],
])('%j', (argv, expected) => {
  expect(config(argv)).toEqual({ ...DEFAULTS, ...expected });
});

test('a variable counts if the flag is absent', () => {
  const environment = { WATCH_NAMESPACE: 'a,b', KUBECONFIG: '/one:/two', POD_NAME: 'pod-1', LOG_LEVEL: 'debug' };
  const expected = { watchNamespaces: ['a', 'b'], kubeconfigs: ['/one', '/two'], instance: 'pod-1' };
  expect(config([], environment)).toEqual({ ...DEFAULTS, ...expected });
  expect(config(['--watch-namespace=', '--kubeconfig=/three'], environment)).toMatchObject({
    watchNamespaces: [],
    kubeconfigs: ['/three'],
  });
});

test('an empty variable counts as absent', () => {
  expect(config([], { WATCH_NAMESPACE: '', KUBECONFIG: '', POD_NAME: '' })).toEqual(DEFAULTS);
});

test('the namespace of the Lease is that of the flag, else of the variable, else of the pod', () => {
  const inPod = (argv: string[], environment: NodeJS.ProcessEnv): string | undefined =>
    config(['--leader-elect', ...argv], environment, 'of-the-pod').leaderElection?.namespace;
  expect(inPod(['--leader-elect-namespace=flag'], { POD_NAMESPACE: 'variable' })).toBe('flag');
  expect(inPod([], { POD_NAMESPACE: 'variable' })).toBe('variable');
  expect(inPod([], { POD_NAMESPACE: '' })).toBe('of-the-pod');
  expect(errors('--leader-elect')).toEqual([
    '--leader-elect needs --leader-elect-namespace if the process does not run in a pod',
  ]);
  expect(errors('--leader-elect', '--leader-elect-namespace=No')).toEqual([
    '--leader-elect-namespace: "No" is not a namespace name',
  ]);
});

test.each(['--leader-elect=yes', '--leader-elect=', '--help=maybe', '--version=1'])('no switch: %s', (flag) => {
  const [name, value] = flag.split('=');
  expect(errors(flag)).toEqual([`${name!}: "${value!}" is not true or false`]);
});

test('all errors are reported at once', () => {
  expect(
    errors(
      ...['--watch-namespace=ok,Not_OK', '--log-level=trace', '--log-format=xml', '--max-concurrent-reconciles=0'],
      ...['--health-probe-bind-address=8081', '--verbose', '-x', 'run', '--kubeconfig'],
    ),
  ).toEqual([
    'unknown flag --verbose; see --help',
    'unknown flag -x; see --help',
    'unexpected argument "run"',
    '--kubeconfig needs a value',
    '--watch-namespace: "Not_OK" is not a namespace name',
    '--health-probe-bind-address: "8081" is not HOST:PORT, :PORT, [IPv6]:PORT or 0',
    '--log-level: "trace" is not one of debug, info, warn, error',
    '--log-format: "xml" is not one of json, pretty',
    '--max-concurrent-reconciles: "0" is not an integer from 1 to 64',
  ]);
});

test.each(['', ':', ':x', ':65536', ':123456', '::1:8081', '[::1]', '[::1:8081', '[example]:1', 'a:b:1', ':-1', '00'])(
  'no bind address: %j',
  (address) => {
    expect(errors(`--health-probe-bind-address=${address}`)).toHaveLength(1);
  },
);

test.each(['', '0', '65', '-1', '1.5', '1e1', '0x4', ' 4', 'four'])('no number of reconciles: %j', (number) => {
  expect(errors(`--max-concurrent-reconciles=${number}`)).toHaveLength(1);
});

test.each(['a_b', 'A', '-a', 'a-', 'a.b', 'x'.repeat(64), '*'])('no namespace: %j', (name) => {
  expect(errors(`--watch-namespace=${name}`)).toEqual([`--watch-namespace: "${name}" is not a namespace name`]);
});

test('help and version win over everything else', () => {
  expect(parse(['--help', '--nonsense'])).toEqual({ kind: 'Help' });
  expect(parse(['-h'])).toEqual({ kind: 'Help' });
  expect(parse(['--version', '--log-level=x'])).toEqual({ kind: 'Version' });
  expect(parse(['--version', '--help'])).toEqual({ kind: 'Help' });
});

test('help has a line for every flag, and every flag of the help exists', () => {
  const flags = [...HELP.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag!);
  expect(flags.sort()).toEqual(Object.keys(FLAGS).sort());
  for (const flag of flags) {
    const invocation = parse([`--${flag}=`]);
    const unknown = invocation.kind === 'Invalid' && invocation.errors.some((error) => error.startsWith('unknown'));
    expect(unknown, flag).toBe(false);
  }
});

test('any command line and environment is either run, help, version or a list of errors', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '--',
      '-',
      '--=',
      '--__proto__=1',
      '--constructor',
      '-hx',
      '--no-help',
      '--log-level',
      '--kubeconfig',
    ),
    fc
      .tuple(fc.constantFrom('watch-namespace', 'health-probe-bind-address', 'log-format'), fc.string())
      .map((pair) => `--${pair.join('=')}`),
  );
  const environment = fc.record(
    { WATCH_NAMESPACE: fc.string(), KUBECONFIG: fc.string(), POD_NAME: fc.string() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(word), environment, (argv, variables) => {
      const invocation = parse(argv, variables);
      if (invocation.kind === 'Invalid') expect(invocation.errors.length).toBeGreaterThan(0);
      if (invocation.kind !== 'Run') return;
      const { healthProbe, maxConcurrentReconciles, instance } = invocation.config;
      expect(healthProbe?.port ?? 0).toBeLessThanOrEqual(65535);
      expect(Number.isInteger(maxConcurrentReconciles)).toBe(true);
      expect(instance).not.toBe('');
    }),
  );
});
