/** docs/admin/kubectl-csiports.md, made from the table of commands. */
import { exitCodeRows } from '../src/cli/command-line.js';
import {
  COMMAND_NAMES,
  definitionOf,
  PROGRAM,
  type CommandDefinition,
  type CommandName,
  type OptionDefinition,
} from '../src/cli/definitions.js';

export const PLUGIN_PAGE = 'docs/admin/kubectl-csiports.md';

const INTRODUCTION = `# kubectl csiports

The kubectl plugin shows which host ports collide, on which nodes and who holds them, before anything is installed in the
cluster and afterwards. It uses the operator's own rules and words, and only reads. This page is made by \`npm run docs\` from
\`src/cli/definitions.ts\`, and a test compares the two.

\`\`\`
make build && export PATH="$PWD/dist/bin:$PATH"    # from this repository; needs Node.js 22.19 or later on the PATH
kubectl csiports check
\`\`\`

A release has \`kubectl-csiports-VERSION.tar.gz\`, which can be unpacked anywhere (link \`kubectl-csiports.js\` as
\`kubectl-csiports\` into a folder of the PATH), and \`csiports.yaml\`, its manifest for krew:
\`kubectl krew install --manifest=csiports.yaml\`.

`;

const REST = `## What it reads

Of a cluster: the CSIPortAssignments \`default\`, the ConfigMaps \`rook-ceph-operator-config\`, Rook's Deployments and DaemonSet by
their names, the Drivers of ceph-csi-operator and the pods on the host network, all of them in all namespaces and in pages of
500. The account needs the right to list them; \`kubectl auth can-i list pods -A\` shows one. What may not be read is named in the
answer, with the command that shows the right. If nothing was found, and a conflict could hide in what was not read, the exit
code is 3. With \`-n\` an account that may read one namespace alone gets an answer about that one.

Of files: what kubectl writes, as YAML or JSON, one object or lists, and folders of them such as a must-gather. Times are judged
by the newest one in the files. To write such a file on a cluster without the CustomResourceDefinition, leave out the last kind:

\`\`\`
kubectl get deployments,daemonsets,configmaps,pods,csiportassignments -A -o yaml --show-managed-fields > dump.yaml
kubectl csiports check -f dump.yaml
kubectl get pods,deployments,daemonsets,configmaps -A -o json | kubectl csiports check -f -
\`\`\`

## Output

\`-o text\` fits 100 columns, or the terminal; \`-o wide\` shows every holder and node. \`-o json\` and \`-o yaml\` print a document of
\`apiVersion: csiports.io/cli/v1\` for scripts: fields may be added to this version, and none goes or changes its meaning. Its
kinds are CheckReport, PlanReport, StatusReport, Explanation and DoctorReport.

Errors are one line on stderr. Ctrl-C ends the plugin at once, with exit code 130.

## Completion of kubectl csiports

bash 4, zsh and fish complete \`kubectl-csiports\` by the script of \`kubectl csiports completion SHELL\`. For \`kubectl csiports\`
kubectl itself asks the program \`kubectl_complete-csiports\`, which has to be on the PATH beside the plugin: \`dist/bin\` and the
archive have it, and \`kubectl csiports completion kubectl\` prints it. The shell needs kubectl's own completion for that.
`;

export function pluginPage(): string {
  const toc = COMMAND_NAMES.map((name) => `| [\`${name}\`](#${name}) | ${definitionOf(name).summary} |\n`).join('');
  return `${INTRODUCTION}| command | what it is for |\n|---|---|\n${toc}\n${COMMAND_NAMES.map(section).join('')}${REST}`;
}

function section(name: CommandName): string {
  const { description, argument, options, examples, exitCodes } = definitionOf(name);
  const usage = [
    PROGRAM,
    name,
    ...(argument === undefined ? [] : [argument.name]),
    ...(options.length > 0 ? ['[options]'] : []),
  ];
  const blocks = [
    `## ${name}`,
    description,
    fenced([usage.join(' '), '', ...exampleLines(examples)]),
    ...(options.length === 0 ? [] : [optionTable(options)]),
    `| exit code | when |\n|---|---|\n${exitCodeRows(exitCodes)
      .map(([code, meaning]) => `| ${code} | ${meaning} |`)
      .join('\n')}`,
  ];
  return `${blocks.join('\n\n')}\n\n`;
}

function exampleLines(examples: CommandDefinition['examples']): string[] {
  return examples.flatMap(([line, what]) => [`# ${what}`, `${PROGRAM} ${line}`]);
}

function optionTable(options: readonly OptionDefinition[]): string {
  const rows = options.map(({ flags, text, fallback, choices }) => {
    const values = choices === undefined ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
    return `| \`${flags}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${text}${values} |`;
  });
  return ['| option | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function fenced(lines: readonly string[]): string {
  return ['```', ...lines, '```'].join('\n');
}
