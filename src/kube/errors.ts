/** The errors between the operator and the API server, by what to do about them. */
import { sanitize } from '../domain/report/sanitize.js';
import { isRecord } from './validate.js';

/** One reason why an object was rejected: `status.details.causes[]`. */
export interface RejectionCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

/** Bounds Retry-After: a proxy may ask for hours, or for more than a timer holds. */
export const MAX_RETRY_AFTER_MS = 120_000;

/** A rejection may hold a whole object; what an admin needs of it comes first. */
const MAX_MESSAGE = 2_000;
const MAX_REASON = 100;

/** The API server responded with an error. The message is the server's own, on one line and cut, without secrets. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `Status.reason`, e.g. NotFound, Conflict, Forbidden, Invalid, Expired; empty if the body was no Status. */
  readonly reason: string;
  readonly causes: readonly RejectionCause[];
  /** The wait that the server asks for, from Retry-After or the Status; two minutes at most. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly request: string,
    readonly status: number,
    body: string,
    retryAfter?: string,
  ) {
    // The body may be a proxy's, and JSON of any shape.
    const { reason, message, details } = asRecord(parseJson(body));
    const { causes, retryAfterSeconds } = asRecord(details);
    super(sanitize(`${request}: ${status} ${[message, reason].find(isText) ?? body.slice(0, 200)}`, MAX_MESSAGE));
    this.reason = isText(reason) ? sanitize(reason, MAX_REASON) : '';
    this.causes = Array.isArray(causes) ? causes.map(asRecord) : [];
    this.retryAfterMs = waitMs(retryAfter) ?? waitMs(retryAfterSeconds);
  }

  /** The last version seen is too old for a watch, or, after a restore from a backup, too new: list again. */
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

  /**
   * The authorizer lets this account not do it: an admin has to grant the right. An admission webhook, a quota or PodSecurity
   * responds with 403 too, and in other words (API server 1.36, as run).
   */
  get isMissingRight(): boolean {
    return this.isForbidden && / is forbidden: User "[^"]*" cannot \S+ resource "/.test(this.message);
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** The object is newer than the version that was sent. */
  get isConflict(): boolean {
    return this.status === 409;
  }

  /**
   * A `test` of a JSON Patch failed, so the object has changed: 422 without causes (API server 1.36, as run). A webhook
   * may respond in the same way, and then names itself in the message.
   */
  get isGuardFailure(): boolean {
    return this.status === 422 && this.causes.length === 0 && !this.message.includes('admission webhook');
  }

  /** The object is not the one that the write was planned for: read it again and plan anew. */
  get isOutdated(): boolean {
    return this.isConflict || this.isGuardFailure;
  }

  /** Rejected by validation (422 with causes), by an admission policy or webhook, or as too large. */
  get isRejection(): boolean {
    return (this.status === 422 && !this.isGuardFailure) || [400, 403, 413].includes(this.status);
  }
}

/** No response: connection refused, reset or cut, TLS failure, time-out, or credentials that cannot be read. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  constructor(request: string, cause: unknown) {
    super(sanitize(`${request}: ${describeCause(cause)}`, MAX_MESSAGE), { cause });
  }
}

/** The stream of a watch cannot be trusted: the watch starts again from the last good version. */
export class WatchProtocolError extends Error {
  override readonly name = 'WatchProtocolError';
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether a connection failed, or was cut during a response: errors of node have a code. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof Error && 'code' in error);
}

/** Takes seconds only: Retry-After may also be a date, but no API server sends one. */
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
