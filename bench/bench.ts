/**
 * `make bench`: what the operator takes and costs, on a control plane of its own, and beside it, where a program for the
 * same work is given, what that one does. Compare figures of one run only: all share this machine.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OPERATOR, peer, variant, type Candidate } from './candidates.js';
import { figuresOf } from './figures.js';
import { describeMachine, thisMachine } from './machine.js';
import { FULL, limited, QUICK, QUICK_WITH_PEER, VARIANTS, type Plan } from './plan.js';
import { pauses } from './pauses.js';
import { cpuProfile } from './profile/cpu.js';
import { profile } from './profile/profile.js';
import { figureTable, scaleTable, type Column } from './report.js';
import { runAll } from './rounds.js';
import { Site } from './site.js';
import { FigureLog } from './turn.js';

const OPTIONS = {
  full: { type: 'boolean', default: false },
  json: { type: 'string' },
  profile: { type: 'boolean', default: false },
  cpu: { type: 'boolean', default: false },
  pauses: { type: 'boolean', default: false },
  variant: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  peer: { type: 'string' },
  'peer-crd': { type: 'string' },
} as const;

type Flags = ReturnType<typeof parseFlags>;

function parseFlags() {
  return parseArgs({ options: OPTIONS }).values;
}

async function main(): Promise<void> {
  const flags = parseFlags();
  const candidates = candidatesOf(flags);
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  const site = await Site.start(candidates);
  try {
    if (site.inClusterProblem !== undefined) say(`no in-cluster credentials: ${site.inClusterProblem}`);
    const told = aloneOf(flags);
    if (told !== undefined) console.log(`${describeMachine(thisMachine())}\n\n${await told(site, QUICK)}`);
    else await bench(site, candidates, flags);
  } finally {
    await site.stop();
  }
}

/** What is measured instead of all else. */
function aloneOf(flags: Flags): typeof pauses | undefined {
  if (flags.profile) return profile;
  if (flags.cpu) return cpuProfile;
  return flags.pauses ? pauses : undefined;
}

/** Where it fails on its way, what was measured until then is told all the same. */
async function bench(
  site: Site,
  candidates: readonly Candidate[],
  { full, json, variant: variants = [], only }: Flags,
): Promise<void> {
  const quick = candidates.length === 1 ? QUICK : QUICK_WITH_PEER;
  const short = variants.length === 0 ? quick : VARIANTS;
  const plan = full ? FULL : short;
  const machine = thisMachine();
  const logs = new Map(candidates.map((candidate) => [candidate, new FigureLog()]));
  try {
    await runAll({ site, plan: only === undefined ? plan : limited(plan, only), logs, say });
  } finally {
    const raw = [...logs].map(([{ name }, log]) => [name, log]);
    if (json !== undefined) {
      writeFileSync(json, `${JSON.stringify({ machine, plan, ...Object.fromEntries(raw) }, null, 1)}\n`);
    }
    const columns = [...logs].map(([{ name }, { values }]) => ({ name, measured: values }));
    print(describeMachine(machine), plan, columns);
  }
}

function candidatesOf({ peer: program, 'peer-crd': crd, variant: variants = [] }: Flags): Candidate[] {
  if (program === undefined) return [OPERATOR, ...variants.map(variant)];
  if (crd === undefined) throw new Error('--peer needs --peer-crd, the file of its CustomResourceDefinition');
  return [OPERATOR, peer(program, crd)];
}

function print(machine: string, plan: Plan, columns: readonly Column[]): void {
  const rounds = `Median (lowest to highest) of ${plan.rounds} round${plan.rounds === 1 ? '' : 's'}. ${machine}.`;
  const scale = scaleTable(plan.sizes, columns);
  console.log(`${rounds}\n\n${figureTable(figuresOf(plan), columns)}\n\n${scale}`);
}

/** Progress, beside the result. */
function say(line: string): void {
  console.error(line);
}

await main();
