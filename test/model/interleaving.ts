/** One interleaving: its steps, then rest, and all that must hold of both. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import fc from 'fast-check';
import { checkAtRest } from './at-rest.js';
import { hold, is } from './hold.js';
import { plan } from '../../src/domain/rules/plan.js';
import { ASSIGNMENT, keyOf, type StoredAssignment } from './objects.js';
import { goOn, rest, type Order } from './rest.js';
import type { Step } from './step.js';
import { anyStep } from './steps.js';
import type { RookVersion } from '../support/rook/release.js';
import { World, type NeighbourSpec, type WorldOptions } from './world.js';

/** Conflict: Rook has written its workloads, and the operator has started. Nothing: neither has, yet. */
export type Beginning = 'Conflict' | 'Nothing';

/** What others do, and in which order what is under way goes on when they rest. */
export interface Interleaving {
  readonly begin: Beginning;
  readonly around: WorldOptions;
  readonly steps: readonly Step[];
  readonly order: Order;
}

const anyNeighbour = (namespace: string): fc.Arbitrary<NeighbourSpec> =>
  fc.record({
    namespace: fc.constant(namespace),
    sharesNodes: fc.constantFrom(true, true, false),
    assignment: fc.constantFrom('Younger', 'Older', 'None'),
  });

/** By name one comes before the main namespace, and one after it. */
const anySurroundings: fc.Arbitrary<WorldOptions> = fc.record({
  knowsPods: fc.constantFrom(true, true, true, true, true, false),
  neighbours: fc.oneof(
    { weight: 7, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.tuple(anyNeighbour('rook-a')) },
    { weight: 1, arbitrary: fc.tuple(anyNeighbour('rook-a'), anyNeighbour('rook-z')) },
  ),
});

export const anyInterleaving: fc.Arbitrary<Interleaving> = fc.record({
  begin: fc.constantFrom<Beginning>('Conflict', 'Conflict', 'Conflict', 'Nothing'),
  around: anySurroundings,
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
  { begin, around, steps, order }: Interleaving,
  journal?: string[],
): Promise<number> {
  const world = new World(version, around, journal);
  if (begin === 'Conflict') world.bringConflict();
  for (const step of steps) await step.run(world);
  world.tell(() => '--- the others rest');
  await expectTruth(world, order);
  mend(world);
  const before = world.reconciles;
  await rest(world, order);
  const reconciles = world.reconciles - before;
  const most = MAX_RECONCILES * world.namespaces.length;
  hold(reconciles <= most, `${reconciles} reconciles wrote something until nothing was left to do`);
  checkAtRest(world, true);
  for (const ledger of world.ledgers.values()) ledger.checkBounds(world.disturbances);
  expectStablePlans(world);
  await expectSilence(world, order);
  for (const namespace of world.namespaces) await expectStatusIsOutput(world, order, namespace);
  return reconciles;
}

/** No policy rejects, no pods are refused, and all nodes are back. */
function mend(world: World): void {
  world.rejected.clear();
  world.pods.endRefusals();
  for (const node of world.pods.deadNodes) world.pods.setDead(node, false);
  world.upsets += 1;
  world.tell(() => '--- what was broken is mended');
}

/** As long as something is broken the status reports it; that a policy was lifted nobody tells the operator. */
async function expectTruth(world: World, order: Order): Promise<void> {
  const { rejected, pods } = world;
  if (rejected.size + pods.refusing.length + pods.deadNodes.length === 0) return;
  await goOn(world, order, { time: world.clock.monotonicMs + TWO_TRIES });
  // A policy that came after the dry run is met by the next one only.
  if (world.namespaces.some((namespace) => specOf(world, namespace)?.mode === 'DryRun')) return;
  const isContested = world.namespaces.some((namespace) =>
    statusOf(world, namespace)?.conditions.some(({ reason }) => reason === 'Contested'),
  );
  // What is held back is not sent, and so not rejected.
  if (!isContested) checkAtRest(world, false);
}

/** In which order the namespaces are looked at does not matter. */
function expectStablePlans({ namespaces, operator, clock }: World): void {
  const now = clock.wall.getTime();
  for (const namespace of namespaces) {
    const observed = operator.watches.observe(namespace);
    if (observed === undefined) continue;
    const planned = plan({ ...observed, now });
    const permuted = plan({ ...observed, now, others: observed.others.toReversed() });
    hold(isDeepStrictEqual(planned.assignment, permuted.assignment), 'another order of namespaces gives another plan');
  }
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
async function expectStatusIsOutput(world: World, order: Order, namespace: string): Promise<void> {
  const key = keyOf(namespace, ASSIGNMENT);
  const stored = world.server.get(key) as StoredAssignment | undefined;
  if (stored?.status === undefined) return;
  const { status: before, ...others } = stored;
  world.server.update(key, others, { manager: 'kubectl-edit' });
  const { writes } = world;
  await rest(world, order);
  is('writes without a status', world.writes - writes, 1);
  hold(
    isDeepStrictEqual(timeless(statusOf(world, namespace)), timeless(before)),
    'without its status another status was written',
  );
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

function assignmentIn({ server }: World, namespace: string): StoredAssignment | undefined {
  return server.get(keyOf(namespace, ASSIGNMENT)) as StoredAssignment | undefined;
}

function statusOf(world: World, namespace: string): AssignmentStatus | undefined {
  return assignmentIn(world, namespace)?.status;
}

function specOf(world: World, namespace: string): AssignmentSpec | undefined {
  return assignmentIn(world, namespace)?.spec;
}
