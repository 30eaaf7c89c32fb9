import { expect, test } from 'vitest';
import { SLOT_SPECS, type SlotSpec } from '../../../src/domain/rules/slots.js';
import { projectAssignment } from '../../../src/kube/projections.js';
import { ALWAYS_LEADING } from '../../../src/kube/leadership.js';
import { Writer } from '../../../src/kube/writer.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';
import { rawWorkload } from '../domain/raw-workload.js';
import { rookConfig } from '../domain/worlds.js';
import { connect, failure } from './connections.js';

const layout = (workload: string): SlotSpec => SLOT_SPECS.find((one) => one.workload === workload)!;
const PROVISIONER = layout('csi-rbdplugin-provisioner');
const PLUGIN = layout('csi-rbdplugin');
const metadata = { namespace: 'rook', name: 'x', uid: 'uid-x', resourceVersion: '7' };

async function writing(response: object): Promise<{ server: ApiServerDouble; writer: Writer }> {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(200, response);
  return { server, writer: new Writer(transport, ALWAYS_LEADING) };
}

test('a workload is patched with a JSON Patch under our field manager, and the response is projected', async () => {
  const { server, writer } = await writing(rawWorkload('rbdProvisioner', { port: 9075 }));
  const patch = [{ op: 'test', path: '/metadata/uid', value: 'u' }] as const;
  const response = await writer.patchWorkload(PROVISIONER, 'rook', patch, { dryRun: false });
  expect(response).toMatchObject({ kind: 'Deployment', sidecar: { ports: [{ containerPort: 9075 }] } });
  expect(server.requests[0]).toMatchObject({
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/rook/deployments/csi-rbdplugin-provisioner',
    query: { fieldManager: 'csi-port-operator' },
    body: JSON.stringify(patch),
  });
  expect(server.requests[0]!.query).not.toHaveProperty('dryRun');
  expect(server.requests[0]!.headers['content-type']).toBe('application/json-patch+json');
});

test('a dry run is marked as one, for a DaemonSet and for the ConfigMap', async () => {
  const { server, writer } = await writing({ ...rawWorkload('rbdNodePlugin'), data: {} });
  expect((await writer.patchWorkload(PLUGIN, 'rook', [], { dryRun: true })).kind).toBe('DaemonSet');
  await writer.pinRookConfig(rookConfig(), { CSIADDONS_PORT: '9072' }, { dryRun: true });
  expect(server.requests.map(({ query }) => query)).toEqual([
    { fieldManager: 'csi-port-operator', dryRun: 'All' },
    { fieldManager: 'csi-port-operator', dryRun: 'All' },
  ]);
  expect(server.requests[0]!.path).toBe('/apis/apps/v1/namespaces/rook/daemonsets/csi-rbdplugin');
});

test('a workload is read by its kind', async () => {
  const { server, writer } = await writing(rawWorkload('rbdNodePlugin'));
  expect((await writer.readWorkload(PLUGIN, 'rook')).kind).toBe('DaemonSet');
  expect(server.requests[0]).toMatchObject({ method: 'GET', query: {}, body: '' });
});

test('the pin is a merge patch of the keys, of the version that it was planned from', async () => {
  const { server, writer } = await writing({ metadata, data: { CSIADDONS_PORT: '9072', OTHER: 'x' } });
  const response = await writer.pinRookConfig(rookConfig(), { CSIADDONS_PORT: '9072' }, { dryRun: false });
  expect(response.keys).toEqual({ CSIADDONS_PORT: { value: '9072', managers: [] } });
  const [request] = server.requests;
  expect(request!.path).toBe('/api/v1/namespaces/rook-ceph/configmaps/rook-ceph-operator-config');
  expect(request!.headers['content-type']).toBe('application/merge-patch+json');
  expect(JSON.parse(request!.body)).toEqual({
    metadata: { resourceVersion: rookConfig().resourceVersion },
    data: { CSIADDONS_PORT: '9072' },
  });
});

const ASSIGNMENT = projectAssignment({
  metadata: { namespace: 'rook', name: 'default', uid: 'uid', resourceVersion: '17' },
});

test('the status goes to its subresource, nulls and all', async () => {
  const { server, writer } = await writing({ metadata, status: { observedGeneration: 4 } });
  const response = await writer.patchStatus(ASSIGNMENT, { observedGeneration: 4, rookVersion: null });
  expect(response.status).toEqual({ observedGeneration: 4 });
  const [request] = server.requests;
  expect(request!.path).toBe('/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments/default/status');
  expect(JSON.parse(request!.body)).toEqual({
    metadata: { resourceVersion: '17' },
    status: { observedGeneration: 4, rookVersion: null },
  });
});

test('what the API server rejects is thrown', async () => {
  const { server, writer } = await writing({});
  server.handler = (_, exchange) => exchange.reject(422, 'Invalid');
  expect(await failure(writer.readWorkload(PLUGIN, 'rook'))).toMatchObject({ isGuardFailure: true });
});
