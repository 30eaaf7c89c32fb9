/** Everybody goes on by himself, and time passes where nobody has anything to do. */
import { hold } from './hold.js';
import type { World } from './world.js';

/** Which of several moves is next: again and again the same list. */
export type Order = readonly number[];

const MAX_MOVES = 1_000;

/** Until nothing is under way and the operator waits for nothing. */
export async function rest(world: World, order: Order): Promise<void> {
  await goOn(world, order);
}

export interface Until {
  /** By the monotonic clock. */
  readonly time?: number;
  readonly isSo?: () => boolean;
}

/** Until then, or until nothing is left to do: the time is then the earlier one. */
export async function goOn(world: World, order: Order, { time = Infinity, isSo }: Until = {}): Promise<void> {
  for (let done = 0; isSo?.() !== true; done += 1) {
    hold(done < MAX_MOVES, `no rest after ${MAX_MOVES} moves`);
    const { moves } = world;
    const move = moves[(order[done % order.length] ?? 0) % Math.max(moves.length, 1)];
    const dueAt = world.operator.dueAt;
    if (move !== undefined) await world.happen(move);
    else if (dueAt === Infinity || dueAt > time) return;
    else world.clock.pass(Math.max(dueAt - world.clock.monotonicMs, 0));
  }
}
