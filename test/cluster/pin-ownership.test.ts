/** Whose a key in rook-ceph-operator-config is: the operator's own pin, or a wish of the user's. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const NAME = 'rook-ceph-operator-config';
const CEPHFS = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';

async function pinned(): Promise<{ rook: RookInstallation; assignment: Assignment }> {
  const installed = await cluster().installRookWithAssignment();
  await cluster().startOperator();
  await installed.assignment.waitForReason('Ready', 'RollingOut');
  await installed.assignment.waitUntilSettled();
  expect((await installed.rook.config())[CEPHFS]).toBe('9071');
  return installed;
}

/** Ways to write a key that go by another name in managedFields. */
const EDITS: Record<string, (namespace: string, port: string) => Promise<string>> = {
  'kubectl patch': (namespace, port) =>
    kubectl(namespace, [
      'patch',
      'configmap',
      NAME,
      '--type=merge',
      '-p',
      JSON.stringify({ data: { [CEPHFS]: port } }),
    ]),
  'kubectl replace': async (namespace, port) => {
    const stored = JSON.parse(await kubectl(namespace, ['get', 'configmap', NAME, '-o', 'json'])) as {
      data: Record<string, string>;
    };
    return kubectl(namespace, ['replace', '-f', '-'], { ...stored, data: { ...stored.data, [CEPHFS]: port } });
  },
  'kubectl apply --server-side': (namespace, port) =>
    kubectl(namespace, ['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME },
      data: { [CEPHFS]: port },
    }),
};

function kubectl(namespace: string, args: string[], stdin?: object): Promise<string> {
  const options = stdin === undefined ? {} : { stdin: JSON.stringify(stdin) };
  return cluster().controlPlane.kubectl(['-n', namespace, ...args], options);
}

async function waitForLayout(rook: RookInstallation, layout: number[]): Promise<void> {
  await waitFor(
    `the layout ${layout.join()}`,
    async () => JSON.stringify(await rook.layout()) === JSON.stringify(layout),
    { lastSeen: () => rook.layout() },
  );
}

test.each(Object.keys(EDITS))('a pinned key edited by %s is a wish, and is followed', async (tool) => {
  const { rook, assignment } = await pinned();
  const mark = await cluster().controlPlane.audit.mark();
  await EDITS[tool]!(rook.namespace, '9171');
  await waitForLayout(rook, [9070, 9171, 9072]);
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write.includes('configmaps'))).toEqual([]);
  expect((await rook.config())[CEPHFS]).toBe('9171');
  const { ports } = await assignment.status();
  expect(ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9171, rbdNodePlugin: 9072 });
});

test("an edit to another slot's port takes it: the other slot gives way, and its own pin follows", async () => {
  const { rook, assignment } = await pinned();
  await EDITS['kubectl patch']!(rook.namespace, '9070');
  await waitForLayout(rook, [9071, 9070, 9072]);
  await assignment.waitUntilSettled();
  expect(await rook.config()).toMatchObject({ CSIADDONS_RBD_PROVISIONER_PORT: '9071', [CEPHFS]: '9070' });
});

test('an edit to a value that Rook cannot read is pinned over, and is then no wish', async () => {
  const { rook, assignment } = await pinned();
  await EDITS['kubectl patch']!(rook.namespace, 'abc');
  await waitFor('the pin', async () => (await rook.config())[CEPHFS] === '9071');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  await assignment.edit({ ports: { cephfsProvisioner: 9171 } });
  await waitForLayout(rook, [9070, 9171, 9072]);
  await assignment.edit({ ports: { cephfsProvisioner: null } });
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9070, 9171, 9072]);
});

test('a pinned key that somebody takes out is pinned again, in one patch', async () => {
  const { rook, assignment } = await pinned();
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().controlPlane.api.patch(rook.configPath, { data: { [CEPHFS]: null } });
  await waitFor('the pin', async () => (await rook.config())[CEPHFS] === '9071');
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write.startsWith('patch') && !write.includes('status'))).toEqual([
    `patch configmaps ${NAME}`,
  ]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test('a ConfigMap that was deleted and made again is pinned again', async () => {
  const { rook, assignment } = await pinned();
  const { api } = cluster().controlPlane;
  await api.delete(rook.configPath);
  await waitFor('the ConfigMap to be told absent', async () => {
    return (await assignment.condition('Degraded')).message.includes('is absent');
  });
  await api.create(`/api/v1/namespaces/${rook.namespace}/configmaps`, {
    metadata: { name: NAME },
    data: { ROOK_LOG_LEVEL: 'INFO' },
  });
  await waitFor('the pin', async () => (await rook.config())[CEPHFS] === '9071');
  expect(await rook.config()).toEqual({
    ROOK_LOG_LEVEL: 'INFO',
    CSIADDONS_RBD_PROVISIONER_PORT: '9070',
    [CEPHFS]: '9071',
    CSIADDONS_PORT: '9072',
  });
});

test.each([
  { how: 'was created empty', prepare: createEmpty },
  { how: 'lost its managedFields', prepare: resetManagedFields },
])(
  'of a ConfigMap that $how nobody owns the keys: a pin that is reverted again and again is contested',
  async ({ prepare }) => {
    const spec = { ports: { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9172 } };
    const { rook, assignment } = await cluster().installRookWithAssignment({}, spec);
    await prepare(rook);
    const operator = await cluster().startOperator();
    await assignment.waitForReason('Ready', 'RollingOut');
    await assignment.waitUntilRestored();
    expect((await rook.config())[CEPHFS]).toBe('9171');
    const mark = await cluster().controlPlane.audit.mark();
    // With the first, that makes five writes.
    for (let revert = 1; revert <= 5; revert += 1) {
      await cluster().controlPlane.api.patch(rook.configPath, { data: { [CEPHFS]: '9070' } });
      const isMended = async (): Promise<boolean> => (await rook.config())[CEPHFS] === '9171';
      if (revert < 5) await waitFor(`revert ${revert} to be mended`, isMended);
    }
    await assignment.waitForReason('Progressing', 'BackingOff');
    const { reason, message } = await assignment.condition('Degraded');
    expect(reason).toBe('Contested');
    expect(message).toContain(
      `ConfigMap ${NAME} (${CEPHFS}) is changed back again and again by a writer that left no name`,
    );
    const writes = await cluster().storedUntilRestored(mark, assignment);
    expect(writes).toEqual(Array.from({ length: 4 }, () => `patch configmaps ${NAME}`));
    expect((await rook.config())[CEPHFS]).toBe('9070');
    await operator.stop();
  },
);

async function createEmpty({ configPath, namespace }: RookInstallation): Promise<void> {
  const { api } = cluster().controlPlane;
  await api.delete(configPath);
  await api.create<object>(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: NAME } });
}

async function resetManagedFields({ configPath }: RookInstallation): Promise<void> {
  await cluster().controlPlane.api.patch(configPath, { metadata: { managedFields: [{}] } });
}
