/** What a pod finds out about itself, and all that Rook's program reads: it knows no kubeconfig. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Access } from './kube-client.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export async function inClusterAccess(environment: NodeJS.ProcessEnv): Promise<Access> {
  const host = required(environment, 'KUBERNETES_SERVICE_HOST');
  const port = required(environment, 'KUBERNETES_SERVICE_PORT');
  const [token, ca] = await Promise.all(
    ['token', 'ca.crt'].map((name) => readFile(join(SERVICE_ACCOUNT, name), 'utf8')),
  );
  return { server: `https://${host}:${port}`, token: token!.trim(), ca: ca! };
}

export function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
