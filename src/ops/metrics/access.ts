/**
 * Authorizes scrapes: the API server has to know the bearer token, and to let its user `get` /metrics. Verdicts are kept
 * for a short time, as in Kubernetes' own delegated authorization, so that a scrape costs no requests.
 */
import { createHash } from 'node:crypto';
import { messageOf, type Log } from '../../log.js';
import type { AccessReviews } from '../../kube/access-reviews.js';
import { ApiError } from '../../kube/errors.js';

export type Verdict =
  | { readonly status: 200 }
  /** The message is for the client. */
  | { readonly status: 401 | 403 | 500 | 503; readonly message: string };

export interface AccessDependencies {
  readonly reviews: Pick<AccessReviews, 'userOf' | 'mayGet'>;
  readonly logger: Pick<Log, 'warn'>;
  readonly monotonicMs: () => number;
}

interface Kept {
  readonly verdict: Verdict;
  readonly until: number;
}

const PATH = '/metrics';
const KEEP_ALLOWED_MS = 60_000;
const KEEP_REJECTED_MS = 10_000;
const MAX_KEPT = 128;
/** Bounds the requests that guessed tokens cost. */
const MAX_UNDER_WAY = 4;
const MAX_NEW_IN_A_SECOND = 10;

const NO_TOKEN: Verdict = { status: 401, message: 'send a bearer token of the cluster: Authorization: Bearer TOKEN' };
const UNKNOWN_TOKEN: Verdict = {
  status: 401,
  message: 'the API server does not know this bearer token: it is wrong, has expired, or is of another cluster',
};
const BUSY: Verdict = { status: 503, message: 'other tokens are being checked: try again' };

export class ScrapeAccess {
  readonly #deps: AccessDependencies;
  /** By hash of the token, oldest first. Separate, so that guessed tokens cannot push out allowed ones. */
  readonly #allowed = new Map<string, Kept>();
  readonly #rejected = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Verdict>>();
  #newTokens = { second: 0, count: 0 };
  #lastError = '';

  constructor(deps: AccessDependencies) {
    this.#deps = deps;
  }

  /** Checks the Authorization header. Never throws: a token that cannot be checked gets a verdict, too. */
  async check(authorization: string | undefined): Promise<Verdict> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return NO_TOKEN;
    const key = createHash('sha256').update(token).digest('base64');
    const kept = this.#allowed.get(key) ?? this.#rejected.get(key);
    if (kept !== undefined && this.#deps.monotonicMs() < kept.until) return kept.verdict;
    const pending = this.#underWay.get(key);
    if (pending !== undefined) return pending;
    // A token that was allowed before does not wait for new ones.
    if (!this.#allowed.has(key) && !this.#admitsNewToken()) return BUSY;
    const review = this.#review(key, token).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, review);
    return review;
  }

  #admitsNewToken(): boolean {
    const second = Math.floor(this.#deps.monotonicMs() / 1000);
    if (this.#newTokens.second !== second) this.#newTokens = { second, count: 0 };
    if (this.#underWay.size >= MAX_UNDER_WAY || this.#newTokens.count >= MAX_NEW_IN_A_SECOND) return false;
    this.#newTokens.count += 1;
    return true;
  }

  async #review(key: string, token: string): Promise<Verdict> {
    const { reviews } = this.#deps;
    try {
      const user = await reviews.userOf(token);
      if (user === undefined) return this.#keep(key, UNKNOWN_TOKEN);
      if (await reviews.mayGet(user, PATH)) return this.#keep(key, { status: 200 });
      const message = `${user.username} may not get ${PATH}: bind it to ClusterRole csi-port-operator-metrics-reader`;
      return this.#keep(key, { status: 403, message });
    } catch (error) {
      // Not kept: the next check may succeed.
      return this.#failure(error);
    }
  }

  #keep(key: string, verdict: Verdict): Verdict {
    this.#lastError = '';
    const isAllowed = verdict.status === 200;
    const kept = isAllowed ? this.#allowed : this.#rejected;
    for (const map of [this.#allowed, this.#rejected]) map.delete(key);
    kept.set(key, { verdict, until: this.#deps.monotonicMs() + (isAllowed ? KEEP_ALLOWED_MS : KEEP_REJECTED_MS) });
    for (const oldest of [...kept.keys()].slice(0, -MAX_KEPT)) kept.delete(oldest);
    return verdict;
  }

  #failure(error: unknown): Verdict {
    const isForbidden = error instanceof ApiError && error.isForbidden;
    const verdict: Verdict = isForbidden
      ? { status: 500, message: 'the operator may not check tokens: apply its config/rbac/metrics-auth' }
      : { status: 503, message: 'the API server cannot check this token now: try again' };
    // Logged once until it changes or ends: scrapes come every few seconds.
    const message = messageOf(error);
    if (message !== this.#lastError) {
      const remedy = isForbidden ? 'kubectl apply -k config/rbac/metrics-auth' : undefined;
      this.#deps.logger.warn({ error: message, remedy }, 'Scrape rejected: its token cannot be checked');
    }
    this.#lastError = message;
    return verdict;
  }
}
