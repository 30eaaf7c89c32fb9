/** A fight that never ends: each time the operator has mended an object, somebody reverts it, sooner or later. */
import fc from 'fast-check';
import { FIELD_MANAGER } from '../../src/domain/rules/api.js';
import type { RookVersion } from '../support/rook/release.js';
import type { Author } from './api-server.js';
import { hold } from './hold.js';
import {
  ASSIGNMENT,
  CONFIG,
  WORKLOADS,
  type StoredAssignment,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';
import { goOn, rest, type Order } from './rest.js';
import { portMoved } from './workload-edits.js';
import { SETTINGS, World } from './world.js';

export interface Fight {
  /** The object that is fought over. */
  readonly over: string;
  readonly reverter: 'git' | 'policy';
  /** How long each revert takes, in milliseconds, again and again; all well within the ten minutes that end a contest. */
  readonly delays: readonly number[];
  /** After which reverts the operator is restarted in order. */
  readonly restarts: readonly number[];
  readonly order: Order;
}

export const anyFight: fc.Arbitrary<Fight> = fc.record({
  over: fc.constantFrom(CONFIG, ...WORKLOADS),
  reverter: fc.constantFrom('git', 'policy'),
  delays: fc.array(fc.oneof(fc.constantFrom(0, 100, 5_000), fc.nat({ max: 240_000 })), { minLength: 1, maxLength: 6 }),
  restarts: fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
  order: fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 10 }),
});

type Data = Readonly<Record<string, string>>;

const HOUR = 3_600_000;
/**
 * How often an object is written within an hour, in one that begins with it contested and in any: see write-backoff.test.ts. An
 * object that nobody fights over may rest for ten minutes again and again, as what moves it is held back itself.
 */
const MAX_WRITES = { fought: { contested: 14, any: 29 }, other: { contested: 37, any: 42 } };
/** The longest back-off, and what Rook is given. */
const MAX_WAIT = 303_000;

interface Mended {
  readonly name: string;
  /** The workload, or the key of Rook's settings. */
  readonly target: string;
  readonly at: number;
  /** The process of the operator that did it: what it remembers ends with it. */
  readonly process: number;
  readonly contested: boolean;
}

/** @returns how often it was reverted */
export async function fight(version: RookVersion, fought: Fight, journal?: string[]): Promise<number> {
  const { over, delays, restarts, order } = fought;
  const world = new World(version, {}, journal);
  const mended: Mended[] = [];
  world.server.onChange(({ name, by, before, after }) => {
    if (by !== FIELD_MANAGER || name === ASSIGNMENT) return;
    for (const target of name === CONFIG ? changedKeys(before, after) : [name]) {
      const process = world.processes;
      // What the status says may still be of the process before.
      const isKnown = mended.some((one) => one.target === target && one.process === process);
      mended.push({
        name,
        target,
        at: world.clock.monotonicMs,
        process,
        contested: isKnown && isContested(world, target),
      });
    }
  });
  world.bringConflict();
  await rest(world, order);

  const end = 3 * HOUR;
  let reverts = 0;
  for (; world.clock.monotonicMs < end; reverts += 1) {
    await passTime(world, delays[reverts % delays.length] ?? 0, order);
    revert(world, fought, reverts);
    world.tell(() => `* after ${world.clock.monotonicMs / 1000} s ${over} is reverted`);
    const before = mended.length;
    await goOnUntil(world, order, () => mended.slice(before).some(({ name }) => name === over));
    if (restarts.includes(reverts)) await world.restart();
    // Nor would time pass, where it is reverted and mended at once.
    hold(
      reverts <= 3 * MAX_WRITES.fought.any,
      `${over} was mended ${reverts} times within ${world.clock.monotonicMs / HOUR} h`,
    );
  }
  await rest(world, order);
  checkRates(mended, over);
  return reverts;
}

interface Reverter {
  readonly author: Author;
  /** What it makes of Rook's settings. */
  readonly settings: (data: Data) => Data;
}

const REVERTERS: Readonly<Record<Fight['reverter'], Reverter>> = {
  git: { author: { manager: 'argocd-controller' }, settings: () => SETTINGS },
  /** Admission changes what somebody else writes, and the API server leaves the fields with their owner: the operator. */
  policy: {
    author: { manager: 'kubectl-annotate', leavesOwners: true },
    settings: (data) => ({ ...data, CSIADDONS_PORT: '9070' }),
  },
};

/** The port of another slot, which keeps it. */
const REVERTED: Readonly<Record<string, number>> = { [WORKLOADS[0]!]: 9072 };

function revert({ server }: World, { over, reverter }: Fight, at: number): void {
  const stored = server.get(over);
  if (stored === undefined) throw new Error(`${over} is gone`);
  const { author, settings } = REVERTERS[reverter];
  // Each time a change to Rook, too.
  const data = { ...settings(stored.data ?? {}), CSI_LOG_LEVEL: String(at % 2) };
  server.update(
    over,
    over === CONFIG ? { ...stored, data } : portMoved(stored as StoredWorkload, REVERTED[over] ?? 9070),
    author,
  );
}

/** Everybody goes on by himself meanwhile. */
async function passTime(world: World, ms: number, order: Order): Promise<void> {
  const time = world.clock.monotonicMs + ms;
  await goOn(world, order, { time });
  world.clock.pass(Math.max(time - world.clock.monotonicMs, 0));
}

async function goOnUntil(world: World, order: Order, isSo: () => boolean): Promise<void> {
  await goOn(world, order, { time: world.clock.monotonicMs + MAX_WAIT, isSo });
  hold(isSo(), `what was reverted was not mended within ${MAX_WAIT / 1000} s`);
}

function changedKeys(before: StoredObject | undefined, after: StoredObject | undefined): string[] {
  const keys = Object.keys(after?.data ?? {});
  return keys.filter((key) => before?.data?.[key] !== after?.data?.[key]);
}

/** Whether the status calls the workload, or the key, contested. */
function isContested({ server }: World, name: string): boolean {
  const { status } = server.get(ASSIGNMENT) as StoredAssignment;
  const degraded = status?.conditions.find(({ type }) => type === 'Degraded');
  if (degraded?.reason !== 'Contested') return false;
  const keys = /rook-ceph-operator-config \(([^)]*)\) is changed back/.exec(degraded.message)?.[1] ?? '';
  return degraded.message.includes(`${name} is changed back`) || keys.split(', ').includes(name);
}

/** In every hour, for each process: a restart forgets the back-off. */
function checkRates(mended: readonly Mended[], over: string): void {
  mended.forEach(({ name, target, at, contested, process }, index) => {
    const isInHour = (one: Mended): boolean => one.target === target && one.process === process && one.at < at + HOUR;
    const writes = mended.slice(index).filter(isInHour).length;
    const most = MAX_WRITES[name === over ? 'fought' : 'other'][contested ? 'contested' : 'any'];
    hold(writes <= most, `${target} was written ${writes} times within an hour, at most ${most} were due`);
  });
}
