/** kubectl csiports for accounts that may read a part or nothing, and where the API server is away: a partial answer, or exit code 3. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { waitUntilAllowed } from '../support/access.js';
import { writeKubeconfig } from '../support/control-plane/credentials.js';
import { useCluster } from '../support/cluster.js';
import { Plugin } from '../support/plugin.js';

const cluster = useCluster({ withholdsRights: true });

let plugin: Plugin;
beforeAll(async () => {
  plugin = new Plugin(cluster().controlPlane);
  await cluster().controlPlane.kubectl(['create', 'namespace', 'people']);
});

/** What the plugin lists, as `kubectl create role` takes it. */
const WORKLOADS = 'deployments.apps,daemonsets.apps,configmaps,csiportassignments.csiports.io,drivers.csi.ceph.io';
const PODS = 'pods';

/** The path of a kubeconfig of a new account. @param namespace where it may list; undefined: everywhere */
async function accountThatLists(name: string, resources: string, namespace?: string): Promise<string> {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['-n', 'people', 'create', 'serviceaccount', name]);
  if (resources !== '') {
    const kind = namespace === undefined ? 'clusterrole' : 'role';
    const scope = namespace === undefined ? [] : ['-n', namespace];
    // As manifests: kubectl create role asks the API server for each resource, and ceph-csi-operator is not installed.
    const rules = resources.split(',').map((resource) => {
      const [plural, ...group] = resource.split('.');
      return { apiGroups: [group.join('.')], resources: [plural], verbs: ['list'] };
    });
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: kind === 'role' ? 'Role' : 'ClusterRole',
      metadata: { name },
      rules,
    };
    await controlPlane.kubectl([...scope, 'create', '-f', '-'], { stdin: JSON.stringify(role) });
    const binding = namespace === undefined ? 'clusterrolebinding' : 'rolebinding';
    const subject = [`--${kind}=${name}`, `--serviceaccount=people:${name}`];
    await controlPlane.kubectl([...scope, 'create', binding, name, ...subject]);
    const last = rules.at(-1)!;
    await waitUntilAllowed(controlPlane.api, `system:serviceaccount:people:${name}`, {
      verb: 'list',
      group: last.apiGroups[0]!,
      resource: last.resources[0]!,
      ...(namespace === undefined ? {} : { namespace }),
    });
  }
  return controlPlane.serviceAccountKubeconfig('people', name);
}

test('who may not list pods learns of a conflict between templates, and cannot be told that there is none', async () => {
  const kubeconfig = await accountThatLists('no-pods', WORKLOADS);
  const { assignment } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  const before = await plugin.document('check', [], { kubeconfig });
  expect({ code: before.code, verdict: before.document.verdict }).toEqual({ code: 1, verdict: 'Conflict' });
  await cluster().startOperator();
  await assignment.waitUntilAssigned();

  const { code, document } = await plugin.document('check', [], { kubeconfig });
  expect({ code, verdict: document.verdict }).toEqual({ code: 3, verdict: 'CannotTell' });
  expect(document.gaps).toEqual([expect.objectContaining({ what: 'Pods on the host network', reason: 'Forbidden' })]);
  const { stdout, stderr } = await plugin.run(['check'], { kubeconfig });
  expect(stdout).toContain('kubectl auth can-i list pods --all-namespaces');
  expect(stderr).toBe('');
  const doctor = await plugin.document('doctor', [], { kubeconfig });
  expect(doctor.code).toBe(1);
});

test('who may read one namespace gets an answer about that one by -n, and is told so without', async () => {
  const { rook } = await cluster().installRookWithAssignment({ version: '1.17.9' });
  const kubeconfig = await accountThatLists('one-namespace', `${WORKLOADS},${PODS}`, rook.namespace);

  const all = await plugin.run(['check'], { kubeconfig });
  expect(all).toMatchObject({ code: 3, stdout: '' });
  expect(all.stderr).toMatch(/^kubectl csiports: .* name a namespace that you may read by -n\n$/);

  const { code, document } = await plugin.document('check', ['-n', rook.namespace], { kubeconfig });
  expect({ code, verdict: document.verdict }).toEqual({ code: 1, verdict: 'Conflict' });
  expect(document.rooks.map(({ namespace }) => namespace)).toEqual([rook.namespace]);
  expect(document.gaps.length).toBeGreaterThan(0);
  for (const { reason, message } of document.gaps) expect({ reason, message }).toMatchObject({ reason: 'Forbidden' });
});

describe('nothing can be read', () => {
  test('an account without any right', async () => {
    const kubeconfig = await accountThatLists('nobody', '');
    for (const command of ['check', 'plan', 'status']) {
      const { code, stdout, stderr } = await plugin.run([command], { kubeconfig });
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(/^kubectl csiports: .*\n$/);
    }
    const doctor = await plugin.document('doctor', [], { kubeconfig });
    expect(doctor.code).toBe(3);
    expect(doctor.document.checks).toContainEqual(
      expect.objectContaining({ title: 'Your rights to read', verdict: 'unknown' }) as object,
    );
  });

  async function expectFailure(args: readonly string[], kubeconfig: string, message: string | RegExp): Promise<void> {
    const { code, stdout, stderr } = await plugin.run(args, { kubeconfig });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^kubectl csiports: .*\n$/);
  }

  function kubeconfigOf(name: string, change: { server?: string; token?: string }): Promise<string> {
    const { directory, server, ca, adminToken } = cluster().controlPlane;
    return writeKubeconfig(join(directory, `${name}.kubeconfig`), { server, ca, token: adminToken, ...change });
  }

  test('a token that is rejected, without saying it', async () => {
    const kubeconfig = await kubeconfigOf('rejected', { token: 'not-a-token' });
    await expectFailure(['check'], kubeconfig, /rejects the credentials.*401.*; log in again/);
    expect((await plugin.run(['check'], { kubeconfig })).stderr).not.toContain('not-a-token');
  });

  test('an API server that refuses connections', async () => {
    const kubeconfig = await kubeconfigOf('refused', { server: 'https://127.0.0.1:1' });
    for (const command of ['check', 'plan', 'status', 'doctor']) {
      await expectFailure([command], kubeconfig, /ECONNREFUSED.*; check that kubectl reaches the cluster/);
    }
  });

  test('one that takes a connection and says nothing: after the time limit', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const kubeconfig = await kubeconfigOf('silent', { server: `https://127.0.0.1:${port}` });
    const begun = performance.now();
    await expectFailure(['check', '--request-timeout=1s'], kubeconfig, 'no response within 1000 ms');
    expect(performance.now() - begun).toBeLessThan(15_000);
  });

  test('a kubeconfig that is not there, is none, or lacks the context', async () => {
    const { adminKubeconfig } = cluster().controlPlane;
    await expectFailure(['check', '--kubeconfig=/nowhere'], adminKubeconfig, /\/nowhere.*; give the kubeconfig/);
    await expectFailure(
      ['check', '--kubeconfig=package.json'],
      adminKubeconfig,
      /package\.json.*; give the kubeconfig/,
    );
    await expectFailure(
      ['check', '--context=elsewhere'],
      adminKubeconfig,
      /has no context "elsewhere", but control-plane/,
    );
  });
});

test('the command line is wrong: exit code 2, and the near name', async () => {
  for (const [line, message] of [
    ['chek', "unknown command 'chek'; did you mean check?"],
    ['check --colour', "unknown option '--colour'; did you mean --color?"],
    ['explain PortInUze', 'PortInUse'],
  ] as const) {
    const { code, stdout, stderr } = await plugin.run(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^kubectl csiports: .*\n$/);
  }
});
