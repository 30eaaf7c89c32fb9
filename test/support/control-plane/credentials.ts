import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of ServiceAccount tokens. */
export const ISSUER = 'https://kubernetes.default.svc';

export interface Tokens {
  readonly admin: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kwok: string;
  /** By the name of the node. */
  readonly kubelets: Readonly<Record<string, string>>;
}

export function createTokens(nodes: readonly string[] = []): Tokens {
  const token = (): string => randomBytes(16).toString('hex');
  const kubelets = Object.fromEntries(nodes.map((node) => [node, token()]));
  return { admin: token(), controllerManager: token(), scheduler: token(), kwok: token(), kubelets };
}

/** Writes what the API server authenticates with: the static tokens, and the key that signs ServiceAccount tokens. */
export async function writeCredentials(folder: string, tokens: Tokens): Promise<void> {
  // Users of their own, so that the audit policy can tell the components from everybody else.
  const users = [
    [tokens.admin, 'admin'],
    [tokens.controllerManager, 'system:kube-controller-manager'],
    [tokens.scheduler, 'system:kube-scheduler'],
    [tokens.kwok, 'system:kwok'],
  ].map((user) => [...user, 'system:masters']);
  const kubelets = Object.entries(tokens.kubelets).map(([node, secret]) => {
    return [secret, `system:node:${node}`, 'system:nodes'];
  });
  const lines = [...users, ...kubelets].map(([secret, user, group]) => `${secret!},${user!},${user!},${group!}\n`);
  await writeFile(join(folder, 'tokens.csv'), lines.join(''), { mode: 0o600 });

  // An EC key, as it is made in no time: RSA takes up to half a second.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'sec1', format: 'pem' });
  await writeFile(join(folder, 'service-account.key'), pem, { mode: 0o600 });
}

export interface TokenClaims {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** After which it is believed no more; some seconds later where the API server has it in its cache. */
  readonly expirationSeconds: number;
}

/** For which the API server believes a token that has expired, as clocks differ. */
const LEEWAY_SECONDS = 60;

/** A ServiceAccount's token as the API server signs them, which itself gives none for less than ten minutes. */
export async function signToken(folder: string, claims: TokenClaims): Promise<string> {
  const { namespace, name, uid, expirationSeconds } = claims;
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: ISSUER,
    aud: [ISSUER],
    sub: `system:serviceaccount:${namespace}:${name}`,
    iat: now - LEEWAY_SECONDS,
    nbf: now - LEEWAY_SECONDS,
    exp: now + expirationSeconds - LEEWAY_SECONDS,
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  };
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(payload)}`;
  const key = await readFile(join(folder, 'service-account.key'), 'utf8');
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
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
