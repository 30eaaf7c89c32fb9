/**
 * An API server as a client sees it on the wire: HTTPS on a loopback address, scripted by the test. It stands in for
 * the server, never for a module of the operator, so that a test can break what a real API server would not.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { TLSSocket, type PeerCertificate } from 'node:tls';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Number of the connection that it came on, from 1. */
  readonly connection: number;
  /** Common name of the client's certificate; empty without one. */
  readonly client: string;
}

/** How the handler answers. What it leaves unanswered stays open. */
export class Exchange {
  readonly #response: ServerResponse;
  readonly closed: Promise<void>;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.closed = new Promise((resolve) => response.once('close', resolve));
  }

  send(status: number, body = '', headers: Readonly<Record<string, string>> = {}): void {
    this.#response.writeHead(status, headers).end(body);
  }

  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.send(status, JSON.stringify(body), { 'Content-Type': 'application/json', ...headers });
  }

  /** A metav1.Status, as for every error of a real API server. */
  reject(code: number, reason: string, more: object = {}, headers: Readonly<Record<string, string>> = {}): void {
    this.json(
      code,
      { kind: 'Status', status: 'Failure', code, reason, message: `${reason} said the server`, ...more },
      headers,
    );
  }

  /** Begins, or goes on with, an answer without an end. */
  push(chunk: string | Uint8Array = ''): void {
    if (!this.#response.headersSent)
      this.#response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
    if (chunk.length > 0) this.#response.write(chunk);
  }

  /** One line of a watch for each event. */
  events(...events: readonly object[]): void {
    this.push(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  }

  end(): void {
    this.push();
    this.#response.end();
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#response.socket?.destroy();
  }
}

export type Handler = (request: Received, exchange: Exchange) => void;

export interface DoubleOptions {
  readonly identity?: Identity;
  readonly host?: string;
  readonly plain?: boolean;
}

export class ApiServerDouble implements AsyncDisposable {
  readonly requests: Received[] = [];
  readonly identity: Identity;
  /** How many connections were ever accepted. */
  connections = 0;
  handler: Handler = (_, exchange) => exchange.reject(404, 'NotFound');
  readonly #server: http.Server;
  readonly #sockets = new Map<Socket, number>();

  private constructor(identity: Identity, plain: boolean) {
    this.identity = identity;
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    const tls = { cert: identity.cert, key: identity.key, requestCert: true, rejectUnauthorized: false };
    this.#server = plain ? http.createServer(answer) : https.createServer(tls, answer);
    this.#server.on(plain ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.set(socket, this.connections);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: DoubleOptions = {}): Promise<ApiServerDouble> {
    const double = new ApiServerDouble(options.identity ?? createIdentity('double'), options.plain ?? false);
    const host = options.host ?? '127.0.0.1';
    await new Promise<void>((resolve) => double.#server.listen(0, host, resolve));
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): URL {
    const { address, family } = this.#server.address() as AddressInfo;
    const scheme = this.#server instanceof https.Server ? 'https' : 'http';
    return new URL(`${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${this.port}`);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  cutAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cutAll();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(message.url ?? '', 'https://double');
    const request: Received = {
      method: message.method ?? '',
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: message.headers,
      body: await text(message).catch(() => ''),
      connection: this.#sockets.get(message.socket) ?? 0,
      client: message.socket instanceof TLSSocket ? commonName(message.socket) : '',
    };
    this.requests.push(request);
    this.handler(request, new Exchange(response));
  }
}

/** Node gives an empty object where the client showed no certificate. */
function commonName(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return String(subject?.CN ?? '');
}

export interface Identity {
  /** PEM; self-signed, so it is its own CA. */
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate for `name`, localhost and the loopback addresses: DER by hand, as Node makes none. */
export function createIdentity(name: string): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, objectId('2a8648ce3d040302'));
  const subject = der(0x30, der(0x31, der(0x30, objectId('550403'), der(0x0c, Buffer.from(name)))));
  const loopback6 = Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
  const names = [der(0x82, Buffer.from(name)), der(0x82, Buffer.from('localhost'))];
  const addresses = [der(0x87, Buffer.from([127, 0, 0, 1])), der(0x87, loopback6)];
  const alternativeNames = der(0x30, objectId('551d11'), der(0x04, der(0x30, ...names, ...addresses)));
  const authority = der(0x30, objectId('551d13'), der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    subject,
    der(0x30, utcTime('200101000000Z'), utcTime('491231235959Z')),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, alternativeNames, authority)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = der(0x30, body, ecdsaWithSha256, signature).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

/** In as few bytes as hold it: Go takes no other. */
function lengthOf({ length }: Uint8Array): number[] {
  if (length < 128) return [length];
  return length < 256 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function utcTime(time: string): Buffer {
  return der(0x17, Buffer.from(time));
}
