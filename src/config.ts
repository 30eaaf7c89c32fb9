/** The only reader of the command line and the environment. */
import { parseArgs } from 'node:util';
import type { BindAddress } from './ops/probe-server.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './logger.js';

export interface Config {
  readonly watchNamespaces: readonly string[];
  /** Undefined: no probes are served. */
  readonly healthProbe: BindAddress | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Empty: in-cluster credentials. */
  readonly kubeconfigs: readonly string[];
  readonly maxConcurrentReconciles: number;
  /** Undoings of one object within ten minutes after which it is contested; 0: never. */
  readonly contestedAfter: number;
  /** Name of this process in events. */
  readonly instance: string;
}

export type Invocation =
  | { readonly kind: 'Run'; readonly config: Config }
  | { readonly kind: 'Help' | 'Version' }
  | { readonly kind: 'Invalid'; readonly errors: readonly string[] };

const OPTIONS = {
  'watch-namespace': { type: 'string' },
  'health-probe-bind-address': { type: 'string' },
  'log-level': { type: 'string' },
  'log-format': { type: 'string' },
  kubeconfig: { type: 'string' },
  'max-concurrent-reconciles': { type: 'string' },
  'contested-after': { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type OptionName = keyof typeof OPTIONS;

export const HELP = `Keeps the csi-addons sidecars of Rook's CSI workloads on distinct host ports.

Usage: csi-port-operator [flags]

  --watch-namespace NAMES            namespaces to serve, comma separated; empty: all   (WATCH_NAMESPACE)
  --health-probe-bind-address ADDR   where /healthz and /readyz listen; 0: nowhere      (default :8081)
  --log-level LEVEL                  ${LOG_LEVELS.join(', ')}                           (default info)
  --log-format FORMAT                ${LOG_FORMATS.join(' or ')}                                     (default json)
  --kubeconfig FILE                  instead of the pod's own credentials               (KUBECONFIG)
  --max-concurrent-reconciles N      namespaces reconciled at once, 1 to 64             (default 4)
  --contested-after N                undoings of one object in ten minutes after which its
                                     repair is backed off, 1 to 100; 0: never           (default 5)
  --version                          print the version
  --help                             print this

A flag wins over its environment variable. POD_NAME names this process in events.
`;

/** @returns what the command line asks for; all that is wrong with it at once */
export function parseInvocation(argv: readonly string[], environment: NodeJS.ProcessEnv, hostname: string): Invocation {
  const errors: string[] = [];
  const flags = readFlags(argv, errors);
  if (flags.has('help')) return { kind: 'Help' };
  if (flags.has('version')) return { kind: 'Version' };
  const value = (flag: OptionName, fallback: string): string => flags.get(flag) ?? fallback;
  const config: Config = {
    watchNamespaces: namespaces(value('watch-namespace', environment.WATCH_NAMESPACE ?? ''), errors),
    healthProbe: bindAddress('health-probe-bind-address', value('health-probe-bind-address', ':8081'), errors),
    logLevel: oneOf('log-level', LOG_LEVELS, value('log-level', 'info'), errors),
    logFormat: oneOf('log-format', LOG_FORMATS, value('log-format', 'json'), errors),
    kubeconfigs: kubeconfigs(flags.get('kubeconfig'), environment.KUBECONFIG ?? ''),
    maxConcurrentReconciles: integer(
      'max-concurrent-reconciles',
      value('max-concurrent-reconciles', '4'),
      { from: 1, to: 64 },
      errors,
    ),
    contestedAfter: integer('contested-after', value('contested-after', '5'), { from: 0, to: 100 }, errors),
    instance: nonEmpty(environment.POD_NAME) ?? hostname,
  };
  return errors.length > 0 ? { kind: 'Invalid', errors } : { kind: 'Run', config };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** Tokens are taken one by one, as a strict parse would stop at the first error. */
function readFlags(argv: readonly string[], errors: string[]): Map<OptionName, string> {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const flags = new Map<OptionName, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') errors.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    if (!isOption(token.name)) errors.push(`unknown flag ${token.rawName}; see --help`);
    else if (OPTIONS[token.name].type === 'boolean') flags.set(token.name, 'true');
    else if (token.value === undefined) errors.push(`${token.rawName} needs a value`);
    else flags.set(token.name, token.value);
  }
  return flags;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function namespaces(value: string, errors: string[]): string[] {
  const names = [...new Set(value.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  for (const name of names) {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      errors.push(`--watch-namespace: ${JSON.stringify(name)} is not a namespace name`);
    }
  }
  return names;
}

function bindAddress(flag: OptionName, value: string, errors: string[]): BindAddress | undefined {
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
  flag: OptionName,
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

interface Range {
  readonly from: number;
  readonly to: number;
}

function integer(flag: OptionName, value: string, { from, to }: Range, errors: string[]): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < from || number > to) {
    errors.push(`--${flag}: ${JSON.stringify(value)} is not an integer from ${from} to ${to}`);
  }
  return number;
}
