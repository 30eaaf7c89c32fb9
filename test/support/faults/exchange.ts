/** One request on its way through the gateway, and the answer on its way back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request, type Agent } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { ApiRequest } from './api-request.js';

export interface Upstream {
  /** https://HOST:PORT */
  readonly server: string;
  readonly agent: Agent;
}

export class Exchange {
  readonly request: ApiRequest;
  readonly #incoming: IncomingMessage;
  /** Read at once, so that it can be sent on when the client is gone. */
  readonly #body: Promise<Buffer>;
  readonly #outgoing: ServerResponse;
  readonly #upstream: Upstream;
  readonly #resetConnection: () => void;

  constructor(
    request: ApiRequest,
    { req, outgoing }: { readonly req: IncomingMessage; readonly outgoing: ServerResponse },
    upstream: Upstream,
    resetConnection: () => void,
  ) {
    this.request = request;
    this.#incoming = req;
    this.#body = buffer(req);
    this.#body.catch(() => this.cut());
    this.#outgoing = outgoing;
    this.#upstream = upstream;
    this.#resetConnection = resetConnection;
    outgoing.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return !this.#outgoing.destroyed && !this.#outgoing.writableEnded;
  }

  /** Sends the request on as it is; resolves with the API server's answer, whose body is still to be read. */
  async forward(): Promise<IncomingMessage> {
    const { method, headers, url } = this.#incoming;
    const { server, agent } = this.#upstream;
    const body = await this.#body;
    return new Promise((resolve, reject) => {
      const onward = request(`${server}${url ?? ''}`, { method, headers, agent }, (answer) => {
        answer.on('error', () => this.cut());
        resolve(answer);
      });
      onward.on('error', reject);
      // A client that gives up ends its watch.
      this.#outgoing.once('close', () => onward.destroy());
      onward.end(body);
    });
  }

  /** Begins the answer as the API server does. @param changed headers in the place of its own; undefined: without it */
  begin(answer: IncomingMessage, changed: Readonly<Record<string, string | undefined>> = {}): void {
    const headers = Object.entries({ ...answer.headers, ...changed }).filter(([, value]) => value !== undefined);
    this.#outgoing.writeHead(answer.statusCode!, Object.fromEntries(headers) as Record<string, string>);
    this.#outgoing.flushHeaders();
  }

  /** Resolves when the piece is on its way. */
  write(piece: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#outgoing.write(piece, () => resolve()));
  }

  /** The rest of the answer. */
  relay(answer: NodeJS.ReadableStream): void {
    answer.pipe(this.#outgoing);
  }

  end(): void {
    this.#outgoing.end();
  }

  /** An answer of the gateway's own. */
  answer(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    this.#outgoing.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
  }

  /** Ends the connection in the middle of the answer. */
  cut(): void {
    this.#outgoing.destroy();
  }

  /** By a TCP reset, as of a load balancer that has forgotten the connection. */
  reset(): void {
    this.#resetConnection();
    this.#outgoing.destroy();
  }
}
