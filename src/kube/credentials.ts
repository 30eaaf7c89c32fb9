/** Who the operator is to the API server: where it listens, how to trust it, and how each request is authorized. */
import { existsSync, readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import { join } from 'node:path';

export interface TlsTrust {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface RequestCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly trust: TlsTrust;
  /** Set where a proxy stands in between: connections are then made by this agent. */
  readonly proxy?: Agent;
}

export interface Credentials {
  readonly server: URL;
  /** Asked for each request, so that rotated tokens and CAs are taken up. @throws where they cannot be had */
  forRequest(): Promise<RequestCredentials>;
  /** They did not serve: the API server rejected the token (401), or no connection came about. What is cached is forgotten. */
  rejected(): void;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** As client-go: kubelet renews the projected token well before it expires. */
const REREAD_AFTER_MS = 60_000;

/** The namespace of the pod that this process runs in; undefined outside of one. */
export function podNamespace(directory = SERVICE_ACCOUNT): string | undefined {
  const file = join(directory, 'namespace');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** The three files and two variables that every pod has. */
export class InClusterCredentials implements Credentials {
  readonly server: URL;
  readonly #directory: string;
  #read: { readonly at: number; readonly credentials: RequestCredentials } | undefined;

  /** @throws Error where the process does not run in a pod. */
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
    if (this.#read === undefined || now - this.#read.at > REREAD_AFTER_MS) {
      const headers = { Authorization: `Bearer ${this.#file('token')}` };
      this.#read = { at: now, credentials: { headers, trust: { ca: this.#file('ca.crt') } } };
    }
    return Promise.resolve(this.#read.credentials);
  }

  rejected(): void {
    this.#read = undefined;
  }

  /** An empty one, as of a write under way, would make a request of nobody, or one that trusts whom Node.js trusts. */
  #file(name: string): string {
    const file = join(this.#directory, name);
    const content = readFileSync(file, 'utf8').trim();
    if (content === '') throw new Error(`${file} is empty`);
    return content;
  }
}
