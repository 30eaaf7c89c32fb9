/** The responses of /healthz and /readyz. */
import type { InformerState } from '../kube/informer-state.js';

export interface ProbeResponse {
  readonly ok: boolean;
  /** Plain text, a line for each check. */
  readonly body: string;
}

/**
 * An informer's loop is active at least every two or three minutes. It gets a bookmark, gives up a silent watch after
 * 90 s, or retries after at most 10 s (two minutes if the server asks for it). Only a stuck one is silent for longer.
 */
export const STUCK_AFTER_MS = 300_000;

/** A watch that has been failing for longer is blind, and not for a moment. */
const BLIND_AFTER_MS = 60_000;

export interface Probed {
  readonly informers: readonly InformerState[];
  /** Undefined for the only replica. */
  readonly leaderElection: Failing | undefined;
}

/** Both are undefined while all is well. */
interface Failing {
  readonly lastError: unknown;
  /** In milliseconds of the monotonic clock. */
  readonly failingSince: number | undefined;
}

/**
 * Ready: every informer holds its first complete list and has not gone blind, and the Lease is reachable. An optional
 * informer is reported, but not required.
 *
 * @param explain reports the reason, beginning with a colon; empty if there is none
 */
export function readiness(
  { informers, leaderElection }: Probed,
  explain: (lastError: unknown, informer?: InformerState) => string,
  monotonicMs: number,
): ProbeResponse {
  const isBlind = ({ failingSince = Infinity }: Failing): boolean => monotonicMs - failingSince > BLIND_AFTER_MS;
  const isReady = (informer: InformerState): boolean => informer.synced && !isBlind(informer);
  const lines = informers.map((informer) => {
    const name = nameOf(informer);
    const mark = informer.optional ? '[~]' : '[-]';
    if (!informer.synced) return `${mark} ${name} not synced${explain(informer.lastError, informer)}`;
    if (isBlind(informer)) return `${mark} ${name} failing since it was synced${explain(informer.lastError, informer)}`;
    return `[+] ${name} ok${explain(informer.lastError, informer)}`;
  });
  const leaseOk = leaderElection === undefined || !isBlind(leaderElection);
  if (leaderElection !== undefined) {
    lines.push(
      `${leaseOk ? '[+]' : '[-]'} leader election ${leaseOk ? 'ok' : 'failing'}${explain(leaderElection.lastError)}`,
    );
  }
  return responseOf(leaseOk && informers.every((informer) => informer.optional || isReady(informer)), lines);
}

/** Healthy: no informer is stuck. An unreachable API server is no reason: a restart does not help. */
export function liveness(informers: readonly InformerState[], monotonicMs: number): ProbeResponse {
  const isStuck = (informer: InformerState): boolean => monotonicMs - informer.lastActivity > STUCK_AFTER_MS;
  const lines = informers.map((informer) => {
    return isStuck(informer) ? `[-] ${nameOf(informer)} silent for too long` : `[+] ${nameOf(informer)} ok`;
  });
  return responseOf(!informers.some(isStuck), lines);
}

function responseOf(ok: boolean, lines: readonly string[]): ProbeResponse {
  return { ok, body: `${[...lines, ok ? 'ok' : 'failed'].join('\n')}\n` };
}

function nameOf({ title, namespace }: InformerState): string {
  return namespace === undefined ? title : `${title} in ${namespace}`;
}
