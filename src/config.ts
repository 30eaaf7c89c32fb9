/** The only reader of the command line and the environment. */
import { parseArgs } from 'node:util';
import { FLAGS, type Flag, type FlagName } from './flags.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './logger.js';
import type { BindAddress } from './ops/http-server.js';
import type { MetricsAddress } from './ops/metrics/endpoint.js';

export interface Config {
  readonly watchNamespaces: readonly string[];
  /** Undefined for the only replica. */
  readonly leaderElection: { readonly namespace: string } | undefined;
  /** Undefined if no metrics are served. */
  readonly metrics: MetricsAddress | undefined;
  /** Undefined if no probes are served. */
  readonly healthProbe: BindAddress | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Empty: in-cluster credentials. */
  readonly kubeconfigs: readonly string[];
  readonly maxConcurrentReconciles: number;
  /** Writes of one object to the same goal within ten minutes after which it is contested; 0: never. */
  readonly contestedAfter: number;
  /** Name of this process in events and, with a unique suffix, in the Lease. */
  readonly instance: string;
}

export type Invocation =
  | { readonly kind: 'Run'; readonly config: Config }
  | { readonly kind: 'Help' | 'Version' }
  | { readonly kind: 'Invalid'; readonly errors: readonly string[] };

/** The environment that the configuration depends on. */
export interface Environment {
  readonly variables: NodeJS.ProcessEnv;
  readonly hostname: string;
  /** Undefined outside a pod. */
  readonly podNamespace: string | undefined;
}

/** @returns what the command line asks for, or all of its errors */
export function parseInvocation(argv: readonly string[], environment: Environment): Invocation {
  const { variables, hostname } = environment;
  const errors: string[] = [];
  const flags = readFlags(argv, errors);
  if (flags.has('help')) return { kind: 'Help' };
  if (flags.has('version')) return { kind: 'Version' };
  const value = (name: FlagName): string => {
    const { environment: variable, fallback = '' }: Flag = FLAGS[name];
    return flags.get(name) ?? (variable === undefined ? undefined : variables[variable]) ?? fallback;
  };
  const config: Config = {
    watchNamespaces: namespaces(value('watch-namespace'), errors),
    leaderElection: flags.has('leader-elect')
      ? leaderElection(value('leader-elect-namespace'), environment, errors)
      : undefined,
    metrics: metricsAddress(value('metrics-bind-address'), nonEmpty(value('metrics-cert-path')), errors),
    healthProbe: bindAddress('health-probe-bind-address', value('health-probe-bind-address'), errors),
    logLevel: oneOf('log-level', LOG_LEVELS, value('log-level'), errors),
    logFormat: oneOf('log-format', LOG_FORMATS, value('log-format'), errors),
    kubeconfigs: kubeconfigs(flags.get('kubeconfig'), variables.KUBECONFIG ?? ''),
    maxConcurrentReconciles: integer('max-concurrent-reconciles', value('max-concurrent-reconciles'), [1, 64], errors),
    contestedAfter: integer('contested-after', value('contested-after'), [0, 100], errors),
    instance: nonEmpty(variables.POD_NAME) ?? hostname,
  };
  return errors.length > 0 ? { kind: 'Invalid', errors } : { kind: 'Run', config };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

const OPTIONS = Object.fromEntries(
  Object.entries(FLAGS).map(([name, { value }]: [string, Flag]) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const);
    return [name, name === 'help' ? { type, short: 'h' } : { type }];
  }),
);

/** Reads token by token, as a strict parse stops at the first error. */
function readFlags(argv: readonly string[], errors: string[]): Map<FlagName, string> {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const flags = new Map<FlagName, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') errors.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    if (!isFlag(token.name)) errors.push(`unknown flag ${token.rawName}; see --help`);
    else if (!('value' in FLAGS[token.name])) setSwitch(flags, token.name, token.value, errors);
    else if (token.value === undefined) errors.push(`${token.rawName} needs a value`);
    else flags.set(token.name, token.value);
  }
  return flags;
}

/** Also takes --name=false, like Go's programs. */
function setSwitch(flags: Map<FlagName, string>, name: FlagName, value = 'true', errors: string[]): void {
  if (value === 'true') flags.set(name, value);
  else if (value === 'false') flags.delete(name);
  else errors.push(`--${name}: ${JSON.stringify(value)} is not true or false`);
}

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

function namespaces(value: string, errors: string[]): string[] {
  const names = [...new Set(value.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  for (const name of names) expectNamespace('watch-namespace', name, errors);
  return names;
}

function expectNamespace(flag: FlagName, name: string, errors: string[]): void {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return;
  errors.push(`--${flag}: ${JSON.stringify(name)} is not a namespace name`);
}

function leaderElection(name: string, { podNamespace }: Environment, errors: string[]): { readonly namespace: string } {
  const namespace = nonEmpty(name) ?? podNamespace;
  if (namespace === undefined)
    errors.push('--leader-elect needs --leader-elect-namespace if the process does not run in a pod');
  else expectNamespace('leader-elect-namespace', namespace, errors);
  return { namespace: namespace ?? '' };
}

function metricsAddress(value: string, certPath: string | undefined, errors: string[]): MetricsAddress | undefined {
  const address = bindAddress('metrics-bind-address', value, errors);
  return address && { ...address, certPath };
}

function bindAddress(flag: FlagName, value: string, errors: string[]): BindAddress | undefined {
  if (value === '0') return undefined;
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  const isHost = /^([^:[\]]*|\[[0-9a-fA-F:.]+(%[\w.-]+)?\])$/.test(host);
  if (digits === '' || port > 65535 || !isHost) {
    errors.push(`--${flag}: ${JSON.stringify(value)} is not HOST:PORT, :PORT, [IPv6]:PORT or 0`);
    return undefined;
  }
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function oneOf<const T extends readonly [string, ...string[]]>(
  flag: FlagName,
  allowed: T,
  value: string,
  errors: string[],
): T[number] {
  if (allowed.includes(value)) return value;
  errors.push(`--${flag}: ${JSON.stringify(value)} is not one of ${allowed.join(', ')}`);
  return allowed[0];
}

/** The flag names one file, the variable may list several. */
function kubeconfigs(flag: string | undefined, variable: string): string[] {
  const files = flag === undefined ? variable.split(process.platform === 'win32' ? ';' : ':') : [flag];
  return files.filter((file) => file !== '');
}

function integer(flag: FlagName, value: string, [from, to]: readonly [number, number], errors: string[]): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < from || number > to) {
    errors.push(`--${flag}: ${JSON.stringify(value)} is not an integer from ${from} to ${to}`);
  }
  return number;
}
