/** A Lease as the API server keeps it, with the rules that leader election relies on: a version, and 409 for an old one. */
import type { Exchange, Received } from '../../support/api-server-double.js';

type Spec = Record<string, unknown>;

export class LeaseServer {
  #version = 100;
  /** Undefined if there is none. */
  spec: Spec | undefined;
  /** Holder of each successful write of one, in order. */
  readonly holders: string[] = [];
  /** Responds in place of the rules, if it returns true. */
  intercept: (request: Received, exchange: Exchange) => boolean = () => false;

  handle = (request: Received, exchange: Exchange): void => {
    if (this.intercept(request, exchange)) return;
    if (request.method === 'GET') this.#respond(exchange);
    else if (request.headers['content-type'] === 'application/apply-patch+yaml') this.#apply(exchange);
    else this.#patch(request, exchange);
  };

  /** Of another writer, or of time. */
  set(spec: Spec | undefined): void {
    this.#version += 1;
    this.spec = spec;
  }

  #apply(exchange: Exchange): void {
    if (this.spec === undefined) this.set({});
    this.#respond(exchange);
  }

  #patch(request: Received, exchange: Exchange): void {
    if (this.write(request.body, (code, reason) => exchange.reject(code, reason))) this.#respond(exchange);
  }

  /** @returns whether it was stored */
  write(body: string, reject: (code: number, reason: string) => void): boolean {
    const { metadata, spec } = JSON.parse(body) as { metadata: { resourceVersion: string }; spec: Spec };
    if (this.spec === undefined) reject(404, 'NotFound');
    else if (metadata.resourceVersion !== String(this.#version)) reject(409, 'Conflict');
    else {
      this.set({ ...this.spec, ...spec });
      this.holders.push(String(spec.holderIdentity));
      return true;
    }
    return false;
  }

  #respond(exchange: Exchange): void {
    if (this.spec === undefined) exchange.reject(404, 'NotFound');
    else exchange.json(200, { metadata: { resourceVersion: String(this.#version) }, spec: this.spec });
  }
}
