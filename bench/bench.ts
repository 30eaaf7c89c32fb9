/**
 * `make bench`: what the operator takes and costs, on a control plane of its own, and beside it, where a program for the
 * same work is given, what that one does. Compare figures of one run only: all share this machine.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OPERATOR, peer, type Candidate } from './candidates.js';
import { figuresOf } from './figures.js';
import { describeMachine, thisMachine } from './machine.js';
import { FULL, QUICK, type Plan } from './plan.js';
import { figureTable, scaleTable, type Column } from './report.js';
import { runAll } from './rounds.js';
import { Site } from './site.js';
import { FigureLog } from './turn.js';

const OPTIONS = {
  full: { type: 'boolean', default: false },
  json: { type: 'string' },
  peer: { type: 'string' },
  'peer-crd': { type: 'string' },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const candidates = candidatesOf(values.peer, values['peer-crd']);
  const plan = values.full ? FULL : QUICK;
  const machine = thisMachine();
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  const site = await Site.start(candidates);
  const logs = new Map(candidates.map((candidate) => [candidate, new FigureLog()]));
  try {
    if (site.inClusterProblem !== undefined) say(`not measured with in-cluster credentials: ${site.inClusterProblem}`);
    await runAll({ site, plan, logs, say });
  } finally {
    await site.stop();
  }
  const columns = candidates.map((candidate) => ({ name: candidate.name, measured: logs.get(candidate)!.values }));
  if (values.json !== undefined) {
    const raw = candidates.map((candidate) => [candidate.name, logs.get(candidate)]);
    writeFileSync(values.json, `${JSON.stringify({ machine, plan, ...Object.fromEntries(raw) }, null, 1)}\n`);
  }
  print(describeMachine(machine), plan, columns);
}

function candidatesOf(program: string | undefined, crd: string | undefined): Candidate[] {
  if (program === undefined) return [OPERATOR];
  if (crd === undefined) throw new Error('--peer needs --peer-crd, the file of its CustomResourceDefinition');
  return [OPERATOR, peer(program, crd)];
}

function print(machine: string, plan: Plan, columns: readonly Column[]): void {
  const rounds = `Median (lowest to highest) of ${plan.rounds} rounds. ${machine}.`;
  const scale = scaleTable(plan.sizes, columns);
  console.log(`${rounds}\n\n${figureTable(figuresOf(plan), columns)}\n\n${scale}`);
}

/** Progress, beside the result. */
function say(line: string): void {
  console.error(line);
}

await main();
