/**
 * Stands between the operator and the API server, by TLS on both sides, and passes everything on as it is, streaming, with
 * the operator's own token; but for the requests that a test has injected a fault into.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { createIdentity } from '../api-server-double.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { writeKubeconfig } from '../control-plane/credentials.js';
import { apiRequest, type ApiRequest } from './api-request.js';
import { Exchange } from './exchange.js';
import { matches, type Fault, type What } from './fault.js';
import { ListMemory } from './list-memory.js';
import { pass, perform } from './perform.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from '../operator-account.js';

export interface GatewayRequest extends ApiRequest {
  /** When it came, by performance.now(). */
  readonly at: number;
  readonly fault: What['kind'] | undefined;
}

export interface InjectedFault {
  /** How many requests it has struck. */
  readonly hits: number;
  /** With how many of these it is through: a delayed one has been passed on. */
  readonly done: number;
}

/** As client-go's servers, and longer than the operator keeps a connection idle. */
const KEEP_ALIVE_MS = 180_000;

export class FaultGateway {
  /** All that came, oldest first. */
  readonly requests: GatewayRequest[] = [];
  readonly #controlPlane: Pick<ControlPlane, 'server' | 'directory' | 'serviceAccountToken'>;
  readonly #server: Server;
  readonly #certificate: string;
  readonly #agent: Agent;
  readonly #lists = new ListMemory();
  /** By the port that they come from: a reset is of the connection under the TLS one. */
  readonly #connections = new Map<number, Socket>();
  /** Those that are open. */
  readonly #watches = new Set<Exchange>();
  #faults: Injected[] = [];

  private constructor(controlPlane: Pick<ControlPlane, 'server' | 'ca' | 'directory' | 'serviceAccountToken'>) {
    const { cert, key } = createIdentity('fault-gateway');
    this.#controlPlane = controlPlane;
    this.#certificate = cert;
    this.#agent = new Agent({ ca: controlPlane.ca, keepAlive: true });
    this.#server = createServer({ cert, key, keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
      void this.#handle(incoming, outgoing);
    });
    this.#server.on('connection', (socket: Socket) => {
      const port = socket.remotePort!;
      this.#connections.set(port, socket);
      socket.once('close', () => this.#connections.delete(port));
    });
  }

  static async start(
    controlPlane: Pick<ControlPlane, 'server' | 'ca' | 'directory' | 'serviceAccountToken'>,
  ): Promise<FaultGateway> {
    const gateway = new FaultGateway(controlPlane);
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Path of a kubeconfig that leads through the gateway, with a token of its own of the operator's account. */
  async kubeconfig(namespace = OPERATOR_NAMESPACE, account = OPERATOR_NAME): Promise<string> {
    const token = await this.#controlPlane.serviceAccountToken(namespace, account);
    const file = join(this.#controlPlane.directory, `gateway-${this.#port}.kubeconfig`);
    return writeKubeconfig(file, { server: `https://127.0.0.1:${this.#port}`, ca: this.#certificate, token });
  }

  /** From now on; of several that match a request the first injected one strikes. */
  inject(fault: Fault): InjectedFault {
    const injected = { fault, hits: 0, done: 0, at: performance.now() };
    this.#faults.push(injected);
    return injected;
  }

  /** Takes all faults out. */
  clear(): void {
    this.#faults = [];
  }

  /** Ends every watch that is open, in order, as the API server does after some minutes. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Cuts every connection, and so every watch; new ones are taken. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    this.#agent.destroy();
    await closed;
  }

  async #handle(req: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = apiRequest(req);
    const injected = this.#strike(request);
    const what = injected?.fault.what;
    this.requests.push({ ...request, at: performance.now(), fault: what?.kind });
    const { server } = this.#controlPlane;
    const connection = this.#connections.get(req.socket.remotePort!);
    const exchange = new Exchange(request, { req, outgoing }, { server, agent: this.#agent }, () => {
      connection?.resetAndDestroy();
    });
    if (request.query.watch === 'true') {
      this.#watches.add(exchange);
      outgoing.once('close', () => this.#watches.delete(exchange));
    }
    try {
      await (what === undefined ? pass(exchange, this.#lists) : perform(what, exchange, this.#lists));
    } catch {
      // The API server is away, or the client: the other one is to see it as it would without the gateway.
      exchange.cut();
    } finally {
      if (injected !== undefined) injected.done += 1;
    }
  }

  #strike(request: ApiRequest): Injected | undefined {
    const injected = this.#faults.find(
      (candidate) => isInForce(candidate) && matches(candidate.fault.matching, request),
    );
    if (injected !== undefined) injected.hits += 1;
    return injected;
  }
}

interface Injected {
  readonly fault: Fault;
  readonly at: number;
  hits: number;
  done: number;
}

function isInForce({ fault: { times = Infinity, forMs = Infinity }, hits, at }: Injected): boolean {
  return hits < times && performance.now() - at < forMs;
}
