/** docs/admin/kubectl-csiports.md, made from the table of commands. */
import {
  COMMAND_NAMES,
  definitionOf,
  PROGRAM,
  USAGE_MEANING,
  type CommandName,
  type OptionDefinition,
} from '../src/cli/definitions.js';
import { EXIT_CODES } from '../src/cli/exit-codes.js';

export const PLUGIN_PAGE = 'docs/admin/kubectl-csiports.md';

const INTRODUCTION = `# kubectl csiports

This kubectl plugin finds host ports that collide, by the operator's own rules. It only reads, and needs Node.js 22.19 or
later, but nothing in the cluster.

## Install

\`\`\`sh
make build
export PATH="$PWD/dist/bin:$PATH"
\`\`\`

From a release, unpack \`kubectl-csiports-VERSION.tar.gz\` and link \`kubectl-csiports.js\` as \`kubectl-csiports\` on the PATH.
With krew: \`kubectl krew install --manifest=csiports.yaml\`.
`;

const READS = `## What it reads

It lists CSIPortAssignments, \`rook-ceph-operator-config\`, Rook's Deployments and DaemonSet, Drivers of ceph-csi-operator, and the
pods on the host network, in all namespaces. With \`-n\`, rights in that namespace are enough. If a right is missing, the output
names it.

\`-f\` reads YAML or JSON of kubectl, or folders. The newest time in the files counts as now.

\`\`\`sh
kubectl get deployments,daemonsets,configmaps,pods,csiportassignments -A -o yaml --show-managed-fields > dump.yaml
kubectl csiports check -f dump.yaml
\`\`\`

Without the CustomResourceDefinition, leave out \`csiportassignments\`.

## Scripts

\`-o json\` and \`-o yaml\` print a document of \`apiVersion: csiports.io/cli/v1\`, to which later releases only add fields. Errors
are one line on stderr.
`;

export function pluginPage(): string {
  return [INTRODUCTION, ...COMMAND_NAMES.map(section), optionList(), exitCodeList(), READS].join('\n');
}

function section(name: CommandName): string {
  const { description, examples } = definitionOf(name);
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `${PROGRAM} ${line.padEnd(width)}   # ${what}`);
  return [`## ${name}`, '', description, '', '```sh', ...lines, '```', ''].join('\n');
}

function optionList(): string {
  const options = COMMAND_NAMES.flatMap((name) => definitionOf(name).options);
  const rows = Map.groupBy(new Set(options), optionMeaning);
  const lines = [...rows].map(([meaning, same]) => {
    return `* ${same.map(({ flags }) => `\`${flags}\``).join(', ')}: ${meaning}`;
  });
  const ofExplain = definitionOf('explain').options.map(({ flags }) => `\`${flags.split(/,| </)[0]}\``);
  const exception = `\`explain\` takes only ${ofExplain.join(', ')}.`;
  return ['## Options', '', ...lines, '', exception, ''].join('\n');
}

function optionMeaning(option: OptionDefinition): string {
  const { text, fallback, choices } = option;
  const values = choices === undefined ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
  const unlessGiven = fallback === undefined ? '' : `; default \`${fallback}\``;
  return `${text}${values}${unlessGiven}${commandsWith(option)}`;
}

/** Nothing if all commands have it that read a cluster. */
function commandsWith(option: OptionDefinition): string {
  const readers = COMMAND_NAMES.filter((name) => EXIT_CODES.cannotTell in definitionOf(name).exitCodes);
  const having = readers.filter((name) => definitionOf(name).options.includes(option));
  return having.length === readers.length ? '' : ` (only ${having.join(', ')})`;
}

function exitCodeList(): string {
  const lines = Object.values(EXIT_CODES).map((code) => `* ${code}: ${meaningsOf(code)}`);
  return ['## Exit codes', '', ...lines, '* 130: Ctrl-C', ''].join('\n');
}

function meaningsOf(code: number): string {
  if (code === EXIT_CODES.usage) return USAGE_MEANING;
  // What 0 means is worth a word only of a command that can also end with 1.
  const judges = COMMAND_NAMES.filter((name) => EXIT_CODES.conflict in definitionOf(name).exitCodes);
  const commands = new Map<string, CommandName[]>();
  for (const name of code === EXIT_CODES.noConflict ? judges : COMMAND_NAMES) {
    const meaning = definitionOf(name).exitCodes[code];
    if (meaning !== undefined) commands.set(meaning, [...(commands.get(meaning) ?? []), name]);
  }
  if (commands.size === 1) return [...commands.keys()].join();
  return [...commands].map(([meaning, names]) => `${meaning} (${names.join(', ')})`).join('; ');
}
