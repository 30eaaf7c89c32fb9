import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface WaitOptions {
  /** Default 90 s: what waits half a minute by itself (a retry, a lease, a watch) comes in time on a slow machine, too. */
  timeoutMs?: number;
  /** Default 50 ms. */
  everyMs?: number;
  /** What to show when the time is up; by default what the last probe answered or threw. */
  lastSeen?: () => unknown;
}

type Witness = () => string;
const witnesses = new Set<Witness>();

/** Whose words are told, too, where a wait was in vain, e.g. a process that should have done what is waited for. */
export function addWitness(witness: Witness): void {
  witnesses.add(witness);
}

export function dismissWitness(witness: Witness): void {
  witnesses.delete(witness);
}

/** Polls until `probe` answers something truthy and returns that. A probe that throws is asked again too. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 90_000, everyMs = 50 } = options;
  const started = Date.now();
  let last: unknown;
  do {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  } while (Date.now() - started < timeoutMs);
  const seen = options.lastSeen === undefined ? last : await options.lastSeen();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const told = [...witnesses].map((witness) => `\n${witness()}`).join('');
  throw new Error(`Waited ${seconds} s in vain for ${what}. Last seen: ${describe(seen)}${told}`);
}

function describe(seen: unknown): string {
  if (seen instanceof Error) return seen.message;
  return typeof seen === 'string' ? seen : inspect(seen, { depth: 6 });
}
