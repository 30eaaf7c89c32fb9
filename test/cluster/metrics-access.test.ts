/** /metrics by TLS: who gets them by the real API server's word, and how the program ends without a certificate. */
import { mkdtemp, rename, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createIdentity, type Identity } from '../support/api-server-double.js';
import { waitUntilAllowed } from '../support/access.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Operator } from '../support/operator.js';
import { CONFLICT_LAYOUT } from '../support/slots.js';
import { OPERATOR_USER } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });

/** A folder as kubelet mounts a Secret: the files are links into one that is replaced as a whole. */
class MountedSecret {
  readonly folder: string;
  #versions = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async mount(identity: Identity): Promise<MountedSecret> {
    const secret = new MountedSecret(await mkdtemp(join(tmpdir(), 'metrics-certs-')));
    onTestFinished(() => rm(secret.folder, { recursive: true }));
    await secret.replace(identity);
    for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(secret.folder, name));
    return secret;
  }

  async replace({ cert, key }: Identity): Promise<void> {
    this.#versions += 1;
    const version = `..version-${this.#versions}`;
    await mkdir(join(this.folder, version));
    await writeFile(join(this.folder, version, 'tls.crt'), cert);
    await writeFile(join(this.folder, version, 'tls.key'), key);
    await symlink(version, join(this.folder, '..data_tmp'));
    await rename(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
  }
}

function get({ metricsPort: port }: Operator, ca: string, token?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const asked = request({ host: '127.0.0.1', port, path: '/metrics', ca, agent: false, headers }, (response) => {
      void text(response).then((body) => resolve({ status: response.statusCode!, body }));
    });
    asked.on('error', reject).end();
  });
}

/** The token of a new ServiceAccount; bound to the role that reads the metrics, or to none. */
async function account(name: string, isReader: boolean): Promise<string> {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['create', 'serviceaccount', '-n', 'default', name]);
  if (isReader) {
    const binding = ['create', 'clusterrolebinding', name, '--clusterrole=csi-port-operator-metrics-reader'];
    await controlPlane.kubectl([...binding, `--serviceaccount=default:${name}`]);
  }
  return controlPlane.serviceAccountToken('default', name);
}

async function startSecured(secret: MountedSecret, cert: string): Promise<Operator> {
  const operator = await cluster().startOperator({ args: [`--metrics-cert-path=${secret.folder}`] });
  await waitFor('the metrics to be served', () => get(operator, cert).then(() => true));
  return operator;
}

test('without a token 401, without the right 403, with the role 200; the API server is asked once for many scrapes', async () => {
  const { controlPlane } = cluster();
  const identity = createIdentity('metrics');
  const operator = await startSecured(await MountedSecret.mount(identity), identity.cert);
  const [reader, other] = [await account('reader', true), await account('other', false)];

  // Not even to whom it may be shown, as long as the operator may not ask.
  const lacking = await get(operator, identity.cert, reader).catch(String);
  expect(lacking).toMatchObject({ status: 500 });
  await operator.waitForLine('a warning', ({ level }) => level === 'warn');
  expect(operator.warnings).toMatchObject([
    {
      msg: 'Scrape rejected: its token cannot be checked',
      remedy: 'kubectl apply -k config/rbac/metrics-auth',
    },
  ]);

  await controlPlane.kubectl(['apply', '-k', 'config/rbac/metrics-auth']);
  const mark = await controlPlane.audit.mark();
  // Before the first scrape: what is rejected is kept for a while, and asked again then.
  const toReview = { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' };
  await waitUntilAllowed(controlPlane.api, OPERATOR_USER, toReview);
  await waitUntilAllowed(controlPlane.api, 'system:serviceaccount:default:reader', { verb: 'get', path: '/metrics' });
  const allowed = await get(operator, identity.cert, reader);
  expect(allowed.status).toBe(200);
  expect(allowed.body).toContain('csiports_build_info{');
  for (let scrape = 0; scrape < 5; scrape += 1) {
    expect((await get(operator, identity.cert, reader)).status).toBe(200);
  }
  expect(await get(operator, identity.cert)).toEqual({
    status: 401,
    body: 'send a bearer token of the cluster: Authorization: Bearer TOKEN\n',
  });
  expect(await get(operator, identity.cert, `${reader}x`)).toMatchObject({ status: 401 });
  expect(await get(operator, identity.cert, other)).toEqual({
    status: 403,
    body:
      'system:serviceaccount:default:other may not get /metrics: bind it to ClusterRole ' +
      'csi-port-operator-metrics-reader\n',
  });
  expect((await get(operator, identity.cert, reader)).status).toBe(200);

  const reviews = await waitFor('the audit log to have the reviews', async () => {
    const requests = await controlPlane.audit.since(mark, { user: OPERATOR_USER });
    const done = requests.filter(({ resource, code }) => resource.endsWith('reviews') && code === 201);
    return done.length >= 5 && done.map(({ resource }) => resource).sort();
  });
  // The reader, the wrong token, the other one.
  expect(reviews).toEqual([
    ...['subjectaccessreviews', 'subjectaccessreviews'],
    ...['tokenreviews', 'tokenreviews', 'tokenreviews'],
  ]);
  const log = JSON.stringify(operator.log);
  for (const token of [reader, other]) expect(log).not.toContain(token);
});

test('a renewed Secret is taken up without a restart', async () => {
  const [one, two] = [createIdentity('one'), createIdentity('two')];
  const secret = await MountedSecret.mount(one);
  const operator = await startSecured(secret, one.cert);
  await secret.replace(two);
  await waitFor('the new certificate', async () => (await get(operator, two.cert)).status === 401);
  await expect(get(operator, one.cert)).rejects.toThrow(/self-signed certificate|signature failure/);
  expect(operator.warnings).toEqual([]);
});

test('a folder without a certificate ends the program before it does anything, with one line that says so', async () => {
  const { rook } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator({ args: ['--metrics-cert-path=/nonexistent'] });
  await waitFor('the end of the program', () => Promise.resolve(!operator.isRunning));
  expect(await operator.stop()).toBe(1);
  expect(operator.log).toMatchObject([
    {
      level: 'fatal',
      msg: 'Cannot run',
      error: expect.stringMatching(
        /^the certificate of the metrics cannot be read: ENOENT.*\/nonexistent\/tls\.crt/,
      ) as string,
    },
  ]);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
});
