/** The commands of an admin whose outputs the page shows, and what of each output is shown. */
import { waitFor } from '../control-plane/wait-for.js';
import { checkText, describeText, normalised, normalisedTable, planText } from './normalise.js';
import { NAMESPACE, type Stage } from './stage.js';

export interface Shown {
  readonly command: string;
  readonly output: string;
}

interface Command {
  readonly command: string;
  /** Of what it printed. */
  readonly show: (output: string) => string;
}

/** In the order in which an admin asks. */
const COMMANDS: readonly Command[] = [
  { command: 'kubectl get csiports -A', show: normalisedTable },
  { command: 'kubectl get csiports -A -o wide', show: normalisedTable },
  { command: `kubectl -n ${NAMESPACE} describe csiports default`, show: describeText },
  { command: 'kubectl csiports check', show: checkText },
  { command: 'kubectl csiports plan', show: planText },
];

/** Each event of the operator is about the assignment; those of a workload are copies. */
const EVENTS: Command = {
  command: `kubectl -n ${NAMESPACE} get events --field-selector involvedObject.kind=CSIPortAssignment`,
  show: (output) => (output.startsWith('LAST SEEN') ? normalisedTable(output) : normalised(output)),
};

/** All outputs of one and the same status; the events once the operator has recorded the last of them. */
export async function takeOutputs(stage: Stage): Promise<Shown[]> {
  const shown = await waitFor('the outputs of a status that does not change', async () => {
    const before = JSON.stringify(await stage.assignment.status());
    const outputs: Shown[] = [];
    for (const command of COMMANDS) outputs.push(await take(stage, command));
    return JSON.stringify(await stage.assignment.status()) === before && outputs;
  });
  await stage.stopOperator();
  return [...shown, await take(stage, EVENTS)];
}

async function take(stage: Stage, { command, show }: Command): Promise<Shown> {
  const { stdout, stderr } = await stage.shell(command);
  return { command, output: show(stdout + stderr) };
}
