/** Everything that can go wrong between the operator and the API server, as types that say what to do about it. */

import { sanitize } from '../domain/report/sanitize.js';

/** One reason why an object was rejected: `status.details.causes[]`. */
export interface RejectionCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

/** What is used of a metav1.Status. */
interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly causes: readonly RejectionCause[];
  readonly retryAfterSeconds?: unknown;
}

/** A proxy may name hours; a day's silence, or a wait beyond what timers hold, is not for the server to order. */
export const MAX_RETRY_AFTER_MS = 120_000;

/** A rejection may hold a whole object, and a webhook may say anything; what an admin needs of it comes first. */
const MAX_MESSAGE = 2_000;
const MAX_REASON = 100;

/**
 * The API server answered with an error. The message is the server's own, made one line and cut where it is long; headers
 * and tokens are never part of it.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `Status.reason`, e.g. NotFound, Conflict, Forbidden, Invalid, Expired; empty where the body was no Status. */
  readonly reason: string;
  readonly causes: readonly RejectionCause[];
  /** How long the server asks to wait, in milliseconds, from Retry-After or the Status; two minutes at most. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly request: string,
    readonly status: number,
    body: string,
    retryAfter?: string,
  ) {
    const parsed = parseStatus(body);
    super(sanitize(`${request}: ${status} ${parsed.message ?? parsed.reason ?? body.slice(0, 200)}`, MAX_MESSAGE));
    this.reason = sanitize(parsed.reason ?? '', MAX_REASON);
    this.causes = parsed.causes;
    this.retryAfterMs = [retryAfter, parsed.retryAfterSeconds].map(waitMs).find((ms) => ms !== undefined);
  }

  /**
   * The last version seen is too old for the watch, or, after a restore from an older backup, too new: list again.
   */
  get isVersionUnusable(): boolean {
    return (
      this.status === 410 ||
      this.reason === 'Expired' ||
      this.causes.some(({ reason }) => reason === 'ResourceVersionTooLarge')
    );
  }

  get isUnauthorized(): boolean {
    return this.status === 401;
  }

  get isForbidden(): boolean {
    return this.status === 403;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** The object is newer than the version that was sent. */
  get isConflict(): boolean {
    return this.status === 409;
  }

  /**
   * A `test` of a JSON Patch failed, so the object is not what it was thought to be: 422 without causes
   * (API server 1.36, as run). A webhook may reject with such an answer, too, and then says so in its message.
   */
  get isGuardFailure(): boolean {
    return this.status === 422 && this.causes.length === 0 && !this.message.includes('admission webhook');
  }

  /** The object is not the one that the write was meant for: it is to be read again, and the write planned anew. */
  get isOutdated(): boolean {
    return this.isConflict || this.isGuardFailure;
  }

  /** It was looked at and rejected: by validation (422 with causes), by an admission policy or webhook, or as too large. */
  get isRejection(): boolean {
    return (this.status === 422 && !this.isGuardFailure) || [400, 403, 413].includes(this.status);
  }
}

/** No answer: connection refused, reset, cut off, TLS failure, time-out, or credentials that could not be had. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  constructor(request: string, cause: unknown) {
    super(sanitize(`${request}: ${describeCause(cause)}`, MAX_MESSAGE), { cause });
  }
}

/** What the stream of a watch delivered cannot be trusted: the watch starts again from the last good version. */
export class WatchProtocolError extends Error {
  override readonly name = 'WatchProtocolError';
}

/** Not only the API server answers: a proxy's body may be JSON of any shape. */
function parseStatus(body: string): StatusBody {
  const { reason, message, details } = asRecord(parseJson(body));
  const { causes, retryAfterSeconds } = asRecord(details);
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    causes: Array.isArray(causes) ? causes.map(asRecord) : [],
    retryAfterSeconds,
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A connection that did not come about, or was cut in the midst of an answer: errors of node have a code. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof Error && 'code' in error);
}

/** Seconds as a wait; a date, the other form of Retry-After, is no such number (no API server sends one). */
function waitMs(seconds: unknown): number | undefined {
  if (typeof seconds === 'string' ? !/^\d+$/.test(seconds) : typeof seconds !== 'number') return undefined;
  return Math.min(Math.max(0, Number(seconds) * 1000), MAX_RETRY_AFTER_MS);
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0]);
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

/** How long the server asks to wait, in milliseconds; undefined if it does not ask. */
export function retryAfterMs(error: unknown): number | undefined {
  return error instanceof ApiError ? error.retryAfterMs : undefined;
}
