/**
 * `make bench ARGS=--cpu`: where the CPU time of 1,000 reverts goes, by room. The operator is the same bundle; a script that Node
 * loads before it takes the profile.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../test/support/control-plane/wait-for.js';
import { cpuMs } from '../../test/support/measure/proc.js';
import { DEFAULT_PORTS } from '../../test/support/slots.js';
import { OPERATOR, preloaded } from '../candidates.js';
import { revertOneByOne } from '../phases/reverts.js';
import { startInConflict } from '../phases/start.js';
import type { Plan } from '../plan.js';
import { markdown } from '../report.js';
import { RookNamespace } from '../rook-namespace.js';
import type { Site } from '../site.js';
import { FigureLog } from '../turn.js';
import { bundleSource, timeByFunction, timeByRoom, type CpuProfile } from './rooms.js';

const PRELOAD = join(import.meta.dirname, 'cpu-preload.cjs');
const REVERTS = 1_000;
/** So that what only the first ones take is no part of it. */
const REVERTS_BEFORE = 50;
const FUNCTIONS = 25;

/** @returns Markdown */
export async function cpuProfile(site: Site, plan: Plan): Promise<string> {
  const namespace = await RookNamespace.create(site.controlPlane, 'rook-ceph', DEFAULT_PORTS);
  const file = join(site.controlPlane.directory, 'cpu-profile.json');
  await site.serve(OPERATOR);
  const turn = { site, candidate: preloaded(PRELOAD, file), plan, figures: new FigureLog() };
  const { program } = await startInConflict(turn, [namespace], {});
  try {
    await sleep(plan.eventsMs);
    await revertOneByOne({ ...turn, plan: { ...plan, reverts: REVERTS_BEFORE } }, namespace);
    await sleep(plan.countersMs);
    program.signal('SIGUSR2');
    const before = cpuMs(program.pid);
    await revertOneByOne({ ...turn, plan: { ...plan, reverts: REVERTS } }, namespace);
    await sleep(plan.countersMs);
    const perRevert = (cpuMs(program.pid) - before) / REVERTS;
    program.signal('SIGUSR2');
    const profile = await waitFor('the profile', () => {
      return Promise.resolve(existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as CpuProfile));
    });
    return tables(profile, perRevert);
  } finally {
    await program.stop();
    await rm(file, { force: true });
  }
}

function tables(profile: CpuProfile, perRevert: number): string {
  const micros = (us: number): string => (us / REVERTS).toFixed(0);
  const source = bundleSource();
  const rooms = timeByRoom(profile, source);
  const sum = rooms.reduce((total, [, us]) => total + us, 0);
  const rows = rooms.map(([room, us]) => [room, micros(us), `${((100 * us) / sum).toFixed(1)} %`]);
  const functions = timeByFunction(profile, source).slice(0, FUNCTIONS);
  return [
    `${REVERTS} reverts, ${perRevert.toFixed(2)} ms of CPU each, with the profiler at work.`,
    markdown(['room', 'µs a revert', 'share'], rows),
    markdown(
      ['function', 'µs a revert'],
      functions.map(([name, us]) => [name, micros(us)]),
    ),
  ].join('\n\n');
}
