/** What /healthz and /readyz say. */
import type { InformerState } from '../kube/informer-state.js';

export interface ProbeAnswer {
  readonly ok: boolean;
  /** Plain text, a line for each thing that was looked at. */
  readonly body: string;
}

/**
 * An informer's loop does something at least every two or three minutes: it gets a bookmark, gives up a silent watch after
 * 90 s, or tries again after at most 10 s (two minutes where the server asks for it). Only a stuck one is silent for longer.
 */
export const STUCK_AFTER_MS = 300_000;

/** A watch that has been failing for longer is no passing fault: what it should see is not seen. */
const BLIND_AFTER_MS = 60_000;

/** What goes on in the process. */
export interface Probed {
  readonly informers: readonly InformerState[];
  /** Undefined where the process does not take part in one. */
  readonly leaderElection: Failing | undefined;
}

/** Undefined, both, while all is well. */
interface Failing {
  readonly lastError: unknown;
  /** In milliseconds of the monotonic clock. */
  readonly failingSince: number | undefined;
}

/**
 * Ready: every informer holds its first complete list and is not blind since, and the lease, whoever holds it, is in
 * reach. Names what is not so, and why. An optional informer is named as well, but never waited for.
 *
 * @param explain why, beginning with a colon; empty where there is nothing to say
 */
export function readiness(
  { informers, leaderElection }: Probed,
  explain: (lastError: unknown, informer?: InformerState) => string,
  monotonicMs: number,
): ProbeAnswer {
  const isBlind = ({ failingSince = Infinity }: Failing): boolean => monotonicMs - failingSince > BLIND_AFTER_MS;
  const isReady = (informer: InformerState): boolean => informer.synced && !isBlind(informer);
  const lines = informers.map((informer) => {
    const name = nameOf(informer);
    const mark = informer.optional ? '[~]' : '[-]';
    if (!informer.synced) return `${mark} ${name} not synced${explain(informer.lastError, informer)}`;
    if (isBlind(informer)) return `${mark} ${name} failing since it was synced${explain(informer.lastError, informer)}`;
    return `[+] ${name} ok${explain(informer.lastError, informer)}`;
  });
  const canBeLed = leaderElection === undefined || !isBlind(leaderElection);
  if (leaderElection !== undefined) {
    lines.push(
      `${canBeLed ? '[+]' : '[-]'} leader election ${canBeLed ? 'ok' : 'failing'}${explain(leaderElection.lastError)}`,
    );
  }
  return answer(canBeLed && informers.every((informer) => informer.optional || isReady(informer)), lines);
}

/** Healthy: no informer is stuck. An API server that is away does not make the process unhealthy: a restart helps nobody. */
export function liveness(informers: readonly InformerState[], monotonicMs: number): ProbeAnswer {
  const silent = (informer: InformerState): boolean => monotonicMs - informer.lastActivity > STUCK_AFTER_MS;
  const lines = informers.map((informer) => {
    return silent(informer) ? `[-] ${nameOf(informer)} silent for too long` : `[+] ${nameOf(informer)} ok`;
  });
  return answer(!informers.some(silent), lines);
}

function answer(ok: boolean, lines: readonly string[]): ProbeAnswer {
  return { ok, body: `${[...lines, ok ? 'ok' : 'failed'].join('\n')}\n` };
}

function nameOf({ title, namespace }: InformerState): string {
  return namespace === undefined ? title : `${title} in ${namespace}`;
}
