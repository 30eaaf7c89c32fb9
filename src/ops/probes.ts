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
  const lines = informers.map((informer) => {
    const problem = !informer.synced ? 'not synced' : isBlind(informer) ? 'failing since it was synced' : undefined;
    const line = lineOf(nameOf(informer), problem, informer.optional ? '[~]' : '[-]');
    return `${line}${explain(informer.lastError, informer)}`;
  });
  if (leaderElection !== undefined) {
    const line = lineOf('leader election', isBlind(leaderElection) ? 'failing' : undefined);
    lines.push(`${line}${explain(leaderElection.lastError)}`);
  }
  return responseOf(lines);
}

/** Healthy: no informer is stuck. An unreachable API server is no reason: a restart does not help. */
export function liveness(informers: readonly InformerState[], monotonicMs: number): ProbeResponse {
  const isStuck = (informer: InformerState): boolean => monotonicMs - informer.lastActivity > STUCK_AFTER_MS;
  return responseOf(
    informers.map((informer) => lineOf(nameOf(informer), isStuck(informer) ? 'silent for too long' : undefined)),
  );
}

/** @param mark of a problem: [-] fails the probe, [~] is only reported */
function lineOf(name: string, problem: string | undefined, mark: '[-]' | '[~]' = '[-]'): string {
  return problem === undefined ? `[+] ${name} ok` : `${mark} ${name} ${problem}`;
}

function responseOf(lines: readonly string[]): ProbeResponse {
  const ok = !lines.some((line) => line.startsWith('[-]'));
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
