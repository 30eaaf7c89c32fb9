/** The order of everything: in each round the candidates take turns, so that what the machine does else meets both. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Candidate } from './candidates.js';
import { inParallel, WRITERS } from '../test/support/measure/in-parallel.js';
import { DEFAULT_PORTS, OTHER_PORTS } from '../test/support/slots.js';
import type { Plan } from './plan.js';
import { measureForeign } from './phases/foreign.js';
import { measureChurn, measureIdle } from './phases/idle.js';
import { createPods, deletePods, measurePods } from './phases/pods.js';
import { measureFloor, measureReverts } from './phases/reverts.js';
import { measureAtScale } from './phases/scale.js';
import { measureStarts } from './phases/start.js';
import { RookNamespace } from './rook-namespace.js';
import type { Site } from './site.js';
import type { FigureLog, Turn } from './turn.js';
import { OPERATOR_NAME } from '../test/support/operator-account.js';

export interface Run {
  readonly site: Site;
  readonly plan: Plan;
  readonly logs: ReadonlyMap<Candidate, FigureLog>;
  readonly say: (line: string) => void;
}

export async function runAll(run: Run): Promise<void> {
  const { site, plan } = run;
  const alone = await RookNamespace.create(site.controlPlane, 'rook-ceph', DEFAULT_PORTS);
  if (plan.alone) await takeTurns(run, 'one namespace', (turn) => measureOne(turn, alone));
  if (plan.foreignDeployments > 0) {
    // Once: they take long to create, and are a matter of none or some, not of more or less.
    const once = { ...run, plan: { ...plan, rounds: 1 } };
    await takeTurns(once, `${plan.foreignDeployments} foreign Deployments`, (turn) => measureForeign(turn, alone));
  }
  if (plan.pods) {
    await createPods(site.controlPlane.api);
    const operators = new Map([...run.logs].filter(([{ account }]) => account === OPERATOR_NAME));
    await takeTurns({ ...run, logs: operators }, 'pods on the host network', (turn) => measurePods(turn, alone));
    await deletePods(site.controlPlane.api);
  }
  await alone.deleteWorkloads();
  const namespaces: RookNamespace[] = [];
  for (const size of plan.sizes) {
    await addNamespaces(site, namespaces, size);
    await takeTurns(run, `Rook namespaces: ${size}`, (turn) => measureAtScale(turn, namespaces));
  }
}

async function takeTurns(run: Run, what: string, take: (turn: Turn) => Promise<void>): Promise<void> {
  const { site, plan, logs, say } = run;
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const [candidate, figures] of logs) {
      const begun = performance.now();
      await site.serve(candidate);
      await take({ site, candidate, plan, figures });
      say(`${what}, round ${round} of ${plan.rounds}, ${candidate.name}: ${seconds(begun)} s`);
    }
  }
}

/** Without leader election, whose renewals are no part of these figures. */
async function measureOne(turn: Turn, namespace: RookNamespace): Promise<void> {
  const { site, candidate, plan, figures } = turn;
  await measureFloor(turn, namespace);
  const program = await measureStarts(turn, namespace);
  try {
    const mark = await site.controlPlane.audit.mark();
    await sleep(plan.eventsMs);
    figures.add('startRequestsLater', (await site.requestsSince(mark, candidate)).count);
    await measureReverts(turn, program, namespace);
    await measureIdle(turn, program);
    await measureChurn(turn, program, namespace);
    figures.add('stop', await program.stop());
  } finally {
    program.kill();
    await namespace.deleteAssignment();
  }
}

async function addNamespaces({ controlPlane }: Site, namespaces: RookNamespace[], size: number): Promise<void> {
  const missing = Array.from({ length: size - namespaces.length }, (_, index) => namespaces.length + index + 1);
  const create = missing.map((number) => () => RookNamespace.create(controlPlane, `rook-${number}`, OTHER_PORTS));
  namespaces.push(...(await inParallel(WRITERS, create)));
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}
