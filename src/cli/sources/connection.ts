/** The way to an API server, from a kubeconfig as kubectl finds it or from the files of a pod. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { InClusterCredentials, type Credentials } from '../../kube/credentials.js';
import type { KubeconfigChoice } from '../../kube/kubeconfig.js';
import { Transport } from '../../kube/transport.js';
import { messageOf } from '../../log.js';
import { SourceError } from './source-error.js';

export interface ConnectionOptions extends KubeconfigChoice {
  /** See kubeconfigFiles. Empty: the files that every pod has. */
  readonly kubeconfigs: readonly string[];
  readonly userAgent: string;
  /** For each request, in milliseconds. */
  readonly requestTimeoutMs: number;
}

export interface Connection {
  readonly transport: Transport;
  /** For people: as "context kind-kind", or the address. */
  readonly source: string;
  readonly server: URL;
}

/** Where kubectl looks: the flag, KUBECONFIG, ~/.kube/config. In a pod without any of these none, for its own account. */
export function kubeconfigFiles(flag: string | undefined, environment: NodeJS.ProcessEnv): string[] {
  if (flag !== undefined) return [flag];
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return listed;
  const own = join(environment.HOME ?? homedir(), '.kube', 'config');
  return !existsSync(own) && environment.KUBERNETES_SERVICE_HOST !== undefined ? [] : [own];
}

/** @throws SourceError if the kubeconfig cannot be used; nothing is sent yet */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { userAgent, requestTimeoutMs: timeoutMs } = options;
  try {
    const { credentials, source } = await credentialsOf(options);
    return { transport: new Transport(credentials, { userAgent, timeoutMs }), source, server: credentials.server };
  } catch (error) {
    throw new SourceError(messageOf(error), 'give the kubeconfig of the cluster by --kubeconfig or KUBECONFIG');
  }
}

async function credentialsOf({
  kubeconfigs,
  ...choice
}: ConnectionOptions): Promise<{ credentials: Credentials; source: string }> {
  if (kubeconfigs.length === 0) {
    const credentials = new InClusterCredentials(process.env);
    return { credentials, source: credentials.server.origin };
  }
  const { kubeconfigCredentials } = await import('../../kube/kubeconfig.js');
  const credentials = kubeconfigCredentials(kubeconfigs, choice);
  const { context, server } = credentials;
  return { credentials, source: context === '' ? server.origin : `context ${context}` };
}
