/** The connections to the API server: a pool for each kind of call, and a connection for each watch. */
import http from 'node:http';
import https from 'node:https';
import { createSecureContext } from 'node:tls';
import type { TlsTrust } from './credentials.js';

/** Connections of each pool, opened on demand. */
const MAX_SOCKETS = {
  calls: 8,
  /** Two, as one may hang. */
  lease: 2,
  /** Of the tokens of scrapes. */
  reviews: 4,
} as const;

export type CallLane = keyof typeof MAX_SOCKETS;
export type Lane = CallLane | 'watches';
export type Pool = Readonly<Record<Lane, http.Agent>>;

/** Below the API server's own 90 s, so that a call never meets a connection that is being closed. */
const IDLE_SOCKET_MS = 60_000;
const TCP_KEEPALIVE_MS = 15_000;

/** Closes the idle connections of a pool now, and the others as soon as they are idle. */
export function retire(pool: Pool): void {
  for (const agent of Object.values(pool)) {
    agent.maxFreeSockets = 0;
    for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
  }
}

export function securePool({ ca, cert, key, rejectUnauthorized }: TlsTrust): Pool {
  // One secure context for all connections: parsing the CA for each costs milliseconds.
  const secureContext = createSecureContext({ ca, cert, key });
  const trust = { secureContext, ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) };
  return pool((options) => new https.Agent({ ...trust, ...options }));
}

export function plainPool(): Pool {
  return pool((options) => new http.Agent(options));
}

function pool(newAgent: (options: http.AgentOptions) => http.Agent): Pool {
  const agent = (limits: http.AgentOptions): http.Agent =>
    newAgent({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, ...limits });
  const lane = (maxSockets: number): http.Agent => agent({ maxSockets, timeout: IDLE_SOCKET_MS });
  const { calls, lease, reviews } = MAX_SOCKETS;
  return { calls: lane(calls), lease: lane(lease), reviews: lane(reviews), watches: agent({}) };
}
