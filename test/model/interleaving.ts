/** One interleaving: its steps, then rest, and all that must hold of both. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import fc from 'fast-check';
import { checkAtRest } from './at-rest.js';
import { hold, is } from './ledger.js';
import { ASSIGNMENT, type StoredAssignment } from './objects.js';
import { goOn, rest, type Order } from './rest.js';
import type { Step } from './step.js';
import { anyStep } from './steps.js';
import type { RookVersion } from '../support/rook/release.js';
import { World } from './world.js';

/** Conflict: Rook has written its workloads, and the operator has started. Nothing: neither has, yet. */
export type Beginning = 'Conflict' | 'Nothing';

/** What others do, and in which order what is under way goes on when they rest. */
export interface Interleaving {
  readonly begin: Beginning;
  readonly steps: readonly Step[];
  readonly order: Order;
}

export const anyInterleaving: fc.Arbitrary<Interleaving> = fc.record({
  begin: fc.constantFrom<Beginning>('Conflict', 'Conflict', 'Conflict', 'Nothing'),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 16, size: 'max' }),
  order: fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 20 }),
});

/** How many reconciles write anything at most, from when the others rest until nothing is left to do. */
const MAX_RECONCILES = 30;
/** A rejected write is sent again after 30 s. */
const TWO_TRIES = 61_000;

/** @returns how many reconciles wrote something when the others rested */
export async function live(
  version: RookVersion,
  { begin, steps, order }: Interleaving,
  journal?: string[],
): Promise<number> {
  const world = new World(version, journal);
  if (begin === 'Conflict') world.bringConflict();
  for (const step of steps) await step.run(world);
  world.tell(() => '--- the others rest');
  await expectRejections(world, order);
  world.rejected.clear();
  const before = world.reconciles;
  await rest(world, order);
  const reconciles = world.reconciles - before;
  hold(reconciles <= MAX_RECONCILES, `${reconciles} reconciles wrote something until nothing was left to do`);
  checkAtRest(world);
  world.ledger.checkBounds();
  await expectSilence(world, order);
  await expectStatusIsOutput(world, order);
  return reconciles;
}

/** As long as a policy rejects writes the status says so; that it was lifted nobody tells the operator. */
async function expectRejections(world: World, order: Order): Promise<void> {
  if (world.rejected.size === 0) return;
  await goOn(world, order, { time: world.clock.monotonicMs + TWO_TRIES });
  // A policy that came after the dry run is met by the next one only.
  if (specOf(world)?.mode === 'DryRun') return;
  const isContested = statusOf(world)?.conditions.some(({ reason }) => reason === 'Contested') === true;
  // What is held back is not sent, and so not rejected.
  if (!isContested) checkAtRest(world);
}

/** Where nothing differs nothing is written: not by one more reconcile, nor by a process that knows nothing yet. */
async function expectSilence(world: World, order: Order): Promise<void> {
  const { writes } = world;
  world.operator.wake();
  await rest(world, order);
  hold(world.writes === writes, 'one more reconcile wrote something');
  world.crash();
  await rest(world, order);
  hold(world.writes === writes, 'a new process of the operator wrote something');
}

/** Without its status the same world leads to the same status, by one write and no other. */
async function expectStatusIsOutput(world: World, order: Order): Promise<void> {
  const stored = world.server.get(ASSIGNMENT) as StoredAssignment | undefined;
  if (stored?.status === undefined) return;
  const { status: before, ...others } = stored;
  world.server.update(ASSIGNMENT, others, { manager: 'kubectl-edit' });
  const { writes } = world;
  await rest(world, order);
  is('writes without a status', world.writes - writes, 1);
  hold(isDeepStrictEqual(timeless(statusOf(world)), timeless(before)), 'without its status another status was written');
}

function timeless(status: AssignmentStatus | undefined): unknown {
  const conditions = status?.conditions.map(({ type, status: value, reason, message }) => [
    type,
    value,
    reason,
    message,
  ]);
  return { ...status, conditions };
}

function statusOf({ server }: World): AssignmentStatus | undefined {
  return (server.get(ASSIGNMENT) as StoredAssignment | undefined)?.status;
}

function specOf({ server }: World): AssignmentSpec | undefined {
  return (server.get(ASSIGNMENT) as StoredAssignment | undefined)?.spec;
}
