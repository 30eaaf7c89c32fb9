/**
 * Who may scrape: a bearer token that the API server knows, and whose user it lets `get` /metrics. Answers are kept for a
 * short time, as the API servers' own delegated authorization keeps them, so that a scrape costs no requests.
 */
import { createHash } from 'node:crypto';
import { messageOf, type Log } from '../../log.js';
import type { AccessReviews } from '../../kube/access-reviews.js';
import { ApiError } from '../../kube/errors.js';

export type Verdict =
  | { readonly status: 200 }
  /** What the client is told. */
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
const KEEP_REFUSED_MS = 10_000;
const MAX_KEPT = 128;
/** Strangers who guess must not make the API server's work of it. */
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
  /** By hash of the token, oldest first. Apart, so that strangers who guess cannot push out those who may. */
  readonly #allowed = new Map<string, Kept>();
  readonly #rejected = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Verdict>>();
  #strangers = { second: 0, count: 0 };
  #lastFault = '';

  constructor(deps: AccessDependencies) {
    this.#deps = deps;
  }

  /** @param authorization the request's header. Never rejects; what cannot be checked is rejected. */
  async check(authorization: string | undefined): Promise<Verdict> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return NO_TOKEN;
    const key = createHash('sha256').update(token).digest('base64');
    const kept = this.#allowed.get(key) ?? this.#rejected.get(key);
    if (kept !== undefined && this.#deps.monotonicMs() < kept.until) return kept.verdict;
    const same = this.#underWay.get(key);
    if (same !== undefined) return same;
    // Whoever was allowed before does not queue behind the others.
    if (!this.#allowed.has(key) && !this.#takesStranger()) return BUSY;
    const asked = this.#ask(key, token).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  #takesStranger(): boolean {
    const second = Math.floor(this.#deps.monotonicMs() / 1000);
    if (this.#strangers.second !== second) this.#strangers = { second, count: 0 };
    if (this.#underWay.size >= MAX_UNDER_WAY || this.#strangers.count >= MAX_NEW_IN_A_SECOND) return false;
    this.#strangers.count += 1;
    return true;
  }

  async #ask(key: string, token: string): Promise<Verdict> {
    try {
      const verdict = await this.#review(token);
      this.#keep(key, verdict);
      this.#lastFault = '';
      return verdict;
    } catch (error) {
      // Not kept: the next one may be answered.
      return this.#fault(error);
    }
  }

  async #review(token: string): Promise<Verdict> {
    const { reviews } = this.#deps;
    const user = await reviews.userOf(token);
    if (user === undefined) return UNKNOWN_TOKEN;
    if (await reviews.mayGet(user, PATH)) return { status: 200 };
    const message = `${user.username} may not get ${PATH}: bind it to ClusterRole csi-port-operator-metrics-reader`;
    return { status: 403, message };
  }

  #keep(key: string, verdict: Verdict): void {
    const isAllowed = verdict.status === 200;
    const kept = isAllowed ? this.#allowed : this.#rejected;
    for (const map of [this.#allowed, this.#rejected]) map.delete(key);
    kept.set(key, { verdict, until: this.#deps.monotonicMs() + (isAllowed ? KEEP_ALLOWED_MS : KEEP_REFUSED_MS) });
    for (const oldest of [...kept.keys()].slice(0, -MAX_KEPT)) kept.delete(oldest);
  }

  #fault(error: unknown): Verdict {
    const isForbidden = error instanceof ApiError && error.isForbidden;
    const verdict: Verdict = isForbidden
      ? { status: 500, message: 'the operator may not check tokens: apply its config/rbac/metrics-auth' }
      : { status: 503, message: 'the API server cannot be asked about this token now: try again' };
    // Once until it is another one or is over: scrapes come every few seconds.
    const fault = messageOf(error);
    if (fault !== this.#lastFault) {
      const remedy = isForbidden ? 'kubectl apply -k config/rbac/metrics-auth' : undefined;
      this.#deps.logger.warn({ error: fault, remedy }, 'Scrape rejected: its token cannot be checked');
    }
    this.#lastFault = fault;
    return verdict;
  }
}
