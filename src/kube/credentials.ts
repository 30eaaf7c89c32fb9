/** Credentials for the API server: its address, how to trust it, and how each request is authorized. */
import { existsSync, readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import { join } from 'node:path';

export interface TlsTrust {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

export interface RequestCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly trust: TlsTrust;
  /** Opens the connections if there is a proxy. */
  readonly proxy?: Agent;
}

export interface Credentials {
  readonly server: URL;
  /** Called for each request, so that rotated tokens and CAs take effect. @throws if they cannot be read */
  forRequest(): Promise<RequestCredentials>;
  /** Drops cached credentials: the API server rejected the token (401), or no connection succeeded. */
  invalidate(): void;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Like client-go: kubelet renews the projected token well before it expires. */
const REREAD_AFTER_MS = 60_000;

/** The namespace of this pod; undefined outside a pod. */
export function podNamespace(directory = SERVICE_ACCOUNT): string | undefined {
  const file = join(directory, 'namespace');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** Credentials from the files and variables that every pod has. */
export class InClusterCredentials implements Credentials {
  readonly server: URL;
  readonly #directory: string;
  #cached: { readonly at: number; readonly credentials: RequestCredentials } | undefined;

  /** @throws Error if the process does not run in a pod */
  constructor(environment: NodeJS.ProcessEnv, directory = SERVICE_ACCOUNT) {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
    if (host === undefined || host === '' || port === undefined || port === '') {
      throw new Error(
        'no kubeconfig was given and KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: ' +
          'run in a pod, or give --kubeconfig or KUBECONFIG',
      );
    }
    this.server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
    this.#directory = directory;
  }

  forRequest(): Promise<RequestCredentials> {
    const now = performance.now();
    if (this.#cached === undefined || now - this.#cached.at > REREAD_AFTER_MS) {
      const headers = { Authorization: `Bearer ${this.#file('token')}` };
      this.#cached = { at: now, credentials: { headers, trust: { ca: this.#file('ca.crt') } } };
    }
    return Promise.resolve(this.#cached.credentials);
  }

  invalidate(): void {
    this.#cached = undefined;
  }

  /** Rejects an empty file, as during a write: the request would be anonymous, or trust the CAs of Node.js. */
  #file(name: string): string {
    const file = join(this.#directory, name);
    const content = readFileSync(file, 'utf8').trim();
    if (content === '') throw new Error(`${file} is empty`);
    return content;
  }
}
