/** What spec.ports does to workloads, pins, status and pods. */
import { expect, test } from 'vitest';
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster();

type Layout = [number, number, number];

async function pins(rook: RookInstallation): Promise<(string | undefined)[]> {
  const config = await rook.config();
  return ['CSIADDONS_RBD_PROVISIONER_PORT', 'CSIADDONS_CEPHFS_PROVISIONER_PORT', 'CSIADDONS_PORT'].map(
    (key) => config[key],
  );
}

/** Workloads, pins, status and pods all say this layout. */
async function expectLayout(rook: RookInstallation, status: AssignmentStatus, layout: Layout): Promise<void> {
  const [rbdProvisioner, cephfsProvisioner, rbdNodePlugin] = layout;
  expect(status.ports).toEqual({ rbdProvisioner, cephfsProvisioner, rbdNodePlugin });
  expect(status.workloads.map(({ currentPort }) => currentPort)).toEqual(layout);
  expect(await rook.layout()).toEqual(layout);
  expect(await pins(rook)).toEqual(layout.map(String));

  const pods = (await rook.podsAtRest()) as unknown as Pod[];
  const held: Record<string, number[]> = {};
  for (const { metadata, spec } of pods) {
    const port = spec.containers.find(({ name }) => name === 'csi-addons')?.ports?.[0]?.hostPort;
    if (port !== undefined) (held[metadata.labels.app] ??= []).push(port);
  }
  expect(held).toEqual({
    'csi-rbdplugin-provisioner': [rbdProvisioner, rbdProvisioner],
    'csi-cephfsplugin-provisioner': [cephfsProvisioner, cephfsProvisioner],
    'csi-rbdplugin': [rbdNodePlugin, rbdNodePlugin, rbdNodePlugin],
  });
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
  await expectLayout(installed.rook, await installed.assignment.waitUntilAssigned(), layoutOf(spec));
  return { ...installed, operator };
}

function layoutOf({ ports = {} }: AssignmentSpec): Layout {
  return [ports.rbdProvisioner ?? 9070, ports.cephfsProvisioner ?? 9071, ports.rbdNodePlugin ?? 9072];
}

interface Edit {
  rule: string;
  from: AssignmentSpec['ports'];
  edit: Record<string, number | null>;
  layout: Layout;
}

test.each<Edit>([
  {
    rule: 'other ports are given',
    from: {},
    edit: { rbdProvisioner: 19070, cephfsProvisioner: 19071, rbdNodePlugin: 19072 },
    layout: [19070, 19071, 19072],
  },
  {
    rule: 'two ports are swapped',
    from: {},
    edit: { rbdProvisioner: 9071, cephfsProvisioner: 9070 },
    layout: [9071, 9070, 9072],
  },
  {
    rule: 'a port of another slot is asked for',
    from: {},
    edit: { cephfsProvisioner: 9070 },
    layout: [9071, 9070, 9072],
  },
  {
    rule: 'a port is taken out again, whatever was pinned for it',
    from: { rbdProvisioner: 9170, cephfsProvisioner: 9171 },
    edit: { cephfsProvisioner: null },
    layout: [9170, 9071, 9072],
  },
])('workloads, pins, status and pods follow when $rule', async ({ from, edit, layout }) => {
  const { rook, assignment, operator } = await assigned({ ports: from! });
  await assignment.edit({ ports: edit });
  const status = await assignment.waitUntilAssigned();
  await expectLayout(rook, status, layout);
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
  await expectLayout(rook, await assignment.waitUntilAssigned(), [9072, 9071, 9070]);

  expect(await nodePluginPods(rook)).toEqual(before);
  expect((await cluster().writesSince(mark)).filter((write) => write.includes('daemonsets'))).toEqual([]);
});

test('after a whole pass of Rook all pods run on their ports again', async () => {
  const { rook, assignment, operator } = await assigned({});
  await rook.writePass();
  await operator.waitForReverts(2);
  const status = await assignment.waitUntilAssigned();
  await expectLayout(rook, status, [9070, 9071, 9072]);
  expect(await operator.reverts()).toBe(2);
});
