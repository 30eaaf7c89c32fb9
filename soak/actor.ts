/** What happens in a namespace, one thing after the other, and how long each port takes to be right again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { boundOf, CALM_SECONDS, ROOK_TIME_SECONDS } from './bounds.js';
import type { Journal } from './journal.js';
import type { Random } from './random.js';
import type { RepairWatch, Wanted } from './repair-watch.js';
import { SLOTS } from '../test/support/slots.js';
import type { RookSite } from './rook-site.js';
import { RevertBudget } from './revert-budget.js';

export interface World {
  readonly journal: Journal;
  readonly watch: RepairWatch;
  /** Aborted when nothing new is to begin. */
  readonly over: AbortSignal;
}

/** How much longer than its bound a repair is waited for, so that one that is late is told from one that never comes. */
const GRACE_MS = 30_000;
const PIN_EVERY_MS = 50;
/** By which the reverts that an object can bear in ten minutes last for about so long; all actors do something every 2.5 s. */
const MIN_PAUSE_MS = 12_000;
const MAX_PAUSE_MS = 45_000;

/** Waits until all are right, and takes down each. @param seconds what is allowed where nothing is the matter */
export async function expectRepairs(
  { journal, watch }: World,
  what: string,
  wanted: readonly Wanted[],
  seconds = CALM_SECONDS,
): Promise<void> {
  const begun = performance.now();
  await Promise.all(
    wanted.map(async (one) => {
      const deadline = (): number => boundOf(begun, seconds, journal.disturbances).deadline;
      const seen = await watch.seen(one, () => performance.now() > deadline() + GRACE_MS);
      const { namespace, name: object } = one;
      journal.reverted.push({ what, namespace, object, begun: seen?.undoneAt ?? begun, rightAt: seen?.at, seconds });
    }),
  );
}

/** Reverts and edits everything that may be, below the number of writes from which on an object is contested. */
export class Actor {
  readonly #site: RookSite;
  readonly #world: World;
  readonly #random: Random;
  readonly #budget = new RevertBudget();

  constructor(site: RookSite, world: World, random: Random) {
    this.#site = site;
    this.#world = world;
    this.#random = random;
  }

  /** Until the world is over; back when all is right again. */
  async run(): Promise<void> {
    const { over } = this.#world;
    await expectRepairs(
      this.#world,
      'the first assignment',
      await this.#site.assign(),
      CALM_SECONDS + ROOK_TIME_SECONDS,
    );
    for (;;) {
      await sleep(this.#random.between(MIN_PAUSE_MS, MAX_PAUSE_MS), undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return;
      await this.#random.pick(ACTIONS)(this.#site, this.#world, this.#random, this.#budget);
    }
  }
}

type Action = (site: RookSite, world: World, random: Random, budget: RevertBudget) => Promise<void>;

const revert: Action = async (site, world, random, budget) => {
  const slot = random.pick(SLOTS);
  if (!budget.take(slot)) return;
  await expectRepairs(world, 'revert', [await site.revert(slot)]);
};

const restartRook: Action = async (site, world, _, budget) => {
  if (!budget.takeAll(SLOTS)) return;
  await expectRepairs(world, 'restart of Rook', await site.restartRook());
};

/** One that is made again is written again, to the same goal. */
const recreate: Action = async (site, world, random, budget) => {
  const slot = random.shuffled(SLOTS).find((candidate) => budget.take(candidate));
  if (slot === undefined) return;
  await expectRepairs(world, 'workload made again', [await site.recreate(slot)]);
};

const movePorts: Action = async (site, world) => {
  await expectRepairs(world, 'other ports', await site.moveAll(), CALM_SECONDS + ROOK_TIME_SECONDS);
};

const reassign: Action = async (site, world) => {
  await expectRepairs(world, 'assignment made again', await site.reassign(), CALM_SECONDS + ROOK_TIME_SECONDS);
};

const editSetting: Action = async (site, world, random, budget) => {
  const slot = random.pick(SLOTS);
  if (!budget.take(slot)) return;
  await site.editSetting();
  await expectRepairs(world, 'settings edited', [await site.revert(slot)], CALM_SECONDS + ROOK_TIME_SECONDS);
};

const revertPin: Action = async (site, { journal }, random, budget) => {
  if (!budget.take('settings')) return;
  const slot = random.pick(SLOTS);
  await site.revertPin(slot, site.ports[slot] + 1000);
  const begun = performance.now();
  const late = (): boolean =>
    performance.now() > boundOf(begun, CALM_SECONDS, journal.disturbances).deadline + GRACE_MS;
  let isPinned = await site.isPinned(slot);
  while (!isPinned && !late()) {
    await sleep(PIN_EVERY_MS);
    isPinned = await site.isPinned(slot);
  }
  const rightAt = isPinned ? performance.now() : undefined;
  const reverted = { what: 'pin reverted', namespace: site.namespace, object: 'rook-ceph-operator-config' };
  journal.reverted.push({ ...reverted, begun, rightAt, seconds: CALM_SECONDS });
};

/** As often as they are named. */
const ACTIONS: readonly Action[] = [
  ...Array.from({ length: 5 }, () => revert),
  restartRook,
  recreate,
  movePorts,
  reassign,
  editSetting,
  revertPin,
];
