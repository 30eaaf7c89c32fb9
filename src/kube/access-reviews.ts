/** Asks the API server which user a bearer token belongs to, and what that user may do. */
import type { Transport } from './transport.js';

/** A user as a TokenReview returns it and a SubjectAccessReview takes it. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The verdict of a TokenReview, or of a SubjectAccessReview. */
interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: Partial<User>;
  readonly allowed?: boolean;
}

/** For each of the two reviews: a scrape has five seconds, see ops/http-server.ts. */
const REVIEW_TIMEOUT_MS = 2_000;

export class AccessReviews {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * @returns undefined if the token belongs to no user
   * @throws as Transport.call
   */
  async userOf(token: string): Promise<User | undefined> {
    const { authenticated, user } = await this.#review('authentication.k8s.io', 'TokenReview', { token });
    const { username = '', ...others } = user ?? {};
    return authenticated === true && username !== '' ? { username, ...others } : undefined;
  }

  /** @throws as userOf */
  async mayGet({ username, uid, groups, extra }: User, path: string): Promise<boolean> {
    const spec = { user: username, uid, groups, extra, nonResourceAttributes: { path, verb: 'get' } };
    return (await this.#review('authorization.k8s.io', 'SubjectAccessReview', spec)).allowed === true;
  }

  async #review(group: string, kind: string, spec: object): Promise<ReviewStatus> {
    const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
    const body = { apiVersion: `${group}/v1`, kind, spec };
    const call = { method: 'POST', path, body, lane: 'reviews', timeoutMs: REVIEW_TIMEOUT_MS } as const;
    const { status } = (await this.#transport.call(call)) as { readonly status?: ReviewStatus };
    return status ?? {};
  }
}
