import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Tokens {
  readonly admin: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kwok: string;
}

export function createTokens(): Tokens {
  const token = (): string => randomBytes(16).toString('hex');
  return { admin: token(), controllerManager: token(), scheduler: token(), kwok: token() };
}

/** Writes what the API server authenticates with: the static tokens, and the key that signs ServiceAccount tokens. */
export async function writeCredentials(folder: string, tokens: Tokens): Promise<void> {
  // Users of their own, so that the audit policy can tell the components from everybody else.
  const users = [
    [tokens.admin, 'admin'],
    [tokens.controllerManager, 'system:kube-controller-manager'],
    [tokens.scheduler, 'system:kube-scheduler'],
    [tokens.kwok, 'system:kwok'],
  ];
  const lines = users.map(([secret, user]) => `${secret!},${user!},${user!},system:masters\n`);
  await writeFile(join(folder, 'tokens.csv'), lines.join(''), { mode: 0o600 });

  // An EC key, as it is made in no time: RSA takes up to half a second.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'sec1', format: 'pem' });
  await writeFile(join(folder, 'service-account.key'), pem, { mode: 0o600 });
}

export interface Access {
  server: string;
  /** PEM. */
  ca: string;
  token: string;
}

/** Writes a kubeconfig (JSON is YAML) and returns its path. */
export async function writeKubeconfig(file: string, { server, ca, token }: Access): Promise<string> {
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'control-plane', cluster }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'control-plane', context: { cluster: 'control-plane', user: 'user' } }],
    'current-context': 'control-plane',
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
}
