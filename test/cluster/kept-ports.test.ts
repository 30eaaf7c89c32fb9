/** What collides with nobody is not moved: no write but the status, no event, no restart. */
import { expect, test } from 'vitest';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { RookOptions } from '../support/cluster.js';
import type { Slot } from '../../src/domain/rules/slots.js';
import type { Ports } from '../support/slots.js';

const cluster = useCluster();

interface Kept {
  readonly what: string;
  readonly rook: RookOptions;
  readonly without?: Slot;
  readonly ports: Partial<Ports>;
}

test.each<Kept>([
  {
    what: 'the RBD provisioner on the port of its key, the node plugin on 9070, no CephFS driver',
    rook: { version: '1.17.9', config: { CSIADDONS_RBD_PROVISIONER_PORT: '9071' } },
    without: 'cephfsProvisioner',
    ports: { rbdProvisioner: 9071, rbdNodePlugin: 9070 },
  },
  {
    what: 'the provisioners on the pod network, the node plugin alone on 9070',
    rook: { version: '1.17.9', config: { ROOK_ENFORCE_HOST_NETWORK: 'false' } },
    ports: { rbdNodePlugin: 9070 },
  },
  {
    what: 'three ports of the keys, none of them a default one',
    rook: {
      version: '1.17.9',
      config: {
        CSIADDONS_RBD_PROVISIONER_PORT: '19070',
        CSIADDONS_CEPHFS_PROVISIONER_PORT: '19071',
        CSIADDONS_PORT: '19072',
      },
    },
    ports: { rbdProvisioner: 19070, cephfsProvisioner: 19071, rbdNodePlugin: 19072 },
  },
])('$what', async ({ rook: options, without, ports }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment(options);
  if (without !== undefined) await rook.deleteWorkload(without);
  const config = await rook.config();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  const status = await assignment.waitForReason('Ready', 'PortsAssigned');
  expect(status.ports).toEqual(ports);
  expect(status).not.toHaveProperty('conflicts');
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write !== STATUS_WRITE)).toEqual([]);
  expect(await rook.config()).toEqual(config);
  expect(await cluster().eventsAfterStop(operator, rook.namespace)).toEqual([]);
});

test('an argument that refers to an environment variable is read, and replaced by the number where it moves', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { api } = cluster().controlPlane;
  for (const slot of ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const) {
    const { spec } = await rook.workload(slot);
    const index = spec!.template.spec!.containers.findIndex(({ name }) => name === 'csi-addons');
    const container = spec!.template.spec!.containers[index]!;
    const args = container.args!.map((arg) => arg.replace(/=9070$/, '=$(CONTROLLER_PORT)'));
    const env = [...(container.env ?? []), { name: 'CONTROLLER_PORT', value: '9070' }];
    const path = `/spec/template/spec/containers/${index}`;
    const patch = [
      { op: 'replace', path: `${path}/args`, value: args },
      { op: 'add', path: `${path}/env`, value: env },
    ];
    await api.patch(rook.workloadPath(slot), patch, 'application/json-patch+json');
  }
  const operator = await cluster().startOperator();
  await assignment.waitUntilAssigned();
  expect(await rook.ports('cephfsProvisioner')).toMatchObject({ argument: 9071, containerPort: 9071 });
  expect(await rook.ports('rbdNodePlugin')).toMatchObject({ argument: 9072, containerPort: 9072 });
  const { spec } = await rook.workload('rbdProvisioner');
  const sidecar = spec!.template.spec!.containers.find(({ name }) => name === 'csi-addons')!;
  expect(sidecar.args).toContain('--controller-port=$(CONTROLLER_PORT)');
  const notes = (await cluster().eventsAfterStop(operator, rook.namespace)).map(({ note }) => note);
  expect(notes.filter((note) => note.includes('9070 -> 9070'))).toEqual([]);
});
