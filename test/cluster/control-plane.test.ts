import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminApi, AdminApiError, type KubeObject } from '../support/control-plane/admin-api.js';
import { writesOf } from '../support/control-plane/audit-log.js';
import { ControlPlane } from '../support/control-plane/control-plane.js';
import { waitFor } from '../support/control-plane/wait-for.js';

const PODS = '/api/v1/namespaces/default/pods';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const SERVICE_ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

/** Of a server that was killed: what a connection that was open says, or a new one. */
const GONE = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/;

interface Pod extends KubeObject {
  spec: { nodeName?: string };
  status: {
    phase: string;
    hostIP?: string;
    podIP?: string;
    conditions?: { type: string; status: string; message?: string }[];
  };
}

function podSpec(port?: number): object {
  const ports = port === undefined ? [] : [{ containerPort: port, hostPort: port }];
  return { hostNetwork: port !== undefined, containers: [{ name: 'main', image: 'image', ports }] };
}

function deployment(name: string, replicas: number): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec() } },
  };
}

async function create(controlPlane: ControlPlane, path: string, kind: string, name: string): Promise<void> {
  await controlPlane.api.create(path, { apiVersion: 'v1', kind, metadata: { name } });
}

async function podsOf(controlPlane: ControlPlane, app: string): Promise<Pod[]> {
  return controlPlane.api.list<Pod>(`${PODS}?labelSelector=app=${app}`);
}

async function running(controlPlane: ControlPlane, app: string, count: number): Promise<Pod[]> {
  return waitFor(`${count} running pods of ${app}`, async () => {
    const pods = await podsOf(controlPlane, app);
    return pods.length === count && pods.every(({ status }) => status.phase === 'Running') && pods;
  });
}

/** The API as somebody else sees it. */
async function asServiceAccount(controlPlane: ControlPlane, name: string): Promise<AdminApi> {
  await create(controlPlane, SERVICE_ACCOUNTS, 'ServiceAccount', name);
  const token = await controlPlane.serviceAccountToken('default', name);
  return new AdminApi(controlPlane.server, controlPlane.ca, token);
}

async function allowConfigMaps(controlPlane: ControlPlane, serviceAccount: string): Promise<void> {
  await controlPlane.kubectl(['create', 'role', serviceAccount, '--verb=*', '--resource=configmaps']);
  const subject = `--serviceaccount=default:${serviceAccount}`;
  await controlPlane.kubectl(['create', 'rolebinding', serviceAccount, `--role=${serviceAccount}`, subject]);
}

/** Every process of a control plane has its folder among its arguments. */
async function processesOf(directory: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args']);
  return stdout.split('\n').filter((line) => line.includes(directory));
}

async function expectNothingLeft(directory: string): Promise<void> {
  await waitFor(`${directory} and its processes to be gone`, async () => {
    const processes = await processesOf(directory);
    return processes.length === 0 && !existsSync(directory);
  });
}

describe('a control plane', () => {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await ControlPlane.start({ audit: true });
  });
  afterAll(() => controlPlane.stop());

  it('runs the pods of a Deployment', async ({ skip }) => {
    skip(!controlPlane.schedules, 'no scheduler: the programs come from an envtest archive');
    await controlPlane.api.create(DEPLOYMENTS, deployment('web', 3));
    const pods = await running(controlPlane, 'web', 3);
    expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(['node-1', 'node-2', 'node-3']);
    expect(new Set(pods.map(({ status }) => status.podIP)).size).toBe(3);
    await waitFor('the Deployment to be available', async () => {
      const { status } = await controlPlane.api.get<{ status: { availableReplicas?: number } }>(`${DEPLOYMENTS}/web`);
      return status.availableReplicas === 3;
    });
    await controlPlane.api.delete(`${DEPLOYMENTS}/web`);
    await waitFor('its pods to be gone', async () => (await podsOf(controlPlane, 'web')).length === 0);
  });

  it('gives a host port of a node to one pod only', async ({ skip }) => {
    skip(!controlPlane.schedules, 'no scheduler: the programs come from an envtest archive');
    for (const name of ['first', 'second']) {
      const spec = { ...podSpec(9070), nodeSelector: { 'kubernetes.io/hostname': 'node-1' } };
      await controlPlane.api.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
      await waitFor(`a verdict on the ${name} pod`, async () => {
        const { status } = await controlPlane.api.get<Pod>(`${PODS}/${name}`);
        return status.phase === 'Running' || status.conditions?.some(({ type }) => type === 'PodScheduled');
      });
    }
    const first = await waitFor('the first pod to run', async () => {
      const pod = await controlPlane.api.get<Pod>(`${PODS}/first`);
      return pod.status.phase === 'Running' && pod;
    });
    expect(first.status.podIP).toBe(first.status.hostIP);
    const { status } = await controlPlane.api.get<Pod>(`${PODS}/second`);
    expect(status.phase).toBe('Pending');
    const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
    expect(scheduled?.message).toContain("didn't have free ports for the requested pod ports");
  });

  it('applies RBAC to ServiceAccounts', async () => {
    const stranger = await asServiceAccount(controlPlane, 'stranger');
    const rejection = await stranger.list(CONFIG_MAPS).catch((error: unknown) => error);
    expect(rejection).toBeInstanceOf(AdminApiError);
    expect(rejection).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });

    await allowConfigMaps(controlPlane, 'stranger');
    await waitFor('the role to be in force', async () => (await stranger.list(CONFIG_MAPS)).length >= 0);
    stranger.close();

    const kubeconfig = await controlPlane.serviceAccountKubeconfig('default', 'stranger');
    await expect(controlPlane.kubectl(['get', 'configmaps'], { kubeconfig })).resolves.toBeTypeOf('string');
    await expect(controlPlane.kubectl(['get', 'nodes'], { kubeconfig })).rejects.toThrow(
      'cannot list resource "nodes"',
    );
  });

  it('logs every request of a ServiceAccount once', async () => {
    const writer = await asServiceAccount(controlPlane, 'writer');
    await allowConfigMaps(controlPlane, 'writer');
    await waitFor('the role to be in force', async () => (await writer.list(CONFIG_MAPS)).length >= 0);

    const mark = await controlPlane.audit.mark();
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } };
    await writer.create(`${CONFIG_MAPS}?dryRun=All`, configMap);
    await writer.create(CONFIG_MAPS, configMap);
    await writer.getText(`${CONFIG_MAPS}?watch=true&timeoutSeconds=1`);
    await writer.list('/api/v1/nodes').catch(() => undefined);

    const user = 'system:serviceaccount:default:writer';
    const entries = await controlPlane.audit.since(mark, { user, userAgent: /^control-plane-admin$/ });
    expect(entries.map(({ verb, resource, code, dryRun }) => [verb, resource, code, dryRun])).toEqual([
      ['create', 'configmaps', 201, true],
      ['create', 'configmaps', 201, false],
      ['watch', 'configmaps', 200, false],
      ['list', 'nodes', 403, false],
    ]);
    expect(writesOf(entries)).toHaveLength(2);
    writer.close();
  });

  it('says who a rejected token came from', async () => {
    const mark = await controlPlane.audit.mark();
    const forger = new AdminApi(controlPlane.server, controlPlane.ca, 'forged');
    await expect(forger.list(CONFIG_MAPS)).rejects.toMatchObject({ status: 401 });
    forger.close();
    const entries = await controlPlane.audit.since(mark, { user: '' });
    expect(entries).toMatchObject([{ code: 401, userAgent: 'control-plane-admin', requestUri: CONFIG_MAPS }]);
  });

  it('keeps its data when the API server is killed, and goes on scheduling', async () => {
    await create(controlPlane, CONFIG_MAPS, 'ConfigMap', 'survivor');
    const before = await controlPlane.api.get(`${CONFIG_MAPS}/survivor`);
    const mark = await controlPlane.audit.mark();
    await controlPlane.killApiServer();
    await expect(controlPlane.api.get(`${CONFIG_MAPS}/survivor`)).rejects.toThrow(GONE);
    await controlPlane.startApiServer();
    expect(await controlPlane.api.get(`${CONFIG_MAPS}/survivor`)).toEqual(before);
    const gets = await controlPlane.audit.since(mark, { user: 'admin' });
    expect(gets.filter(({ name }) => name === 'survivor')).toHaveLength(1);

    if (!controlPlane.schedules) return;
    await controlPlane.api.create(DEPLOYMENTS, deployment('late', 1));
    await running(controlPlane, 'late', 1);
  });

  it('shows what kubectl complains about', async () => {
    await expect(controlPlane.kubectl(['get', 'pod', 'nobody'])).rejects.toThrow('pods "nobody" not found');
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'piped' } });
    expect(await controlPlane.kubectl(['apply', '-f', '-'], { stdin: manifest })).toContain('configmap/piped created');
  });
});

describe('starting and stopping', () => {
  it('works side by side, and leaves nothing behind', async () => {
    const both = await Promise.all([ControlPlane.start({ nodes: 1 }), ControlPlane.start({ nodes: 0 })]);
    const [one, other] = both;
    expect(one.server).not.toBe(other.server);
    expect(other.schedules).toBe(false);
    await create(one, CONFIG_MAPS, 'ConfigMap', 'mine');
    expect(await other.api.getOrUndefined(`${CONFIG_MAPS}/mine`)).toBeUndefined();
    await expect(one.audit.mark()).rejects.toThrow('without { audit: true }');

    expect(await processesOf(one.directory)).not.toHaveLength(0);
    await Promise.all(both.map((controlPlane) => controlPlane.stop()));
    for (const { directory } of both) {
      expect(existsSync(directory)).toBe(false);
      expect(await processesOf(directory)).toEqual([]);
    }
    await one.stop();
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'leaves nothing behind after a %s of its parent',
    async (signal) => {
      const repository = join(import.meta.dirname, '../..');
      const module = join(repository, 'test/support/control-plane/control-plane.ts');
      const script = [
        `const { ControlPlane } = await import(${JSON.stringify(module)});`,
        'console.log((await ControlPlane.start({ nodes: 1 })).directory);',
      ].join('\n');
      const args = ['--import', './scripts/register-ts-node.js', '--input-type=module', '--eval', script];
      const parent = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] });
      const closed = once(parent, 'close');
      const [directory] = (await once(createInterface(parent.stdout), 'line')) as [string];
      expect(await processesOf(directory)).not.toHaveLength(0);
      parent.kill(signal);
      await closed;
      await expectNothingLeft(directory);
    },
  );
});

describe('waitFor', () => {
  it('says what it waited for and what it saw last', async () => {
    const waiting = waitFor('Godot', () => Promise.reject(new Error('not here')), { timeoutMs: 20, everyMs: 5 });
    await expect(waiting).rejects.toThrow(/^Waited \d+\.\d s in vain for Godot\. Last seen: not here$/);
  });
});
