/**
 * The Rook program does what Rook was seen to do (docs/maintainer/rook.md, When it writes and How it reads a key). Its requests are
 * counted in the audit log: a PUT that changes nothing yields no event.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { RookProgram, type RookProgramOptions } from '../support/rook/program/rook-program.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CSI_WORKLOAD_NAMES } from '../support/rook/names.js';
import { CSI_WORKLOADS } from '../support/rook/render.js';
import type { RookVersion } from '../support/rook/release.js';
import { RookWrites } from '../support/rook/rook-writes.js';
import { CONFLICT_LAYOUT, DEFAULT_PORTS, each, inOrder, keysOf, layoutOf, OTHER_PORTS } from '../support/slots.js';

const cluster = useCluster();

const ONE_PASS = CSI_WORKLOADS.map((name) => CSI_WORKLOAD_NAMES[name]);
const RBD = 'CSIADDONS_RBD_PROVISIONER_PORT';
const CEPHFS = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';
const NODE = 'CSIADDONS_PORT';
/** The node plugin on another port than the first of them, which is also a default. */
const MIXED_PORTS = { ...OTHER_PORTS, rbdNodePlugin: 9072 };
const NO_KEYS = Object.fromEntries(SLOT_SPECS.map(({ configKey }) => [configKey, null]));

interface Running {
  rook: RookInstallation;
  program: RookProgram;
  writes: RookWrites;
}

/** The workloads are there, and the program has made its first pass. */
async function running(version: RookVersion, options: Partial<RookProgramOptions> = {}): Promise<Running> {
  const rook = await cluster().installRook({ version, alive: true, workloads: false });
  const { server, ca, adminToken: token, audit } = cluster().controlPlane;
  const podName = await rook.operatorPod();
  const { namespace } = rook;
  const program = RookProgram.start({ access: { server, ca, token }, version, namespace, podName, ...options });
  onTestFinished(() => program.stop());
  await program.settled();
  return { rook, program, writes: new RookWrites(audit, namespace) };
}

function set(rook: RookInstallation, data: Record<string, string | null>): Promise<unknown> {
  return cluster().controlPlane.api.patch(rook.configPath, { data });
}

async function waitForFailures(program: RookProgram, count: number): Promise<void> {
  await waitFor(`${count} failed passes`, () => Promise.resolve(program.failures >= count));
}

describe.each<RookVersion>(['1.16.4', '1.17.9', '1.19.10'])('Rook %s', (version) => {
  test('writes POST and PUT of the four workloads in its order, once per change of the data', async () => {
    const { rook, program, writes } = await running(version);
    const mark = await writes.mark();
    await set(rook, { ROOK_LOG_LEVEL: 'DEBUG' });
    await program.settled();
    expect(await writes.requestsSince(mark)).toEqual(
      ONE_PASS.flatMap((name) => [`create 409 ${name}`, `update 200 ${name}`]),
    );
    expect(program.passes).toBe(2);

    const { api } = cluster().controlPlane;
    const quiet = await writes.mark();
    await api.patch(rook.configPath, { metadata: { labels: { example: 'a' }, annotations: { example: 'b' } } });
    await program.settled();
    expect(await writes.requestsSince(quiet)).toEqual([]);

    await set(rook, keysOf(DEFAULT_PORTS));
    await program.settled();
    expect(await writes.putsSince(quiet)).toEqual(ONE_PASS);
    expect(await rook.layout()).toEqual(version === '1.16.4' ? inOrder(each(9072)) : layoutOf());
  });

  test('creates workloads that are not there, owned by the Deployment of its pod', async () => {
    const { rook, program, writes } = await running(version);
    await rook.deleteWorkload('cephfsProvisioner');
    const mark = await writes.mark();
    await set(rook, { ROOK_LOG_LEVEL: 'DEBUG' });
    await program.settled();
    expect(await writes.requestsSince(mark)).toContain('create 201 csi-cephfsplugin-provisioner');
    const { metadata } = await rook.workload('cephfsProvisioner');
    expect(metadata!.ownerReferences).toMatchObject([
      { kind: 'Deployment', name: 'rook-ceph-operator', controller: true, blockOwnerDeletion: false },
    ]);
  });

  test('replaces in full, as manager rook: labels, annotations, finalizers and ports of others are wiped', async () => {
    const { rook, program } = await running(version);
    const { api } = cluster().controlPlane;
    for (const name of ['rbdNodePlugin', 'rbdProvisioner'] as const) {
      await api.patch(rook.workloadPath(name), {
        metadata: { labels: { mine: 'a' }, annotations: { mine: 'b' }, finalizers: ['example.com/mine'] },
        spec: { template: { metadata: { annotations: { mine: 'c' } } } },
      });
    }
    await set(rook, { ROOK_LOG_LEVEL: 'DEBUG' });
    await program.settled();
    for (const name of ['rbdNodePlugin', 'rbdProvisioner'] as const) {
      const { metadata, spec } = await rook.workload(name);
      expect(metadata!.labels).toBeUndefined();
      expect(metadata!.finalizers).toBeUndefined();
      expect(metadata!.annotations).not.toHaveProperty('mine');
      expect(spec!.template.metadata!.annotations).toBeUndefined();
      const writers = metadata!.managedFields!.filter(({ subresource }) => subresource === undefined);
      expect(writers.map(({ manager, operation }) => [manager, operation])).toContainEqual(['rook', 'Update']);
    }
  });

  test('an identical pass leaves the generation of a DaemonSet and raises that of a Deployment', async () => {
    const { rook, program } = await running(version);
    await waitFor('the controller to annotate the Deployment', async () => {
      const { metadata } = await rook.workload('rbdProvisioner');
      return metadata!.annotations?.['deployment.kubernetes.io/revision'] !== undefined;
    });
    const names = ['rbdNodePlugin', 'rbdProvisioner'] as const;
    const before = await Promise.all(names.map((name) => rook.workload(name)));
    await set(rook, { ROOK_LOG_LEVEL: 'DEBUG' });
    await program.settled();
    const after = await Promise.all(names.map((name) => rook.workload(name)));
    expect(after.map(({ spec }) => spec!.template)).toEqual(before.map(({ spec }) => spec!.template));
    const [daemonSet, deployment] = after.map(
      ({ metadata }, index) => metadata!.generation! > before[index]!.metadata!.generation!,
    );
    expect([daemonSet, deployment]).toEqual([false, true]);
  });

  test('changes during a pass are one pass after it', async () => {
    const end = Promise.withResolvers<undefined>();
    let held = Promise.resolve<undefined>(undefined);
    const beforeWrite = async (workload: string): Promise<void> => {
      if (workload === ONE_PASS.at(-1)) await held;
    };
    const { rook, program, writes } = await running(version, { beforeWrite });
    const mark = await writes.mark();
    held = end.promise;
    await set(rook, { ROOK_LOG_LEVEL: 'DEBUG' });
    await writes.waitForPuts(mark, 3);
    for (const port of ['9170', '9171']) {
      await set(rook, { [NODE]: port });
      await program.informed();
    }
    end.resolve(undefined);
    await program.settled();
    expect(await writes.putsSince(mark)).toEqual([...ONE_PASS, ...ONE_PASS]);
    expect((await rook.ports('rbdNodePlugin')).argument).toBe(9171);
  });

  test('each start is one pass, which reverts what was patched', async () => {
    const { rook, program, writes } = await running(version);
    await cluster().controlPlane.kubectl([
      ...['-n', rook.namespace, 'set', 'image', 'ds/csi-rbdplugin', 'csi-addons=example.com/mine:1'],
    ]);
    const mark = await writes.mark();
    await program.restart({ podName: await rook.replaceOperatorPod() });
    await program.settled();
    expect(await writes.putsSince(mark)).toEqual(ONE_PASS);
    expect(JSON.stringify(await rook.workload('rbdNodePlugin'))).not.toContain('example.com/mine');
  });

  test('the ConfigMap goes and comes back: a pass each', async () => {
    const { rook, program, writes } = await running(version);
    const { api } = cluster().controlPlane;
    const data = await rook.config();
    const mark = await writes.mark();
    await api.delete(rook.configPath);
    await program.settled();
    await api.create<object>(`/api/v1/namespaces/${rook.namespace}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'rook-ceph-operator-config' },
      data,
    });
    await program.settled();
    expect(await writes.putsSince(mark)).toEqual([...ONE_PASS, ...ONE_PASS]);
  });

  test.each(['abc', '70000'])(
    '%s stops every write; once it is corrected the pending retry makes a second pass',
    async (bad) => {
      const { rook, program, writes } = await running(version);
      const mark = await writes.mark();
      await set(rook, { [NODE]: bad });
      await waitForFailures(program, 2);
      expect(await writes.requestsSince(mark)).toEqual([]);
      expect(program.log.at(-1)).toContain('failed to get CSI Addons port: ');
      await set(rook, { [NODE]: '9170' });
      await program.settled();
      expect(await writes.putsSince(mark)).toEqual([...ONE_PASS, ...ONE_PASS]);
      expect((await rook.ports('rbdNodePlugin')).argument).toBe(9170);
    },
  );
});

test('Rook 1.16.4 reads its one key anew in each pass: a deleted one is the default at once, a bad one as well', async () => {
  const { rook, program, writes } = await running('1.16.4');
  await set(rook, keysOf(MIXED_PORTS));
  await program.settled();
  expect(await rook.layout()).toEqual(inOrder(each(9072)));
  await set(rook, { [NODE]: null });
  await program.settled();
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);

  const mark = await writes.mark();
  await set(rook, { [NODE]: 'abc' });
  await waitForFailures(program, 1);
  await set(rook, { [NODE]: null });
  await program.settled();
  expect(await writes.putsSince(mark)).toEqual([...ONE_PASS, ...ONE_PASS]);
});

describe.each<RookVersion>(['1.17.9', '1.19.10'])('Rook %s keeps a deleted key', (version) => {
  test('with its last value until it restarts; an empty value is the default at once', async () => {
    const { rook, program } = await running(version);
    await set(rook, keysOf(MIXED_PORTS));
    await program.settled();
    await set(rook, NO_KEYS);
    await program.settled();
    expect(await rook.layout()).toEqual(layoutOf(MIXED_PORTS));
    await set(rook, { [RBD]: '' });
    await program.settled();
    expect(await rook.layout()).toEqual(layoutOf({ ...MIXED_PORTS, rbdProvisioner: 9070 }));
    expect(program.log).toContain(`I | op-k8sutil: operator setting "${NODE}" = "9072"`);
    await program.restart();
    await program.settled();
    expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
  });

  test('a bad one, too: it goes on failing until there is a valid value', async () => {
    const { rook, program, writes } = await running(version);
    const mark = await writes.mark();
    await set(rook, { [CEPHFS]: 'abc' });
    await waitForFailures(program, 1);
    await set(rook, { [CEPHFS]: null });
    await waitForFailures(program, 3);
    expect(await writes.requestsSince(mark)).toEqual([]);
    expect(program.log.at(-1)).toContain('for Ceph FS provisioner: failed to parse port value for');
    await set(rook, { [CEPHFS]: '' });
    await program.settled();
    expect((await writes.putsSince(mark)).length).toBeGreaterThanOrEqual(ONE_PASS.length);
  });

  test('0 is half a pass: the API server rejects the provisioner, again and again', async () => {
    const { rook, program, writes } = await running(version);
    const mark = await writes.mark();
    await set(rook, { [RBD]: '0' });
    await waitForFailures(program, 2);
    expect(new Set(await writes.putsSince(mark))).toEqual(new Set(['csi-rbdplugin']));
    expect(await writes.requestsSince(mark)).toContainEqual(
      expect.stringMatching(/^create 422 csi-rbdplugin-provisioner$/),
    );
    await set(rook, { [RBD]: '9170' });
    await program.settled();
    expect((await writes.putsSince(mark)).slice(-ONE_PASS.length)).toEqual(ONE_PASS);
    expect(await rook.layout()).toEqual(inOrder({ ...each(9070), rbdProvisioner: 9170 }));
  });
});

test('an upgrade is a restart of another version: it reads its own keys and renders its own images', async () => {
  const { rook, program } = await running('1.16.4');
  await set(rook, keysOf(MIXED_PORTS));
  await program.settled();
  expect(await rook.layout()).toEqual(inOrder(each(9072)));
  for (const version of ['1.17.9', '1.19.10'] as const) {
    const podName = await rook.replaceOperatorPod(`rook/ceph:v${version}`);
    await program.restart({ version, podName });
    await program.settled();
    expect(await rook.layout()).toEqual(layoutOf(MIXED_PORTS));
  }
  expect(JSON.stringify(await rook.workload('rbdNodePlugin'))).toContain('k8s-sidecar:v0.14.0');
});

test('a program without its pod ends, and says so to whoever waits for it', async () => {
  const rook = await cluster().installRook({ alive: true });
  const { server, ca, adminToken: token } = cluster().controlPlane;
  const program = RookProgram.start({
    access: { server, ca, token },
    version: '1.17.9',
    namespace: rook.namespace,
    podName: 'no-such-pod',
  });
  await expect(program.settled()).rejects.toThrow('no-such-pod');
  await expect(program.stop()).rejects.toThrow('no-such-pod');
});
