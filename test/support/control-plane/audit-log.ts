import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';

/** What a request is about. */
export interface AuditTarget {
  /** Empty for the core group, and for a path that is no resource. */
  group: string;
  /** Plural, e.g. deployments; empty for a path that is no resource, such as /version. */
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

export interface AuditEntry extends AuditTarget {
  verb: string;
  /** Empty when the token was rejected. */
  user: string;
  /** Of the token, JTI=...: tells processes of the same ServiceAccount apart. */
  credential?: string;
  userAgent: string;
  requestUri: string;
  code: number;
  /** Rejected for want of a right; a policy's 403 is another matter. */
  forbidden: boolean;
  dryRun: boolean;
  /** Of a status write that moves it. */
  observedGeneration?: number;
}

export interface LoggedRequest extends AuditEntry {
  /** When the API server took it up, in milliseconds since the epoch. */
  receivedAt: number;
}

export interface AuditFilter {
  /** Exact, e.g. system:serviceaccount:NAMESPACE:NAME. */
  user?: string;
  userAgent?: RegExp;
}

/** A point in the log. */
export interface Mark {
  readonly offset: number;
}

/** The fields used of an audit.k8s.io/v1 Event. */
interface AuditEvent {
  verb: string;
  user: { username?: string; extra?: Record<string, string[] | undefined> };
  userAgent?: string;
  objectRef?: Partial<Omit<AuditTarget, 'group'>> & { apiGroup?: string };
  annotations?: Record<string, string | undefined>;
  requestURI: string;
  requestReceivedTimestamp: string;
  requestObject?: { status?: { observedGeneration?: number } };
  responseStatus?: { code?: number };
}

/** In bytes; the policy logs no body longer than a status. */
const MAX_LINE = 1024 * 1024;
const WRITING_VERBS = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * Every request of a user or ServiceAccount, once: a watch when its response starts, anything else when it ends. The API
 * server writes the line before it ends the response, so whoever has the answer finds the request here. Whoever only sees the
 * effect of somebody else's request must wait for the entry.
 */
export class AuditLog {
  readonly #file: string | undefined;

  /** Without a file every call fails, with the reason. */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** The end of the last whole line as the log is now: the API server may be in the middle of another one. */
  async mark(): Promise<Mark> {
    const { size } = await stat(this.#path());
    if (size === 0) return { offset: 0 };
    const start = Math.max(0, size - MAX_LINE);
    const tail = await buffer(createReadStream(this.#path(), { start, end: size - 1 }));
    return { offset: start + tail.lastIndexOf('\n') + 1 };
  }

  async since(mark: Mark, filter: AuditFilter = {}): Promise<LoggedRequest[]> {
    const log = await text(createReadStream(this.#path(), { start: mark.offset }));
    // What follows the last newline is a line that is being written.
    const lines = log.split('\n').slice(0, -1);
    return lines.map((line) => entryOf(JSON.parse(line) as AuditEvent)).filter((entry) => matches(entry, filter));
  }

  #path(): string {
    if (this.#file === undefined) throw new Error('This control plane was started without { audit: true }');
    return this.#file;
  }
}

/** Those that change something stored; a dry run is among them, told by its flag. */
export function writesOf(entries: readonly AuditEntry[]): AuditEntry[] {
  return entries.filter(({ verb }) => WRITING_VERBS.includes(verb));
}

function entryOf(event: AuditEvent): LoggedRequest {
  return {
    verb: event.verb,
    user: event.user.username ?? '',
    userAgent: event.userAgent ?? '',
    ...targetOf(event.objectRef),
    requestUri: event.requestURI,
    receivedAt: Date.parse(event.requestReceivedTimestamp),
    code: event.responseStatus?.code ?? 0,
    forbidden: event.annotations?.['authorization.k8s.io/decision'] === 'forbid',
    dryRun: new URL(event.requestURI, 'https://kubernetes').searchParams.has('dryRun'),
    ...detailsOf(event),
  };
}

function detailsOf({ user, requestObject }: AuditEvent): Pick<AuditEntry, 'credential' | 'observedGeneration'> {
  const credential = user.extra?.['authentication.kubernetes.io/credential-id']?.[0];
  const observedGeneration = requestObject?.status?.observedGeneration;
  return {
    ...(credential !== undefined && { credential }),
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
}

function targetOf({
  apiGroup: group = '',
  resource = '',
  subresource,
  namespace,
  name,
}: NonNullable<AuditEvent['objectRef']> = {}): AuditTarget {
  return {
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
}

function matches(entry: AuditEntry, { user, userAgent }: AuditFilter): boolean {
  return (user === undefined || entry.user === user) && (userAgent === undefined || userAgent.test(entry.userAgent));
}
