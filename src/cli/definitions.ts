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
  { flags: '-n, --namespace <name>', text: 'only the Rook in this namespace', conflicts: ['allNamespaces'] },
  { flags: '-A, --all-namespaces', text: 'all namespaces (default)' },
];

const CLUSTER: readonly OptionDefinition[] = [
  { flags: '--kubeconfig <file>', text: 'in place of KUBECONFIG or ~/.kube/config', isPath: true },
  { flags: '--context <name>', text: 'name in the kubeconfig' },
  { flags: '--cluster <name>', text: 'name in the kubeconfig' },
  { flags: '--user <name>', text: 'name in the kubeconfig' },
  {
    flags: '--request-timeout <time>',
    text: 'timeout of each request, e.g. 500ms or 2m',
    fallback: '15s',
  },
];

const FILES: readonly OptionDefinition[] = [
  {
    flags: '-f, --filename <path>',
    text: 'file, folder, or - (stdin) to read instead of a cluster; may be repeated',
    isPath: true,
    isRepeatable: true,
    conflicts: ['kubeconfig', 'context', 'cluster', 'user'],
  },
];

const OUTPUT: readonly OptionDefinition[] = [
  { flags: '-o, --output <format>', text: 'output format', fallback: 'text', choices: FORMATS },
  {
    flags: '--color <when>',
    text: 'colour; auto: on a terminal without NO_COLOR',
    fallback: 'auto',
    choices: COLOUR_CHOICES,
  },
  { flags: '--no-color', text: 'same as --color=never' },
];

const WATCH: readonly OptionDefinition[] = [
  {
    flags: '-w, --watch',
    text: 'until Ctrl-C, redraw the terminal every 2 s, or print what changes',
    conflicts: ['filename'],
  },
];

const NO_CONFLICT = 'no host port is shared, or there is no Rook';
const CONFLICT = 'host ports are shared, or a sidecar cannot get its port';
const CANNOT_TELL = 'undecided: something that matters could not be read';

const REASONS = [...new Set([...READY_REASONS, ...PROGRESSING_REASONS, ...DEGRADED_REASONS, ...EVENT_REASONS])].sort();

export const COMMANDS = {
  check: {
    summary: 'show which host ports collide, on which nodes, and who holds them',
    description: 'Shows the host ports that CSI workloads of each Rook share, the holders and nodes, and what to do.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT],
    examples: [
      ['check', 'all Rooks'],
      ['check -n rook-ceph -o wide', 'one, with every holder and node'],
      ['check -f must-gather/ -f pods.yaml', 'files of kubectl or must-gather'],
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
      'Shows what the operator would write (a diff of each workload, and keys of Rook), and the Helm values and kubectl patch ' +
      'lines that do the same without it.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT],
    examples: [
      ['plan', 'all Rooks'],
      ['plan -n rook-ceph -f dump.yaml', 'one, in a file'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: 'the plan is shown, or nothing is to be written',
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  status: {
    summary: 'show how each CSIPortAssignment stands',
    description: 'Shows the ports, workloads and conditions of each CSIPortAssignment, and what to do.',
    options: [...SCOPE, ...FILES, ...CLUSTER, ...OUTPUT, ...WATCH],
    examples: [
      ['status', 'all assignments'],
      ['status -n rook-ceph --watch', 'one, during a rollout'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: NO_CONFLICT,
      [EXIT_CODES.conflict]: CONFLICT,
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  explain: {
    summary: 'explain what a reason of a condition or event means, and what to do',
    description: 'Explains a reason of a condition or event, and what to do. Without a reason it lists all.',
    argument: { name: '[reason]', text: 'such as PortInUse', choices: REASONS },
    options: OUTPUT,
    examples: [
      ['explain', 'all reasons'],
      ['explain PortInUse', 'one'],
    ],
    exitCodes: { [EXIT_CODES.noConflict]: 'it is explained' },
  },
  doctor: {
    summary: 'check the rights, the CRD, the operator, Rook and csi-addons',
    description:
      "Checks your rights, the CustomResourceDefinition, the operator and its Lease, Rook's version and remedy, " +
      'and whether each CSIAddonsNode has the assigned port.',
    options: [...SCOPE, ...CLUSTER, ...OUTPUT],
    examples: [
      ['doctor', 'after the installation'],
      ['doctor -o yaml', 'to attach to a report'],
    ],
    exitCodes: {
      [EXIT_CODES.noConflict]: 'nothing is wrong',
      [EXIT_CODES.conflict]: 'each finding says what to do',
      [EXIT_CODES.cannotTell]: CANNOT_TELL,
    },
  },
  completion: {
    summary: 'print a script that completes the command line in a shell',
    description:
      'Prints a script for bash 4, zsh or fish that completes kubectl-csiports. To complete kubectl csiports, kubectl ' +
      'calls an executable kubectl_complete-csiports on the PATH; dist/bin and the archive have it.',
    argument: { name: '<shell>', text: SHELLS.join(', '), choices: SHELLS, isStrict: true },
    options: [],
    examples: [
      ['completion bash > /etc/bash_completion.d/kubectl-csiports', 'bash: new shells'],
      ['completion zsh > "${fpath[1]}/_kubectl-csiports"', 'zsh'],
      ['completion fish > ~/.config/fish/completions/kubectl-csiports.fish', 'fish'],
      ['completion kubectl > ~/bin/kubectl_complete-csiports', 'kubectl csiports in any shell'],
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
