/**
 * Credentials from a kubeconfig: tokens, certificates, exec plugins, OIDC, proxies and contexts, by client-node.
 * This module is imported only if it is used: the library costs 90 ms and 22 MiB that a pod does not need.
 */
import { existsSync } from 'node:fs';
import type { Agent, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '../log.js';
import type { Credentials, RequestCredentials, TlsTrust } from './credentials.js';

/** What is used instead of what the kubeconfig says. */
export interface KubeconfigChoice {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
}

/**
 * @param files one file, or the list of KUBECONFIG
 * @throws Error that names the file and the fault
 */
export function kubeconfigCredentials(
  files: readonly string[],
  choice: KubeconfigChoice = {},
): Credentials & { readonly context: string } {
  // Like kubectl: of several files, missing ones are skipped.
  const present = files.length > 1 ? files.filter((file) => existsSync(file)) : files;
  const [first, ...others] = present.map(load);
  if (first === undefined) throw new Error(`none of the kubeconfigs ${files.join(', ')} exists`);
  // Like kubectl: the first file that names a current context wins.
  for (const next of others) mergeInto(first, next);
  choose(first, choice, files.join(', '));
  return new KubeconfigCredentials(first, files.join(', '));
}

function choose(config: KubeConfig, { context, cluster, user }: KubeconfigChoice, origin: string): void {
  if (context !== undefined) {
    config.setCurrentContext(mustHave('context', context, config.contexts, origin));
  }
  if (cluster === undefined && user === undefined) return;
  const current = config.getContextObject(config.currentContext);
  const chosen = {
    name: config.currentContext,
    cluster: cluster === undefined ? (current?.cluster ?? '') : mustHave('cluster', cluster, config.clusters, origin),
    user: user === undefined ? (current?.user ?? '') : mustHave('user', user, config.users, origin),
  };
  config.contexts = [...config.contexts.filter((one) => one !== current), chosen];
}

function mustHave(kind: string, name: string, known: readonly { readonly name: string }[], origin: string): string {
  const names = known.map((one) => one.name);
  if (names.includes(name)) return name;
  const list = names.length === 0 ? 'none' : names.join(', ');
  throw new Error(`kubeconfig ${origin} has no ${kind} ${JSON.stringify(name)}, but ${list}`);
}

/** Like kubectl: the first file that names a cluster, user or context wins. */
function mergeInto(config: KubeConfig, next: KubeConfig): void {
  const isNew =
    (known: readonly { readonly name: string }[]) =>
    ({ name }: { readonly name: string }): boolean =>
      known.every((one) => one.name !== name);
  next.clusters = next.clusters.filter(isNew(config.clusters));
  next.users = next.users.filter(isNew(config.users));
  next.contexts = next.contexts.filter(isNew(config.contexts));
  config.mergeConfig(next, config.currentContext !== '');
}

function load(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
    return config;
  } catch (cause) {
    throw new Error(`kubeconfig ${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

class KubeconfigCredentials implements Credentials {
  readonly server: URL;
  readonly context: string;
  readonly #config: KubeConfig;

  constructor(config: KubeConfig, origin: string) {
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) {
      throw new Error(
        `kubeconfig ${origin}: the current context ${JSON.stringify(config.currentContext)} names no cluster`,
      );
    }
    if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
      throw new Error(`kubeconfig ${origin}: ${JSON.stringify(server)} is not a URL of http or https`);
    }
    if (server.startsWith('http:') && config.getCurrentCluster()?.skipTLSVerify !== true) {
      throw new Error(
        `kubeconfig ${origin}: ${server} is not encrypted; if that is meant, set insecure-skip-tls-verify: true`,
      );
    }
    this.server = new URL(server);
    this.context = config.currentContext;
    this.#config = config;
  }

  async forRequest(): Promise<RequestCredentials> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const proxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return {
      headers: authorizationHeaders(options),
      trust: trustOf(options),
      ...(proxied ? { proxy: options.agent as Agent } : {}),
    };
  }

  invalidate(): void {
    // client-node renews its cache by expiry.
  }
}

function authorizationHeaders(options: RequestOptions): Record<string, string> {
  const headers = { ...(options.headers as Record<string, string> | undefined) };
  if (typeof options.auth === 'string') {
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
}

/** client-node gives certificates and keys as buffers, those of an exec plugin as strings. */
function trustOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsTrust {
  return { ca: pem(ca), cert: pem(cert), key: pem(key), servername, rejectUnauthorized };
}

function pem(value: unknown): string | undefined {
  return typeof value === 'string' || value instanceof Buffer ? value.toString() : undefined;
}
