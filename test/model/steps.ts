/** What may happen to a namespace, one step at a time, drawn so that what matters is frequent. */
import fc from 'fast-check';
import { CONFIG, NAMES, WORKLOADS } from './objects.js';
import { Step, always, often, type Weighted } from './step.js';
import { surroundings } from './surroundings.js';
import type { World } from './world.js';
import { PODS } from './watch-feed.js';
import { writers } from './writers.js';

const pick = fc.nat({ max: 1000 });
const anyName = fc.constantFrom(...NAMES, PODS);

/** Some of those things that would happen next by themselves. */
class Onward extends Step {
  readonly #picks: readonly number[];

  constructor(picks: readonly number[]) {
    super(`whatever is next, ${picks.join(', ')}`, () => undefined);
    this.#picks = picks;
  }

  override async run(world: World): Promise<void> {
    for (const at of this.#picks) {
      const { moves } = world;
      const move = moves[at % Math.max(moves.length, 1)];
      if (move !== undefined) await world.happen(move);
    }
  }
}

const rook: readonly Weighted[] = [
  often(
    2,
    always('Rook starts', ({ rook }) => rook.start()),
  ),
  often(
    1,
    always('Rook ends', ({ rook }) => rook.stop()),
  ),
  often(
    1,
    always('Rook tries a failed pass again', ({ rook }) => rook.retry()),
  ),
  often(
    1,
    always('Rook is upgraded to 1.17.9', ({ rook }) => rook.upgrade('1.17.9')),
  ),
];

const faults: readonly Weighted[] = [
  often(
    2,
    pick.map((at) => new Step(`the connection of request no. ${at} breaks`, (world) => breakOff(world, at))),
  ),
  often(
    2,
    anyName.map((name) => new Step(`the watch of ${name} lists again`, ({ operator }) => operator.feed.list(name))),
  ),
  often(
    1,
    anyName.map(
      (name) => new Step(`the watch of ${name} repeats itself`, ({ operator }) => operator.feed.repeat(name)),
    ),
  ),
  often(
    1,
    always('the operator is killed', (world) => world.crash()),
  ),
  often(
    1,
    always('the operator is restarted in order', (world) => world.restart()),
  ),
  often(
    1,
    fc
      .constantFrom(CONFIG, ...WORKLOADS)
      .map((name) => new Step(`a policy keeps the operator off ${name}`, ({ rejected }) => rejected.add(name))),
  ),
  often(
    1,
    always('the policies are lifted', ({ rejected }) => rejected.clear()),
  ),
];

const times: readonly Weighted[] = [
  often(4, fc.constantFrom(100, 1_000, 3_000, 10_000, 30_000, 120_000, 600_000).map(passed)),
  often(1, fc.constantFrom(-3_600_000, -90_000, -2_000, 2_000, 90_000, 3_600_000).map(set)),
];

/** As often as all else together. */
const onward = often(
  50,
  fc.array(pick, { minLength: 1, maxLength: 8 }).map((picks) => new Onward(picks)),
);

export const anyStep: fc.Arbitrary<Step> = fc.oneof(onward, ...writers, ...surroundings, ...rook, ...faults, ...times);

async function breakOff(world: World, at: number): Promise<void> {
  const { requests } = world.operator;
  const request = requests[at % Math.max(requests.length, 1)];
  if (request !== undefined) await world.breakOff(request);
}

function passed(ms: number): Step {
  return new Step(`${ms} ms pass`, ({ clock }) => clock.pass(ms));
}

function set(ms: number): Step {
  return new Step(`the wall clock is set by ${ms} ms`, ({ clock }) => clock.step(ms));
}
