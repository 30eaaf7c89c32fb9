/** JSON over HTTPS to an API server, under a user agent of one's choice: the API server makes the field manager of it. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KubeObject } from '../../control-plane/admin-api.js';

/** Where the API server is, and who asks. */
export interface Access {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export interface WatchEvent<T extends object = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & Pick<KubeObject, 'metadata'>;
}

export interface Listed<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/** A request that was rejected (with the status), or that got no answer (without). */
export class KubeRequestError extends Error {
  override readonly name = 'KubeRequestError';

  constructor(
    message: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class KubeClient {
  readonly #access: Access;
  readonly #userAgent: string;
  readonly #agent: Agent;
  readonly #signal: AbortSignal;

  /** The signal ends every request that is under way, and forbids new ones. */
  constructor(access: Access, userAgent: string, signal: AbortSignal) {
    this.#access = access;
    this.#userAgent = userAgent;
    this.#agent = new Agent({ ca: access.ca, keepAlive: true });
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#agent.destroy(), { once: true });
  }

  async get<T extends object = KubeObject>(path: string): Promise<T> {
    return JSON.parse(await this.#bodyOf('GET', path)) as T;
  }

  async getOrUndefined<T extends object = KubeObject>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof KubeRequestError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list<T extends object = KubeObject>(path: string): Promise<Listed<T>> {
    const { items, metadata } = await this.get<{ items: T[]; metadata: { resourceVersion: string } }>(path);
    return { items, resourceVersion: metadata.resourceVersion };
  }

  async send(method: 'POST' | 'PUT', path: string, object: object): Promise<void> {
    await this.#bodyOf(method, path, JSON.stringify(object));
  }

  /** Every change after the version, until the server ends the watch; a rejection in the stream is thrown. */
  async *watch<T extends object = KubeObject>(path: string, resourceVersion: string): AsyncGenerator<WatchEvent<T>> {
    const target = `${path}${path.includes('?') ? '&' : '?'}watch=1&resourceVersion=${resourceVersion}`;
    const response = await this.#answer('GET', target);
    if (response.statusCode !== 200) throw await rejection(`watch ${path}`, response);
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as WatchEvent<T>;
      if (event.type === 'ERROR') throw new KubeRequestError(`watch ${path} ended: ${line}`);
      yield event;
    }
  }

  async #bodyOf(method: string, path: string, body?: string): Promise<string> {
    const response = await this.#answer(method, path, body);
    if (response.statusCode! >= 300) throw await rejection(`${method} ${path}`, response);
    return text(response);
  }

  #answer(method: string, path: string, body?: string): Promise<IncomingMessage> {
    const headers = {
      authorization: `Bearer ${this.#access.token}`,
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const options = { method, headers, agent: this.#agent, signal: this.#signal };
    return new Promise((resolve, reject) => {
      request(`${this.#access.server}${path}`, options, resolve)
        .on('error', (cause) =>
          reject(new KubeRequestError(`${method} ${path}: ${cause.message}`, undefined, { cause })),
        )
        .end(body);
    });
  }
}

async function rejection(what: string, response: IncomingMessage): Promise<KubeRequestError> {
  return new KubeRequestError(`${what} answered ${response.statusCode!}: ${await text(response)}`, response.statusCode);
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  } catch (cause) {
    throw new KubeRequestError('the stream broke off', undefined, { cause });
  }
}
