/** The worst objects that the API server stores. They are seen by the same watches as all others, in every namespace. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { readDockerfile } from '../support/image/dockerfile.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Operator } from '../support/operator.js';
import type { Container, DaemonSet, Deployment } from '../support/rook/api-types.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf } from '../support/slots.js';

const cluster = useCluster({ nodes: 0 });

const REPAIRED = { argument: 9071, containerPort: 9071 };
// eslint-disable-next-line no-control-regex -- these are what it is about
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;

type Workload = Deployment | DaemonSet;

/** As the image starts it: without a compiler, and with no code made of text. */
function startOperator(): Promise<Operator> {
  const [, ...flags] = readDockerfile().at(-1)!.entrypoint;
  return cluster().startOperator({ nodeArgs: flags.slice(0, -1) });
}

function sidecarOf({ spec }: Workload): Container {
  return spec!.template.spec!.containers.find(({ name }) => name === 'csi-addons')!;
}

/** Whoever edits the CephFS provisioner by hand; all else in it is Rook's. */
async function edit(rook: RookInstallation, change: (workload: Workload) => void): Promise<void> {
  const workload = await rook.workload('cephfsProvisioner');
  change(workload);
  await cluster().controlPlane.api.replace<object>(rook.workloadPath('cephfsProvisioner'), workload);
}

async function hostile(change: (workload: Workload) => void) {
  const world = await cluster().installRookWithAssignment();
  await edit(world.rook, change);
  return world;
}

function inSidecar(change: (sidecar: Container) => void): (workload: Workload) => void {
  return (workload) => change(sidecarOf(workload));
}

/** Another namespace goes on being served; and what the log says is bounded, a JSON object a line, and printable. */
async function expectUndisturbed(operator: Operator): Promise<void> {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await assignment.waitForReason('Ready', 'RollingOut');
  await rook.rewrite('rbdNodePlugin');
  await operator.waitForReverts(1, rook.namespace);
  expect(await rook.layout()).toEqual(layoutOf());
  expect((await operator.probe('/readyz')).status).toBe(200);
  expect((await operator.probe('/readyz')).body.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
  for (const line of operator.log) {
    expect(Object.keys(line)).toContain('time');
    const json = JSON.stringify(line);
    expect(json.length).toBeLessThan(10_000);
    expect(json).not.toMatch(UNPRINTABLE);
  }
  expect(operator.messages).not.toContain('Watch failed');
}

/** Of the pods: nothing but the argument and the declared port of the sidecar may differ. */
function restOf(workload: Workload): object {
  const template = structuredClone(workload.spec!.template);
  const sidecar = sidecarOf({ ...workload, spec: { ...workload.spec!, template } });
  sidecar.args = (sidecar.args ?? []).filter((argument) => !argument.includes('controller-port'));
  delete sidecar.ports;
  return template;
}

const UNICODE = [
  '\u0000',
  '\n--controller-port=1',
  '\u001b[31m',
  '\u2028',
  '\u202e',
  '\ud83d\ude00',
  '--controller-port\u0000=1',
  '%s',
];
/** The port of the RBD provisioner, so that it has to move. */
const FLAG = '--controller-port=9070';

test.each<[string, (workload: Workload) => void]>([
  [
    'an argument that the API server writes as eight megabytes',
    inSidecar((sidecar) => (sidecar.args = [FLAG, '<'.repeat(1_420_000)])),
  ],
  [
    'a flag with a value of a megabyte',
    inSidecar((sidecar) => (sidecar.args = [`--controller-port=${'9'.repeat(1_000_000)}`])),
  ],
  ['the flag five hundred times', inSidecar((sidecar) => (sidecar.args = Array.from({ length: 500 }, () => FLAG)))],
  ['control characters in its arguments', inSidecar((sidecar) => (sidecar.args = [...UNICODE, FLAG, ...UNICODE]))],
  [
    'annotations of 256 KiB',
    ({ metadata }) => (metadata!.annotations = { x: '\n'.repeat(255 * 1024), constructor: 'x' }),
  ],
  [
    'more than a thousand containers',
    ({ spec }) => {
      const container = (_: unknown, index: number): Container => ({
        name: `c${index}`,
        image: 'x',
        ports: [{ containerPort: 8071 }],
      });
      spec!.template.spec!.containers.unshift(...Array.from({ length: 1_200 }, container));
    },
  ],
  [
    'an init container with the flag',
    ({ spec }) =>
      (spec!.template.spec!.initContainers = [
        { name: 'first', image: 'x', args: [FLAG], ports: [{ containerPort: 9070 }] },
      ]),
  ],
])('%s: repaired in the port and in nothing else', async (_, change) => {
  const { rook, assignment } = await hostile(change);
  const before = restOf(await rook.workload('cephfsProvisioner'));
  const operator = await startOperator();
  await assignment.waitForState('cephfsProvisioner', 'RollingOut');
  const after = await rook.workload('cephfsProvisioner');
  expect(restOf(after)).toEqual(before);
  expect(await rook.ports('cephfsProvisioner')).toMatchObject(REPAIRED);
  await expectUndisturbed(operator);
});

test.each<[string, number, (sidecar: Container) => void]>([
  ['arguments', 100_001, (sidecar) => (sidecar.args = Array.from({ length: 100_000 }, () => 'x'))],
  ['flags', 30_001, (sidecar) => (sidecar.args = Array.from({ length: 30_000 }, () => FLAG))],
  [
    'ports',
    20_000,
    (sidecar) => {
      sidecar.args = [];
      sidecar.ports = Array.from({ length: 20_000 }, (_, index) => ({ containerPort: 1024 + index }));
    },
  ],
])('too many %s to be read: left alone, and the status says what to do', async (_, count, change) => {
  const { rook, assignment } = await hostile(inSidecar(change));
  const before = await rook.workload('cephfsProvisioner');
  const operator = await startOperator();
  const { conditions, workloads } = await assignment.waitForReason('Ready', 'PatchRejected');
  expect(workloads.find(({ slot }) => slot === 'cephfsProvisioner')?.state).toBe('Rejected');
  expect(conditions.find(({ type }) => type === 'Degraded')?.message).toContain(
    `Deployment csi-cephfsplugin-provisioner: container csi-addons has ${count} arguments and ports, of which at most 1000 are read; take out those that the sidecar does not need`,
  );
  expect((await rook.workload('cephfsProvisioner')).spec).toEqual(before.spec);
  // The others of that namespace have their ports.
  expect(await rook.ports('rbdNodePlugin')).toMatchObject({ argument: 9072 });
  await edit(
    rook,
    inSidecar((sidecar) => {
      sidecar.args = [FLAG];
      sidecar.ports = [{ containerPort: 9070 }];
    }),
  );
  await assignment.waitForReason('Ready', 'RollingOut');
  await expectUndisturbed(operator);
});

test('the sidecar as an init container, with its name and its flag, is not taken for it', async () => {
  const { rook, assignment } = await hostile(({ spec }) => {
    const pod = spec!.template.spec!;
    pod.initContainers = [{ ...sidecarOf({ spec } as Workload), restartPolicy: 'Always' }];
    pod.containers = pod.containers.filter(({ name }) => name !== 'csi-addons');
  });
  const before = await rook.workload('cephfsProvisioner');
  const operator = await startOperator();
  await assignment.waitForState('cephfsProvisioner', 'NoSidecar');
  expect((await rook.workload('cephfsProvisioner')).spec).toEqual(before.spec);
  await expectUndisturbed(operator);
});

test('settings with a megabyte in a port key, and keys beside the real ones: the key is set, the others are left', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { api } = cluster().controlPlane;
  const strangers = {
    __proto___: '1',
    constructor: '9999',
    toString: 'x',
    csiaddons_port: '9999',
    'CSIADDONS_PORT.': '9999',
  };
  const data = { ...(await rook.config()), ...strangers, ['__proto__']: '9999', CSIADDONS_PORT: ' '.repeat(1_000_000) };
  await api.patch(rook.configPath, { data }, 'application/merge-patch+json');
  const before = await rook.config();
  const operator = await startOperator();
  await waitFor('the key', async () => (await rook.config()).CSIADDONS_PORT === '9072');
  await assignment.waitForReason('Ready', 'RollingOut');
  const after = new Map(Object.entries(await rook.config()));
  for (const [key, value] of Object.entries(before)) if (key !== 'CSIADDONS_PORT') expect(after.get(key)).toBe(value);
  expect(after.get('__proto__')).toBe('9999');
  await expectUndisturbed(operator);
});

test("an image of Rook's that takes a pattern minutes to look through, or that is no version", async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { api } = cluster().controlPlane;
  const setImage = async (image: string): Promise<void> => {
    const path = '/spec/template/spec/containers/0/image';
    await api.patch(rook.operatorPath, [{ op: 'replace', path, value: image }], 'application/json-patch+json');
  };
  await setImage(`${':x@'.repeat(300_000)}\nb`);
  const operator = await startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await setImage(`rook/ceph:v1.16.4-${'x'.repeat(1_000_000)}`);
  await assignment.waitUntilSettled();
  expect((await assignment.status()).rookVersion).toBeUndefined();
  await expectUndisturbed(operator);
});
