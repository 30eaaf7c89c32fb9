/** What the candidate costs by the number of namespaces, at rest and when all workloads are reverted at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { scaleKey, type ScaleCost } from '../figures.js';
import { inParallel, WRITERS } from '../../test/support/measure/in-parallel.js';
import { PortWatch } from '../../test/support/measure/port-watch.js';
import { connectionsTo, cpuMs, forgetPeak, memory, peakMemory } from '../../test/support/measure/proc.js';
import type { Program } from '../../test/support/measure/program.js';
import type { Reset, RookNamespace } from '../rook-namespace.js';
import type { Turn } from '../turn.js';
import { startInConflict } from './start.js';

const RESET_TIMEOUT_MS = 180_000;

/** With every feature on, leader election too. */
export async function measureAtScale(turn: Turn, namespaces: readonly RookNamespace[]): Promise<void> {
  const { site, candidate, plan, figures } = turn;
  const mark = await site.controlPlane.audit.mark();
  const { program, fixedAfterMs } = await startInConflict(turn, namespaces, { leaderElection: true });
  const add = (cost: ScaleCost, value: number): void => figures.add(scaleKey(cost, namespaces.length), value);
  try {
    await sleep(plan.eventsMs);
    const atStart = await site.requestsSince(mark, candidate);
    const { resident, proportional, anonymous } = memory(program.pid);
    add('start', fixedAfterMs);
    add('startRequests', atStart.count);
    add('memory', resident);
    add('proportional', proportional);
    add('anonymous', anonymous);
    add('connections', connectionsTo(program.pid, site.port));
    figures.note(`startRequests@${namespaces.length}`, atStart.byKind());
    await measureReset(turn, program, namespaces);
    await program.stop();
  } finally {
    program.kill();
    await inParallel(
      WRITERS,
      namespaces.map((namespace) => () => namespace.deleteAssignment()),
    );
  }
}

async function measureReset(turn: Turn, program: Program, namespaces: readonly RookNamespace[]): Promise<void> {
  const { site, candidate, figures } = turn;
  forgetPeak(program.pid);
  const mark = await site.controlPlane.audit.mark();
  const cpuBefore = cpuMs(program.pid);
  const { resets, fixed } = await resetAll(turn, namespaces);
  const requests = await site.requestsSince(mark, candidate);
  const add = (cost: ScaleCost, value: number): void => figures.add(scaleKey(cost, namespaces.length), value);
  add('reset', fixed - Math.min(...resets.map(({ sent }) => sent)));
  add('resetLag', fixed - Math.max(...resets.map(({ answered }) => answered)));
  add('resetCpu', (cpuMs(program.pid) - cpuBefore) / resets.length);
  add('resetRequests', requests.count / resets.length);
  add('peak', peakMemory(program.pid));
  figures.note(`resetRequests@${namespaces.length}`, requests.byKind());
}

/** All workloads of all namespaces, by several writers at once; `fixed` is when the last one had its port again. */
async function resetAll(
  { site }: Turn,
  namespaces: readonly RookNamespace[],
): Promise<{ readonly resets: readonly Reset[]; readonly fixed: number }> {
  const watch = await PortWatch.open(site.controlPlane);
  try {
    const writes = namespaces.flatMap((namespace) => namespace.moved.map((slot) => () => namespace.reset(slot)));
    const resets = await inParallel(WRITERS, writes);
    const fixes = await watch.seen(
      resets.map(({ target }) => target),
      RESET_TIMEOUT_MS,
    );
    return { resets, fixed: Math.max(...fixes.map(({ fixedAt }) => fixedAt)) };
  } finally {
    watch.close();
  }
}
