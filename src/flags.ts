/** The table of flags, from which the parser, --help and docs/admin/configure.md are made. */
import { LOG_FORMATS, LOG_LEVELS } from './logger.js';

export interface Flag {
  /** Placeholder of the value in --help; absent: a switch. */
  readonly value?: string;
  readonly text: string;
  /** Variable that counts if the flag is absent. */
  readonly environment?: string;
  /** Default value; absent: none, or off. */
  readonly fallback?: string;
}

export const FLAGS = {
  'watch-namespace': {
    value: 'NAMES',
    text: 'namespaces to serve, comma separated; empty: all',
    environment: 'WATCH_NAMESPACE',
  },
  'leader-elect': { text: 'elect a leader: of several replicas one writes, the others stand by' },
  'leader-elect-namespace': {
    value: 'NAME',
    text: "namespace of the Lease; by default the pod's",
    environment: 'POD_NAMESPACE',
  },
  'metrics-bind-address': { value: 'ADDR', text: 'address of /metrics; 0: off', fallback: ':8080' },
  'metrics-cert-path': {
    value: 'DIR',
    text: 'serve /metrics over TLS, with tls.crt and tls.key of this folder, to authorized clients',
  },
  'health-probe-bind-address': {
    value: 'ADDR',
    text: 'address of /healthz and /readyz; 0: off',
    fallback: ':8081',
  },
  'log-level': {
    value: 'LEVEL',
    text: `${LOG_LEVELS.join(', ')}; SIGUSR1 switches to debug and back`,
    fallback: 'info',
  },
  'log-format': { value: 'FORMAT', text: LOG_FORMATS.join(' or '), fallback: 'json' },
  kubeconfig: { value: 'FILE', text: "use this instead of the pod's credentials", environment: 'KUBECONFIG' },
  'max-concurrent-reconciles': { value: 'N', text: 'namespaces reconciled at once, 1 to 64', fallback: '4' },
  'contested-after': {
    value: 'N',
    text: 'writes of one object to the same port in ten minutes after which the next is held back, 1 to 100; 0: never',
    fallback: '5',
  },
  version: { text: 'print the version' },
  help: { text: 'print this' },
} as const satisfies Readonly<Record<string, Flag>>;

export type FlagName = keyof typeof FLAGS;

const WIDTH = 100;

export const HELP = `Keeps the csi-addons sidecars of Rook's CSI workloads on distinct host ports.

Usage: csi-port-operator [flags]

${Object.entries(FLAGS).map(describe).join('')}
A flag wins over its environment variable. POD_NAME names this process in events and in the Lease.
`;

function describe([name, flag]: [string, Flag]): string {
  const { value, text, environment, fallback } = flag;
  const left = `  --${name}${value === undefined ? '' : ` ${value}`}`.padEnd(37);
  const notes = [environment, fallback === undefined ? undefined : `default ${fallback}`].filter(Boolean).join(', ');
  const words = `${text}${notes === '' ? '' : ` (${notes})`}`.split(' ');
  const lines: string[] = [''];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (left.length + last.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line, index) => `${index === 0 ? left : ' '.repeat(left.length)}${line}\n`).join('');
}
