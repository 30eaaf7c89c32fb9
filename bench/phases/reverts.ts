/** How long a revert lasts, and what it costs: the harness reverts a port as Rook does, and waits for the fix. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PortWatch } from '../../test/support/measure/port-watch.js';
import { cpuMs } from '../../test/support/measure/proc.js';
import type { Program } from '../../test/support/measure/program.js';
import type { RookNamespace } from '../rook-namespace.js';
import { percentile } from '../../test/support/measure/statistics.js';
import type { Turn } from '../turn.js';

const FLOOR_PATCHES = 100;
const PAUSE_MS = 20;
const FIX_TIMEOUT_MS = 30_000;

/** What the least that a fix takes, one PATCH of a workload, costs the harness itself. No candidate is running. */
export async function measureFloor({ site, figures }: Turn, namespace: RookNamespace): Promise<void> {
  const times: number[] = [];
  for (let tick = 0; tick < FLOOR_PATCHES; tick += 1) {
    const sent = performance.now();
    await site.controlPlane.api.patch(namespace.path('cephfsProvisioner'), {
      metadata: { labels: { tick: `${tick}` } },
    });
    times.push(performance.now() - sent);
    await sleep(PAUSE_MS);
  }
  figures.add('floorP50', percentile(times, 50));
  figures.add('floorP99', percentile(times, 99));
  figures.note('floorMs', times);
}

/** Back when the candidate has recorded all reverts and is idle. */
export async function measureReverts(turn: Turn, program: Program, namespace: RookNamespace): Promise<void> {
  const { site, candidate, plan, figures } = turn;
  const mark = await site.controlPlane.audit.mark();
  const cpuBefore = cpuMs(program.pid);
  const times = await revertOneByOne(turn, namespace);
  const untilFixed = await site.requestsSince(mark, candidate);
  await sleep(plan.countersMs);
  const requests = await site.requestsSince(mark, candidate);
  figures.add('revertP50', percentile(times, 50));
  figures.add('revertP99', percentile(times, 99));
  figures.add('revertMax', Math.max(...times));
  figures.note('revertMs', times);
  // With what is recorded afterwards.
  figures.add('revertCpu', (cpuMs(program.pid) - cpuBefore) / plan.reverts);
  figures.add('revertRequests', untilFixed.count / plan.reverts);
  figures.add('revertRequestsLater', requests.count - untilFixed.count);
  figures.note('revertRequests', requests.byKind());
}

/** The milliseconds from the event that shows each revert to the one that shows it repaired. */
export async function revertOneByOne({ site, plan }: Turn, namespace: RookNamespace): Promise<number[]> {
  const watch = await PortWatch.open(site.controlPlane);
  try {
    const times: number[] = [];
    for (let revert = 0; revert < plan.reverts; revert += 1) {
      const { target } = await namespace.reset(namespace.moved[revert % namespace.moved.length]!);
      const [fix] = await watch.seen([target], FIX_TIMEOUT_MS);
      times.push(fix!.fixedAt - fix!.resetAt);
      await sleep(PAUSE_MS);
    }
    return times;
  } finally {
    watch.close();
  }
}
