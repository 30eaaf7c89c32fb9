/** Stands before the API server and passes everything on; some requests may wait there for a word. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { ControlPlane } from './control-plane.js';
import { OPERATOR_NAMESPACE } from '../operator-account.js';

export interface GateRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

/** What waits at a gate: the request, of which the API server knows nothing yet, or the answer, when all is done. */
export type GateSide = 'request' | 'answer';

export class Gate {
  /** Paths of the requests that wait, or have waited. */
  readonly waiting: string[] = [];
  readonly #controlPlane: ControlPlane;
  readonly #isHeld: (request: GateRequest) => boolean;
  readonly #side: GateSide;
  readonly #open = Promise.withResolvers<undefined>();
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));

  constructor(
    controlPlane: ControlPlane,
    isHeld: (request: GateRequest) => boolean = () => false,
    side: GateSide = 'request',
  ) {
    this.#controlPlane = controlPlane;
    this.#isHeld = isHeld;
    this.#side = side;
  }

  /** @returns the path of a kubeconfig of the operator's that leads through it, without TLS; it ends with the test */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    const { port } = this.#server.address() as AddressInfo;
    const token = await this.#controlPlane.serviceAccountToken(OPERATOR_NAMESPACE, 'csi-port-operator');
    const config = {
      clusters: [{ name: 'gate', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'operator', user: { token } }],
      contexts: [{ name: 'gate', context: { cluster: 'gate', user: 'operator' } }],
      'current-context': 'gate',
    };
    const file = join(this.#controlPlane.directory, 'gate.kubeconfig');
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  /** Passes on what waits, also where its sender is gone, and all that comes from now on. */
  open(): void {
    this.#open.resolve(undefined);
  }

  /** Cuts all connections; new ones are taken. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const body = await buffer(incoming);
    const isHeld = this.#isHeld({ method, path });
    if (isHeld && this.#side === 'request') await this.#wait(path);
    const { server, ca } = this.#controlPlane;
    const onward = request(`${server}${path}`, { method, headers, ca }, (answer) => {
      const ready = isHeld && this.#side === 'answer' ? this.#wait(path) : Promise.resolve();
      void ready.then(() => passOn(answer, outgoing));
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(body);
  }

  async #wait(path: string): Promise<void> {
    this.waiting.push(path);
    await this.#open.promise;
  }
}

function passOn(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode!, answer.headers);
  outgoing.flushHeaders();
  answer.pipe(outgoing).on('error', () => undefined);
  outgoing.on('close', () => answer.destroy());
}
