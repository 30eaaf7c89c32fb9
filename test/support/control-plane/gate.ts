/** Stands before the API server and passes everything on; some requests may wait there for a word. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { OPERATOR_NAMESPACE } from '../cluster.js';
import type { ControlPlane } from './control-plane.js';

export interface GateRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

export class Gate {
  /** Paths of the requests that wait, or have waited. */
  readonly waiting: string[] = [];
  readonly #controlPlane: ControlPlane;
  readonly #isHeld: (request: GateRequest) => boolean;
  readonly #open = Promise.withResolvers<undefined>();
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));

  constructor(controlPlane: ControlPlane, isHeld: (request: GateRequest) => boolean = () => false) {
    this.#controlPlane = controlPlane;
    this.#isHeld = isHeld;
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

  /** Passes on what waits, and all that comes from now on. */
  open(): void {
    this.#open.resolve(undefined);
  }

  /** Cuts all connections; new ones are taken. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    if (this.#isHeld({ method, path })) {
      this.waiting.push(path);
      await this.#open.promise;
    }
    const { server, ca } = this.#controlPlane;
    const onward = request(`${server}${path}`, { method, headers, ca }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing).on('error', () => undefined);
      outgoing.on('close', () => answer.destroy());
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }
}
