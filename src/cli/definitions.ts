/** The table of commands and options, from which the parser, --help, completion and docs/admin/kubectl-csiports.md are made. */
import { DEGRADED_REASONS, EVENT_REASONS, PROGRESSING_REASONS, READY_REASONS } from '../domain/report/reasons.js';
import { EXIT_CODES } from './exit-codes.js';

/** As users type it. */
export const PROGRAM = 'kubectl csiports';

export interface OptionDefinition {
  /** As commander reads it, e.g. `-n, --namespace <name>`. */
  readonly flags: string;
  readonly text: string;
  readonly fallback?: string;
  readonly choices?: readonly string[];
  /** Whether the value is a path, for completion. */
  readonly isPath?: boolean;
  /** Whether it may be given several times. */
  readonly isRepeatable?: boolean;
  /** Names of options that cannot be given with it. */
  readonly conflicts?: readonly string[];
}

export interface ArgumentDefinition {
  /** As commander reads it: `<name>` is required, `[name]` is not. */
  readonly name: string;
  readonly text: string;
  readonly choices: readonly string[];
  /** Whether other values are an error of the command line. By default the command judges them. */
  readonly isStrict?: boolean;
}

export interface CommandDefinition {
  readonly summary: string;
  /** A few sentences for --help and the docs page. */
  readonly description: string;
  readonly argument?: ArgumentDefinition;
  readonly options: readonly OptionDefinition[];
  /** Command line without the program, and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
  /** Of the exit codes beside 2, what they mean here. */
  readonly exitCodes: Readonly<Record<number, string>>;
}

export const COLOUR_CHOICES = ['auto', 'always', 'never'] as const;
export const FORMATS = ['text', 'wide', 'json', 'yaml'] as const;
export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;

const SCOPE: readonly OptionDefinition[] = [
  { flags: '-n, --namespace <name>', text: 'look at the Rook in this namespace alone', conflicts: ['allNamespaces'] },
  { flags: '-A, --all-namespaces', text: 'look at all namespaces; this is the default' },
];

const CLUSTER: readonly OptionDefinition[] = [
  { flags: '--kubeconfig <file>', text: 'use this instead of KUBECONFIG or ~/.kube/config', isPath: true },
  { flags: '--context <name>', text: 'use this context of the kubeconfig' },
  { flags: '--cluster <name>', text: 'use this cluster of the kubeconfig' },
  { flags: '--user <name>', text: 'use this user of the kubeconfig' },
  {
    flags: '--request-timeout <time>',
    text: 'wait so long for each response of the API server, e.g. 500ms, 30s or 2m',
    fallback: '15s',
  },
];

const FILES: readonly OptionDefinition[] = [
  {
    flags: '-f, --filename <path>',
    text: 'read a file, a folder, or - (stdin) instead of a cluster; may be repeated',
    isPath: true,
    isRepeatable: true,
    conflicts: ['kubeconfig', 'context', 'cluster', 'user'],
  },
];

const OUTPUT: readonly OptionDefinition[] = [
  { flags: '-o, --output <format>', text: 'how the answer is printed', fallback: 'text', choices: FORMATS },
  {
    flags: '--color <when>',
    text: 'colour the text; auto: on a terminal, unless NO_COLOR is set',
    fallback: 'auto',
    choices: COLOUR_CHOICES,
  },
  { flags: '--no-color', text: 'the same as --color=never' },
];

const WATCH: readonly OptionDefinition[] = [
  {
    flags: '-w, --watch',
    text: 'go on until Ctrl-C: redraw a terminal every two seconds, else print what has changed',
    conflicts: ['filename'],
  },
];

const NO_CONFLICT = 'no host port is shared, or there is no Rook';
const CONFLICT = 'host ports are shared, or a sidecar cannot have its port';
const CANNOT_TELL = 'it cannot be told: the cluster or the files could not be read, or not enough of them';

const REASONS = [...new Set([...READY_REASONS, ...PROGRESSING_REASONS, ...DEGRADED_REASONS, ...EVENT_REASONS])].sort();

export const COMMANDS = {
  check: {
    summary: 'show which host ports collide, on which nodes, and who holds them',
    description:
      'Shows of each Rook which host ports its CSI workloads share with something else, who holds them on which nodes, ' +
      'and what to do. It only reads, and needs nothing installed in the cluster.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT],
    examples: [
      ['check', 'all Rooks of the cluster'],
      ['check -n rook-ceph -o wide', 'one of them, with every holder and node'],
      ['check -f must-gather/ -f pods.yaml', 'files that kubectl or must-gather wrote'],
      ['check -o json | jq .kind', 'for scripts'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: NO_CONFLICT,
      [EXIT_CODES.conflict]: CONFLICT,
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  plan: {
    summary: 'show what the operator would write, and how to write it without the operator',
    description:
      'Shows what the operator would write: a diff of each workload and the keys of Rook. For those who run no operator ' +
      'it prints the Helm values of Rook and the kubectl patch lines that do the same. It writes nothing.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT],
    examples: [
      ['plan', 'all Rooks of the cluster'],
      ['plan -n rook-ceph', 'one of them'],
      ['plan -f dump.yaml', 'of a file that kubectl wrote'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: 'the plan is shown, or nothing is to be written',
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  status: {
    summary: 'show how each CSIPortAssignment stands',
    description:
      'Shows each CSIPortAssignment as a diagnosis: the ports, the state of each workload, the conditions, and what to do.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT, ...WATCH],
    examples: [
      ['status', 'all assignments of the cluster'],
      ['status -n rook-ceph --watch', 'one of them, during a rollout'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: NO_CONFLICT,
      [EXIT_CODES.conflict]: CONFLICT,
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  explain: {
    summary: 'say what a reason of a condition or event means, and what to do',
    description: 'Says what a reason of a condition or event means, and what to do. Without a reason it lists all.',
    argument: { name: '[reason]', text: 'such as PortInUse', choices: REASONS },
    options: OUTPUT,
    examples: [
      ['explain', 'all reasons'],
      ['explain PortInUse', 'one of them'],
    ],
    exitCodes: { [EXIT_CODES.noConflict]: 'it is explained' },
  },
  doctor: {
    summary: 'check the rights, the CRD, the operator, Rook and csi-addons',
    description:
      'Checks whether everything is in place: your rights, the CustomResourceDefinition, the operator and its Lease, the ' +
      'version of Rook and its remedy, and whether each CSIAddonsNode has the port that is assigned.',
    options: [...SCOPE, ...CLUSTER, ...OUTPUT],
    examples: [
      ['doctor', 'after the installation'],
      ['doctor --context staging -o yaml', 'another cluster, to attach to a report'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: 'nothing is wrong',
      [EXIT_CODES.conflict]: 'something is wrong: each finding says what to do',
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  completion: {
    summary: 'print a script that completes the command line in a shell',
    description:
      'Prints a script for bash, zsh or fish that completes kubectl-csiports. For kubectl csiports it prints a program that ' +
      'kubectl calls, which has to be on the PATH as kubectl_complete-csiports.',
    argument: { name: '<shell>', text: SHELLS.join(', '), choices: SHELLS, isStrict: true },
    options: [],
    examples: [
      ['completion bash > /etc/bash_completion.d/kubectl-csiports', 'bash; begin a new shell'],
      ['completion zsh > "${fpath[1]}/_kubectl-csiports"', 'zsh'],
      ['completion fish > ~/.config/fish/completions/kubectl-csiports.fish', 'fish'],
      ['completion kubectl > ~/bin/kubectl_complete-csiports', 'and chmod +x: kubectl csiports with any shell'],
    ],
    exitCodes: { [EXIT_CODES.noConflict]: 'the script is printed' },
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;

export type CommandName = keyof typeof COMMANDS;
export type Shell = (typeof SHELLS)[number];
export type ColourChoice = (typeof COLOUR_CHOICES)[number];

/** Of a definition by its name: without the narrow types of the table. */
export function definitionOf(name: CommandName): CommandDefinition {
  return COMMANDS[name];
}

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

/** Every command has this one. */
export const USAGE_MEANING = 'the command line is wrong';
