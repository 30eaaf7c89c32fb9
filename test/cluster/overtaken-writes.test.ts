/** Writes that somebody overtakes: they are rejected, the object is read again, and what comes of that is right. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Gate, type GateRequest } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';

const cluster = useCluster({ nodes: 0 });
const PORTS = { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9172 };

/** What the operator reads by GET is what it read again. */
async function readAgain(namespace: string): Promise<string[]> {
  const requests = await cluster().requestsSince({ offset: 0 });
  return requests
    .filter((entry) => entry.verb === 'get' && entry.namespace === namespace)
    .map(({ resource, name }) => `${resource} ${name!}`)
    .sort();
}

test('patches that come too late for their guards: each workload is read again and moved from where it is', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: PORTS });
  const gate = new Gate(cluster().controlPlane, isPatchOf('/apis/apps/'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('three patches under way', () => Promise.resolve(gate.waiting.length === 3));
  for (const name of ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const) {
    await rook.rewrite(name, { CSIADDONS_PORT: '9999' });
  }
  gate.open();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9170, 9171, 9172]);
  expect(await readAgain(rook.namespace)).toEqual([
    'daemonsets csi-rbdplugin',
    'deployments csi-cephfsplugin-provisioner',
    'deployments csi-rbdplugin-provisioner',
  ]);
});

test.each([
  ['argument', { op: 'add', path: '/args/-', value: '--controller-port=9070' }],
  ['declared port', { op: 'add', path: '/ports/-', value: { containerPort: 9072, name: 'another', protocol: 'TCP' } }],
])(
  'an %s that was added while the patch was under way passes its guards, and is moved at once',
  async (_, addition) => {
    const { rook, assignment } = await cluster().installRookWithAssignment();
    const gate = new Gate(cluster().controlPlane, isPatchOf('/deployments/csi-cephfsplugin-provisioner'));
    await cluster().startOperator({ kubeconfig: await gate.start() });
    await waitFor('the patch under way', () => Promise.resolve(gate.waiting.length === 1));
    const { spec } = await rook.workload('cephfsProvisioner');
    const sidecar = spec!.template.spec!.containers.findIndex(({ name }) => name === 'csi-addons');
    const path = `/spec/template/spec/containers/${sidecar}${addition.path}`;
    const patch = [{ ...addition, path }];
    await cluster().controlPlane.api.patch(
      rook.workloadPath('cephfsProvisioner'),
      patch,
      'application/json-patch+json',
    );
    gate.open();
    await waitFor('the sidecar on its port alone', async () => {
      const { containers } = (await rook.workload('cephfsProvisioner')).spec!.template.spec!;
      const { args = [], ports = [] } = containers[sidecar]!;
      const told = args.filter((argument) => argument.includes('controller-port'));
      return (
        told.every((argument) => argument.endsWith('=9071')) && ports.length === 1 && ports[0]!.containerPort === 9071
      );
    });
    await assignment.waitForReason('Ready', 'RollingOut');
    const reasons = (await cluster().events(rook.namespace)).map(({ reason }) => reason);
    expect(reasons).not.toContain('PatchRejected');
  },
);

test('arguments that a sidecar without any is given while the patch is under way stay', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { spec } = await rook.workload('cephfsProvisioner');
  const sidecar = spec!.template.spec!.containers.findIndex(({ name }) => name === 'csi-addons');
  const path = `/spec/template/spec/containers/${sidecar}/args`;
  const edit = (operation: object): Promise<unknown> => {
    const patch = [{ path, ...operation }];
    return cluster().controlPlane.api.patch(
      rook.workloadPath('cephfsProvisioner'),
      patch,
      'application/json-patch+json',
    );
  };
  await edit({ op: 'remove' });
  const gate = new Gate(cluster().controlPlane, isPatchOf('/deployments/csi-cephfsplugin-provisioner'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('the patch under way', () => Promise.resolve(gate.waiting.length === 1));
  await edit({ op: 'add', value: ['--v=5'] });
  gate.open();
  await assignment.waitForReason('Ready', 'RollingOut');
  const { containers } = (await rook.workload('cephfsProvisioner')).spec!.template.spec!;
  expect(containers[sidecar]!.args).toEqual(['--v=5', '--controller-port=9071']);
});

test('a pin that an edit has overtaken: the edit is read, and is the wish of whoever made it', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const gate = new Gate(cluster().controlPlane, isPatchOf('/configmaps/'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('the pin under way', () => Promise.resolve(gate.waiting.length === 1));
  const configMap = `/api/v1/namespaces/${rook.namespace}/configmaps/rook-ceph-operator-config`;
  await cluster().controlPlane.api.patch(configMap, { data: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9275' } });
  gate.open();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9070, 9275, 9072]);
  expect(await rook.config()).toMatchObject({ CSIADDONS_CEPHFS_PROVISIONER_PORT: '9275', CSIADDONS_PORT: '9072' });
  expect(await readAgain(rook.namespace)).toContain('configmaps rook-ceph-operator-config');
});

test('a status that an edit has overtaken speaks of the edit', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const gate = new Gate(cluster().controlPlane, isPatchOf('/csiportassignments/default/status'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('the status under way', () => Promise.resolve(gate.waiting.length === 1));
  const generation = await assignment.edit({ ports: PORTS });
  gate.open();
  const { observedGeneration, ports } = await assignment.waitForReason('Ready', 'RollingOut');
  expect({ observedGeneration, ports }).toEqual({ observedGeneration: generation, ports: PORTS });
  expect(await rook.layout()).toEqual([9170, 9171, 9172]);
  expect(await readAgain(rook.namespace)).toContain('csiportassignments default');
});

function isPatchOf(part: string): (request: GateRequest) => boolean {
  return ({ method, path }) => method === 'PATCH' && path.includes(part);
}

test('against somebody who overwrites the status without end, it writes once a second after the first twenty', async () => {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  const mark = await controlPlane.audit.mark();
  const path = `/apis/csiports.io/v1alpha1/namespaces/${rook.namespace}/csiportassignments/default/status`;
  const begun = performance.now();
  const overwrite = async (rounds: number): Promise<number> => {
    for (let round = 0; round < rounds; round += 1)
      await controlPlane.api.patch(path, { status: { ports: { rbdProvisioner: 5000 + (round % 2) } } });
    return (await cluster().writesSince(mark)).length;
  };
  await waitFor('more than twenty writes of the operator', async () => (await overwrite(20)) > 20);
  const writes = await overwrite(100);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`measured | status fight of ${seconds.toFixed(1)} s | ${writes} writes of the operator`);
  expect(writes).toBeLessThanOrEqual(20 + seconds + 1);
  await waitFor('the operator to have the last word', async () => {
    const { ports } = await assignment.status();
    return ports.rbdProvisioner === 9070;
  });
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  expect(operator.warnings).toEqual([]);
});
