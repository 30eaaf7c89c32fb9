/** A transport to an API server double, and helpers around it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Credentials, RequestCredentials } from '../../../src/kube/credentials.js';
import { Transport, type RequestObserver } from '../../../src/kube/transport.js';
import { ApiServerDouble, type DoubleOptions } from '../../support/api-server-double.js';

export const TOKEN = 'very-secret-token';

export interface Connection {
  readonly server: ApiServerDouble;
  readonly transport: Transport;
}

export interface ConnectOptions {
  readonly timeoutMs?: number;
  readonly observer?: RequestObserver;
}

/** A double and a transport to it; both end with the test. */
export async function connect(options: DoubleOptions & ConnectOptions = {}): Promise<Connection> {
  const server = await startDouble(options);
  return { server, transport: transportTo(bearer(server), options.timeoutMs, options.observer) };
}

export async function startDouble(options: DoubleOptions = {}): Promise<ApiServerDouble> {
  const server = await ApiServerDouble.start(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

export function transportTo(credentials: Credentials, timeoutMs = 5_000, observer?: RequestObserver): Transport {
  const transport = new Transport(credentials, { userAgent: 'csi-port-operator/test', timeoutMs, observer });
  onTestFinished(() => transport.close());
  return transport;
}

export function bearer(server: ApiServerDouble, more: Partial<Credentials> = {}): Credentials {
  const request: RequestCredentials = {
    headers: { Authorization: `Bearer ${TOKEN}` },
    trust: { ca: server.identity.cert },
  };
  return {
    server: server.url,
    forRequest: () => Promise.resolve(request),
    invalidate: () => undefined,
    ...more,
  };
}

/** A directory that is removed after the test; `write` returns the path of the file. */
export function scratch(): { readonly path: string; readonly write: (name: string, content: string) => string } {
  const path = mkdtempSync(join(tmpdir(), 'csi-port-operator-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return {
    path,
    write: (name, content) => {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
  };
}

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => new Error('it resolved'),
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error(`rejected with ${String(outcome)}`);
  return outcome;
}

/** As expect.poll, with time for a machine that has other work as well. */
export const eventually: typeof expect.poll = (actual, options) => expect.poll(actual, { timeout: 4_000, ...options });
