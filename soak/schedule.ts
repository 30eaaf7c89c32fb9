/** Which faults come when: drawn from a seed, so that a run can be had again. */
import { SITUATIONS, type Situation } from './bounds.js';
import type { Random } from './random.js';
import { RestartWait } from './restart-wait.js';

interface FaultRule {
  /** From, to; in seconds. */
  readonly lasts: readonly [number, number];
  readonly situation: Situation;
  /** Whether the process ends by it, by the fault itself or for the lease that is lost. */
  readonly endsProcess?: true;
  /** Whether another pod is made, whose first process does not wait. */
  readonly replacesPod?: true;
}

const AT_ONCE = [0, 0] as const;

export const FAULTS = {
  'API server killed': { lasts: [0, 2], situation: 'API server away' },
  'API server killed for longer than the lease': { lasts: [12, 20], situation: 'API server away', endsProcess: true },
  'operator killed': {
    lasts: AT_ONCE,
    situation: 'no process, lease held',
    endsProcess: true,
    replacesPod: true,
  },
  'operator told to stop': {
    lasts: AT_ONCE,
    situation: 'no process, lease given back',
    endsProcess: true,
    replacesPod: true,
  },
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

/**
 * From the end of a recovery to the next fault: longer than the bound of a repair in the calm, so that none which was reverted
 * before is given the time of the next fault, too. A contested one alone may be.
 */
export const MIN_CALM_SECONDS = 10;
const MAX_CALM_SECONDS = 25;
/** The first process has started, and has its time to. */
const FIRST_AT = SITUATIONS['no process, lease given back'].recoverySeconds + MIN_CALM_SECONDS;

/**
 * One after the other, each with the time to recover before the next one and before the end. Those that end the process
 * come first, each once and in the first third only: the last process lives long enough to see whether it grows. Of the
 * others, each comes before one comes again.
 */
export function planFaults(random: Random, seconds: number): PlannedFault[] {
  const planned: PlannedFault[] = [];
  const recoveries = new Recoveries();
  const ending = new Bag(random, (rule) => rule.endsProcess === true);
  const survived = new Bag(random, (rule) => rule.endsProcess !== true);
  ending.fill();
  for (let from = FIRST_AT; ;) {
    const mayCome = (kind: FaultKind): boolean => fits(kind, from, seconds);
    const kind = (from < seconds / 3 ? ending.draw(mayCome) : undefined) ?? survived.drawAgain(mayCome);
    if (kind === undefined) return planned;
    const to = from + random.between(FAULTS[kind].lasts[0], FAULTS[kind].lasts[1]);
    planned.push({ kind, fromSeconds: from, toSeconds: to });
    from = to + recoveries.after(kind, to) + random.between(MIN_CALM_SECONDS, MAX_CALM_SECONDS);
  }
}

class Bag {
  readonly #random: Random;
  readonly #kinds: readonly FaultKind[];
  #left: FaultKind[] = [];

  constructor(random: Random, belongs: (rule: FaultRule) => boolean) {
    this.#random = random;
    this.#kinds = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => belongs(FAULTS[kind]));
  }

  fill(): void {
    this.#left = this.#random.shuffled(this.#kinds);
  }

  draw(mayCome: (kind: FaultKind) => boolean): FaultKind | undefined {
    const drawn = this.#left.find(mayCome);
    this.#left = this.#left.filter((kind) => kind !== drawn);
    return drawn;
  }

  /** Filled again only when none is left in it that may be drawn. */
  drawAgain(mayCome: (kind: FaultKind) => boolean): FaultKind | undefined {
    if (!this.#left.some(mayCome)) this.fill();
    return this.draw(mayCome);
  }
}

/** How long each fault is recovered from, at most: a process that has lost its lease is started again after a wait. */
class Recoveries {
  #wait = new RestartWait();
  #startedAt = 0;

  /** @param at the end of the fault, in seconds of the run; later than those before */
  after(kind: FaultKind, at: number): number {
    const { situation, replacesPod }: FaultRule = FAULTS[kind];
    const { recoverySeconds } = SITUATIONS[situation];
    if (replacesPod) {
      this.#wait = new RestartWait();
      this.#startedAt = at;
      return recoverySeconds;
    }
    if (!mayCostLease(kind)) return recoverySeconds;
    const wait = this.#wait.seconds(at - this.#startedAt);
    this.#startedAt = at + wait;
    return Math.max(recoverySeconds, wait + SITUATIONS['no process, lease held'].recoverySeconds);
  }
}

/** @returns whether one that begins then is over and recovered from before the end of the run */
export function fits(kind: FaultKind, from: number, seconds: number): boolean {
  const { lasts, situation } = FAULTS[kind];
  return from + lasts[1] + SITUATIONS[situation].recoverySeconds <= seconds;
}
