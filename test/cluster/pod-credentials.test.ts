/** What a pod is given to reach the API server with is replaced under a process that runs: tokens that expire, other authorities. */
import { describe, expect, test } from 'vitest';
import { createIdentity } from '../support/api-server-double.js';
import type { Assignment } from '../support/assignment.js';
import { describeRequest, STATUS_WRITE, useCluster } from '../support/cluster.js';
import { AdminApi, AdminApiError } from '../support/control-plane/admin-api.js';
import { writesOf, type Mark } from '../support/control-plane/audit-log.js';
import { signToken } from '../support/control-plane/credentials.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { namespaceProblem } from '../support/image/container.js';
import { Pod } from '../support/image/pod.js';
import { portsRight } from '../support/recovery.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { SLOTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../support/operator-account.js';

// A starting API server answers 403 until it has read its own roles.
const cluster = useCluster({ nodes: 0, withholdsRights: true });
const lastError = await namespaceProblem();
if (lastError !== undefined) console.log(`skipped: no pod's files can be laid out for a process, as ${lastError}`);

const ACCOUNT = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/csi-port-operator`;
/** A write that failed is tried again after up to 30 s. */
const WITHIN_SECONDS = 45;
const MOVE_BACK = 'patch deployments csi-cephfsplugin-provisioner';

interface Served {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly pod: Pod;
}

async function serve(token?: string): Promise<Served> {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const pod = await Pod.start(cluster(), token === undefined ? {} : { token });
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  return { rook, assignment, pod };
}

async function shortLivedToken(expirationSeconds: number): Promise<string> {
  const { controlPlane } = cluster();
  const { metadata } = await controlPlane.api.get(ACCOUNT);
  const account = { namespace: OPERATOR_NAMESPACE, name: 'csi-port-operator', uid: metadata.uid! };
  return signToken(controlPlane.directory, { ...account, expirationSeconds });
}

/** The API server believes a token for some seconds more. */
async function waitUntilRejected(token: string): Promise<void> {
  const { server, ca } = cluster().controlPlane;
  const api = new AdminApi(server, ca, token);
  await waitFor('the token to be rejected', async () => {
    const rejection = await api.get('/version').catch((error: unknown) => error);
    return rejection instanceof AdminApiError && rejection.status === 401;
  });
  api.close();
}

async function stored(mark: Mark): Promise<string[]> {
  const requests = await cluster().controlPlane.audit.since(mark, { user: OPERATOR_USER });
  const writes = writesOf(requests).filter(({ code, resource }) => code < 300 && resource !== 'events');
  return writes.map(describeRequest).filter((write) => write !== STATUS_WRITE);
}

describe.skipIf(lastError !== undefined)('in a pod', () => {
  test('a token that has expired is replaced by what is in its file then, before any write is lost', async () => {
    const token = await shortLivedToken(8);
    const { rook, assignment, pod } = await serve(token);
    await pod.setAccount({ token: await shortLivedToken(3600) });
    await waitUntilRejected(token);
    const logged = pod.log.length;
    const mark = await cluster().controlPlane.audit.mark();
    await rook.rewrite('cephfsProvisioner');
    await portsRight(rook, {
      fault: 'token expired, the next in its place',
      since: performance.now(),
      withinSeconds: 30,
    });
    await assignment.waitUntilSettled();
    expect(await stored(mark)).toEqual([MOVE_BACK]);
    expect(pod.log.slice(logged).filter(({ level }) => level === 'warn')).toEqual([]);
    expect(await pod.stop()).toBe(0);
  });

  test('a token file that is empty, and then half-written, when it is needed: tried again until a good one is there', async () => {
    const token = await shortLivedToken(8);
    const { rook, assignment, pod } = await serve(token);
    const valid = await shortLivedToken(3600);
    await waitUntilRejected(token);
    const mark = await cluster().controlPlane.audit.mark();
    await pod.setAccount({ token: '' });
    await rook.rewrite('cephfsProvisioner');
    await pod.waitForLine('the empty file', ({ error }) => String(error).includes('token is empty'));
    await pod.setAccount({ token: valid.slice(0, valid.length / 2) });
    await pod.waitForLine('the rejection of half a token', ({ error }) => String(error).includes('401'));
    expect(await pod.isHealthy()).toBe(true);
    expect((await rook.ports('cephfsProvisioner')).argument).toBe(9070);
    await pod.setAccount({ token: valid });
    const fault = 'token file empty, half-written, then good';
    await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
    const { workloads } = await assignment.waitUntilSettled();
    expect(workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'RollingOut'));
    expect(await stored(mark)).toEqual([MOVE_BACK]);
    const reasons = (await cluster().events(rook.namespace)).map(({ reason }) => reason);
    expect(reasons).not.toContain('PatchRejected');
    expect(await pod.stop()).toBe(0);
  });

  test.each([
    ['empty', () => ''],
    ['half-written', (ca: string) => ca.slice(0, ca.length / 2)],
    ['of the old authority', (ca: string) => ca],
  ])('another certificate of the API server, with ca.crt %s at first', async (what, contentOf) => {
    const { rook, assignment, pod } = await serve();
    const { controlPlane } = cluster();
    const logged = pod.log.length;
    await controlPlane.killApiServer();
    await pod.setAccount({ ca: contentOf(controlPlane.ca) });
    await controlPlane.startApiServerWith(createIdentity('rotated'));
    const mark = await controlPlane.audit.mark();
    await rook.rewrite('cephfsProvisioner');
    const distrust = /self-signed|certificate|is empty/;
    await pod.waitForLine('the operator not to trust it', ({ error }) => distrust.test(String(error)), logged);
    await pod.setAccount({ ca: controlPlane.ca });
    const fault = `another authority, ca.crt ${what} until later`;
    await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
    await assignment.waitUntilSettled();
    expect(await stored(mark)).toEqual([MOVE_BACK]);
    expect(await pod.isHealthy()).toBe(true);
    expect(await pod.stop()).toBe(0);
  });

  test('another certificate, whose authority is in ca.crt beforehand beside the old one', async () => {
    const { rook, assignment, pod } = await serve();
    const { controlPlane } = cluster();
    const next = createIdentity('next');
    await pod.setAccount({ ca: `${controlPlane.ca}${next.cert}` });
    await controlPlane.killApiServer();
    await controlPlane.startApiServerWith(next);
    const since = performance.now();
    const mark = await controlPlane.audit.mark();
    await rook.rewrite('cephfsProvisioner');
    await portsRight(rook, { fault: 'another authority, in ca.crt beforehand', since, withinSeconds: WITHIN_SECONDS });
    await pod.setAccount({ ca: next.cert });
    await assignment.waitUntilSettled();
    expect(await stored(mark)).toEqual([MOVE_BACK]);
    expect(await pod.stop()).toBe(0);
  });
});
