/** docs/results/outputs.md, made from real runs. */
import type { ControlPlane } from '../control-plane/control-plane.js';
import { takeOutputs, type Shown } from './commands.js';
import { RULES } from './normalise.js';
import { Stage } from './stage.js';
import { STATES, type State } from './states.js';

export const OUTPUTS_PAGE = 'docs/results/outputs.md';

const INTRODUCTION = `# What an admin sees

The outputs of the same six commands in ${STATES.length} states of a cluster with three nodes:
${STATES.map(({ title }) => link(title)).join(', ')}.

\`npm run outputs\` makes this page from real runs of the operator and the plugin on a Kubernetes control plane. Pods run in name
only there, and Rook's workloads are written as Rook writes them. A test makes the page anew and compares.

${RULES}
`;

/** @param controlPlane with three nodes and nothing installed */
export async function outputsPage(controlPlane: ControlPlane): Promise<string> {
  const stage = await Stage.prepare(controlPlane);
  const sections: string[] = [];
  for (const state of STATES) {
    try {
      await state.play(stage);
      sections.push(section(state, await takeOutputs(stage)));
    } finally {
      await stage.clear();
    }
  }
  return [INTRODUCTION, ...sections].join('\n');
}

function section({ title, scene }: State, outputs: readonly Shown[]): string {
  const session = outputs.map(({ command, output }) => `$ ${command}\n${output}\n`).join('\n');
  return `## ${title}\n\n${scene}\n\n\`\`\`text\n${session}\`\`\`\n`;
}

function link(title: string): string {
  return `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`;
}
