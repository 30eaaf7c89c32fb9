/** What spec.ports does to workloads, pins, status and pods. */
import { expect, test } from 'vitest';
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { DEFAULT_PORTS, inOrder, keysOf, MOVED, portsFrom, type Ports } from '../support/slots.js';

const cluster = useCluster();

/** Workloads, pins, status and pods all have these ports. */
async function expectPorts(rook: RookInstallation, status: AssignmentStatus, ports: Ports): Promise<void> {
  expect(status.ports).toEqual(ports);
  expect(status.workloads.map(({ currentPort }) => currentPort)).toEqual(inOrder(ports));
  expect(await rook.layout()).toEqual(inOrder(ports));
  expect(await rook.config()).toMatchObject(keysOf(ports));

  const pods = (await rook.podsAtRest()) as unknown as Pod[];
  const held: Record<string, number[]> = {};
  for (const { metadata, spec } of pods) {
    const port = spec.containers.find(({ name }) => name === 'csi-addons')?.ports?.[0]?.hostPort;
    if (port !== undefined) (held[metadata.labels.app] ??= []).push(port);
  }
  const wanted = SLOT_SPECS.map(({ slot, kind, workload }) => {
    return [workload, Array.from({ length: kind === 'DaemonSet' ? 3 : 2 }, () => ports[slot])];
  });
  expect(held).toEqual(Object.fromEntries(wanted));
}

interface Pod {
  metadata: { uid: string; labels: { app: string } };
  spec: { containers: { name: string; ports?: { hostPort?: number }[] }[] };
}

async function nodePluginPods(rook: RookInstallation): Promise<string[]> {
  const pods = (await rook.pods()) as unknown as Pod[];
  return pods
    .filter(({ metadata }) => metadata.labels.app === 'csi-rbdplugin')
    .map(({ metadata }) => metadata.uid)
    .sort();
}

interface Assigned {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly operator: Operator;
}

async function assigned(spec: AssignmentSpec): Promise<Assigned> {
  const installed = await cluster().installRookWithAssignment({}, spec);
  const operator = await cluster().startOperator();
  const status = await installed.assignment.waitUntilAssigned();
  await expectPorts(installed.rook, status, { ...DEFAULT_PORTS, ...spec.ports });
  return { ...installed, operator };
}

interface Edit {
  rule: string;
  from: AssignmentSpec['ports'];
  edit: Record<string, number | null>;
  moved: Partial<Ports>;
}

test.each<Edit>([
  {
    rule: 'other ports are given',
    from: {},
    edit: portsFrom(19070),
    moved: portsFrom(19070),
  },
  {
    rule: 'two ports are swapped',
    from: {},
    edit: { rbdProvisioner: 9071, cephfsProvisioner: 9070 },
    moved: { rbdProvisioner: 9071, cephfsProvisioner: 9070 },
  },
  {
    rule: 'a port of another slot is asked for',
    from: {},
    edit: { cephfsProvisioner: 9070 },
    moved: { rbdProvisioner: 9071, cephfsProvisioner: 9070 },
  },
  {
    rule: 'a port is taken out again: it collides with nobody, and stays',
    from: { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9072 },
    edit: { cephfsProvisioner: null },
    moved: { rbdProvisioner: 9170, cephfsProvisioner: 9171 },
  },
])('workloads, pins, status and pods follow when $rule', async ({ from, edit, moved }) => {
  const { rook, assignment, operator } = await assigned({ ports: from! });
  await assignment.edit({ ports: edit });
  const status = await assignment.waitUntilAssigned();
  await expectPorts(rook, status, { ...DEFAULT_PORTS, ...moved });
  // The ports moved because the spec did: nobody reverted anything.
  expect(await operator.reverts()).toBe(0);
});

test('rbdNodePlugin: 9070 ends the conflict without a restart on the nodes', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: { rbdNodePlugin: 9070 } });
  const before = await waitFor('the pods of the node plugin to run', async () => {
    const pods = await nodePluginPods(rook);
    return pods.length === 3 && pods;
  });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  const status = await assignment.waitUntilAssigned();
  await expectPorts(rook, status, { ...DEFAULT_PORTS, rbdProvisioner: 9072, rbdNodePlugin: 9070 });

  expect(await nodePluginPods(rook)).toEqual(before);
  expect((await cluster().writesSince(mark)).filter((write) => write.includes('daemonsets'))).toEqual([]);
});

test('after a whole pass of Rook all pods run on their ports again', async () => {
  const { rook, assignment, operator } = await assigned({});
  await rook.writePass();
  await operator.waitForReverts(MOVED.length);
  const status = await assignment.waitUntilAssigned();
  await expectPorts(rook, status, DEFAULT_PORTS);
  expect(await operator.reverts()).toBe(MOVED.length);
});
