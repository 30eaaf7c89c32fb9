/** Which faults come when: drawn from a seed, so that a run can be had again. */
import { SITUATIONS, type Situation } from './bounds.js';
import type { Random } from './random.js';

interface FaultRule {
  /** From, to; in seconds. */
  readonly lasts: readonly [number, number];
  readonly situation: Situation;
  /** Whether the process ends by it, by the fault itself or for the lease that is lost. */
  readonly endsProcess?: true;
}

const AT_ONCE = [0, 0] as const;

export const FAULTS = {
  'API server killed': { lasts: [0, 2], situation: 'API server away' },
  'API server killed for longer than the lease': { lasts: [12, 20], situation: 'API server away', endsProcess: true },
  'operator killed': { lasts: AT_ONCE, situation: 'no process, lease held', endsProcess: true },
  'operator told to stop': { lasts: AT_ONCE, situation: 'no process, lease given back', endsProcess: true },
  'operator frozen': { lasts: [2, 6], situation: 'process frozen' },
  'operator frozen for longer than the lease': { lasts: [12, 18], situation: 'process frozen', endsProcess: true },
  'lease out of reach': { lasts: [12, 18], situation: 'no process, lease held', endsProcess: true },
  'connections cut': { lasts: AT_ONCE, situation: 'watches broken' },
  'watches expired': { lasts: [3, 10], situation: 'watches broken' },
  'watches told of an error': { lasts: [3, 10], situation: 'watches broken' },
  'watches with a line cut inside': { lasts: [3, 10], situation: 'watches broken' },
  'watches silent': { lasts: [3, 10], situation: 'watches silent' },
  'lists cut short': { lasts: [3, 10], situation: 'watches broken' },
  'API server busy (429)': { lasts: [5, 15], situation: 'requests failing' },
  'API server failing (500)': { lasts: [5, 15], situation: 'requests failing' },
  'requests reset': { lasts: [3, 10], situation: 'requests failing' },
  'answers to writes lost': { lasts: [3, 10], situation: 'requests failing' },
  'requests slow': { lasts: [10, 20], situation: 'requests failing' },
  'network silent': { lasts: [2, 5], situation: 'requests failing' },
  'network silent for longer than the lease': { lasts: [12, 18], situation: 'API server away', endsProcess: true },
  'network slow': { lasts: [10, 20], situation: 'requests failing' },
  'network in pieces': { lasts: [10, 20], situation: 'requests failing' },
} as const satisfies Readonly<Record<string, FaultRule>>;

export type FaultKind = keyof typeof FAULTS;

/** Whether a process may lose its lease by it: it cannot renew it for ten seconds. An API server may be long in starting. */
export function mayCostLease(what: string): boolean {
  const rule: FaultRule | undefined = (FAULTS as Readonly<Record<string, FaultRule>>)[what];
  return rule !== undefined && (rule.endsProcess === true || rule.situation === 'API server away');
}

export interface PlannedFault {
  readonly kind: FaultKind;
  /** Both since the begin of the run. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

const FIRST_AT = 15;
/** Without a fault between two of them, so that what is bounded by itself is seen, too. */
const SHORTEST_PAUSE = 15;
const LONGEST_PAUSE = 40;

/**
 * One after the other, each with the time to recover before the end. In the first third every second one ends the process,
 * and later none does: the last one lives long enough to see whether it grows. Of those that may come, each comes before one
 * comes again.
 */
export function planFaults(random: Random, seconds: number): PlannedFault[] {
  const planned: PlannedFault[] = [];
  const ending = new Bag(random, (rule) => rule.endsProcess === true);
  const survived = new Bag(random, (rule) => rule.endsProcess !== true);
  for (let from = FIRST_AT; ;) {
    const bag = from < seconds / 3 && planned.length % 2 === 0 ? ending : survived;
    const kind = bag.draw((rule) => fits(rule, from, seconds));
    if (kind === undefined) return planned;
    const to = from + random.between(FAULTS[kind].lasts[0], FAULTS[kind].lasts[1]);
    planned.push({ kind, fromSeconds: from, toSeconds: to });
    from = to + random.between(SHORTEST_PAUSE, LONGEST_PAUSE);
  }
}

/** Filled again only when none is left in it that may be drawn. */
class Bag {
  readonly #random: Random;
  readonly #kinds: readonly FaultKind[];
  #left: FaultKind[] = [];

  constructor(random: Random, belongs: (rule: FaultRule) => boolean) {
    this.#random = random;
    this.#kinds = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => belongs(FAULTS[kind]));
  }

  draw(mayCome: (rule: FaultRule) => boolean): FaultKind | undefined {
    const isAllowed = (kind: FaultKind): boolean => mayCome(FAULTS[kind]);
    if (!this.#left.some(isAllowed)) this.#left = this.#random.shuffled(this.#kinds);
    const drawn = this.#left.find(isAllowed);
    this.#left = this.#left.filter((kind) => kind !== drawn);
    return drawn;
  }
}

function fits({ lasts, situation }: FaultRule, from: number, seconds: number): boolean {
  return from + lasts[1] + SITUATIONS[situation].recoverySeconds <= seconds;
}
