/** Serves /healthz and /readyz, for the kubelet. */
import { createServer, type Server } from 'node:http';
import type { InformerState } from '../kube/informer-state.js';
import { listen, SERVER_LIMITS, type BindAddress } from './http-server.js';

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

/** Both are undefined while there is no failure. */
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
  const checks = informers.map((informer): Check => {
    const problem = !informer.synced ? 'not synced' : isBlind(informer) ? 'failing since it was synced' : undefined;
    const { optional, lastError } = informer;
    return { name: nameOf(informer), problem, optional, detail: explain(lastError, informer) };
  });
  if (leaderElection !== undefined) {
    const problem = isBlind(leaderElection) ? 'failing' : undefined;
    checks.push({ name: 'leader election', problem, detail: explain(leaderElection.lastError) });
  }
  return responseOf(checks);
}

/** Healthy: no informer is stuck. An unreachable API server is no reason: a restart does not help. */
export function liveness(informers: readonly InformerState[], monotonicMs: number): ProbeResponse {
  const isStuck = (informer: InformerState): boolean => monotonicMs - informer.lastActivity > STUCK_AFTER_MS;
  return responseOf(
    informers.map((informer) => ({
      name: nameOf(informer),
      problem: isStuck(informer) ? 'silent for too long' : undefined,
    })),
  );
}

interface Check {
  readonly name: string;
  /** Undefined if there is none. */
  readonly problem: string | undefined;
  /** The problem is reported, but fails nothing. */
  readonly optional?: boolean;
  readonly detail?: string;
}

function responseOf(checks: readonly Check[]): ProbeResponse {
  const lines = checks.map(({ name, problem, optional = false, detail = '' }) => {
    const mark = problem === undefined ? '[+]' : optional ? '[~]' : '[-]';
    return `${mark} ${name} ${problem ?? 'ok'}${detail}`;
  });
  const ok = checks.every(({ problem, optional }) => problem === undefined || optional === true);
  return { ok, body: `${[...lines, ok ? 'ok' : 'failed'].join('\n')}\n` };
}

function nameOf({ title, namespace }: InformerState): string {
  return namespace === undefined ? title : `${title} in ${namespace}`;
}

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export function serveProbes(
  address: BindAddress,
  probes: Readonly<Record<'/healthz' | '/readyz', () => ProbeResponse>>,
): Promise<Server> {
  return listen(createServer({ ...SERVER_LIMITS, maxHeaderSize: 4096 }), address, ({ url = '' }, response) => {
    const path = url.split('?')[0];
    const probe = path === '/healthz' || path === '/readyz' ? probes[path] : undefined;
    const { ok, body } = probe?.() ?? { ok: false, body: 'not found: this server has /healthz and /readyz\n' };
    response.writeHead(probe === undefined ? 404 : ok ? 200 : 503, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(body);
  });
}
