/** What can go wrong between the operator and the API server, as data. */
import type { ApiRequest, Moment } from './api-request.js';

/** Of which requests: of those for which all that is given is true. */
export interface Matching {
  readonly moment?: Moment | readonly Moment[];
  readonly method?: string;
  /** As ApiRequest has it. */
  readonly resource?: string;
  readonly where?: (request: ApiRequest) => boolean;
}

export type What =
  /** An answer in the place of the API server's, which never sees the request. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Passed on after this time, also where the client has given up by then: networks do hold requests back. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection is reset, and the API server never sees the request. */
  | { readonly kind: 'reset' }
  /** The API server has done what was asked; the connection is reset in the place of its answer. */
  | { readonly kind: 'lose' }
  /** The answer ends, without its end, after this many bytes of its body. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Compressed, though nobody asked for that. */
  | { readonly kind: 'gzip' }
  /** In pieces of so many bytes, also inside a character. */
  | { readonly kind: 'pieces'; readonly bytes: number }
  /** A line before all others of a watch. */
  | { readonly kind: 'insert'; readonly line: string }
  /** Headers, and an orderly end. */
  | { readonly kind: 'end' }
  /** Headers, and then nothing for as long as the client waits. */
  | { readonly kind: 'silence' }
  /** The first list of these objects that passed through, and its end: what a server tells that is far behind. */
  | { readonly kind: 'stale' }
  /** The page says that another follows. */
  | { readonly kind: 'another page' };

export interface Fault {
  readonly matching: Matching;
  /** Of how many requests; by default of all until clear(). */
  readonly times?: number;
  /** For how long from the injection on, in milliseconds. */
  readonly forMs?: number;
  readonly what: What;
}

export function matches({ moment, method, resource, where }: Matching, request: ApiRequest): boolean {
  const moments = moment === undefined ? [request.moment] : [moment].flat();
  return (
    moments.includes(request.moment) &&
    (method ?? request.method) === request.method &&
    (resource ?? request.resource) === request.resource &&
    (where === undefined || where(request))
  );
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A metav1.Status, as the API server sends it. */
export function status(code: number, details?: object): object {
  const reason = REASONS[code] ?? 'Unknown';
  const message = `${reason} by the fault gateway`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code, details };
}

export interface RejectionOptions {
  readonly retryAfterSeconds?: number;
  /** status.details, e.g. causes. */
  readonly details?: object;
}

export function reject(code: number, { retryAfterSeconds, details }: RejectionOptions = {}): What {
  const waiting = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  const headers = { 'Content-Type': 'application/json', ...waiting };
  return { kind: 'answer', status: code, headers, body: JSON.stringify(status(code, details)) };
}

/** A line of a watch that is cut inside. */
export const MALFORMED: What = { kind: 'insert', line: '{"type":"MODIFIED","object":{"metadata"' };

export const WITHOUT_VERSION: What = {
  kind: 'insert',
  line: JSON.stringify({ type: 'MODIFIED', object: { metadata: { name: 'default' } } }),
};

/** An error that a watch is told of in its stream. */
export function errorEvent(code: number): What {
  return { kind: 'insert', line: JSON.stringify({ type: 'ERROR', object: status(code) }) };
}
