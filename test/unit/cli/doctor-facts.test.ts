/** What doctor reads beside the survey, from an API server that has all, nothing, or objects of any shape. */
import { expect, test } from 'vitest';
import { collectDoctorFacts } from '../../../src/cli/doctor-facts.js';
import type { DoctorFacts } from '../../../src/cli/commands/doctor.js';
import type { Exchange, Received } from '../../support/api-server-double.js';
import { connect } from '../kube/connections.js';

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const metadata = { namespace: 'operators', name: 'csi-port-operator', creationTimestamp: '2026-01-02T03:04:05Z' };

const DEPLOYMENT = {
  metadata,
  spec: { replicas: 2, template: { spec: { containers: [{ image: 'csi-port-operator:1' }] } } },
  status: { readyReplicas: 1 },
};
const LEASE = {
  metadata,
  spec: { holderIdentity: 'one', renewTime: '2026-01-02T03:04:06.000000Z', leaseDurationSeconds: 15 },
};
const CSI_ADDONS_NODE = {
  metadata: { ...metadata, ownerReferences: [{ kind: 'DaemonSet', name: 'csi-rbdplugin', controller: true }] },
  spec: { driver: { name: 'rbd', nodeID: 'node-1', endpoint: 'pod://a.b:9070' } },
  status: { state: 'Failed', message: 'no\x1b[31m answer\nat all' },
};

const RESPONSES: Readonly<Record<string, object>> = {
  '/apis/csiports.io': { versions: [{ version: 'v1alpha1' }] },
  '/apis/csiports.io/v1alpha1': { resources: [{ name: 'csiportassignments' }] },
  '/apis/apps/v1/deployments': { metadata: {}, items: [DEPLOYMENT] },
  '/apis/coordination.k8s.io/v1/leases': { metadata: {}, items: [LEASE] },
  '/apis/csiaddons.openshift.io/v1alpha1/csiaddonsnodes': { metadata: {}, items: [CSI_ADDONS_NODE] },
};

async function collect(
  handle: (request: Received, exchange: Exchange) => void,
  namespace?: string,
): Promise<DoctorFacts> {
  const { server, transport } = await connect();
  server.handler = handle;
  return collectDoctorFacts({ transport, namespace, timeLimitMs: 10_000 });
}

test('all that there is', async () => {
  const facts = await collect((request, exchange) => {
    if (request.path === REVIEWS) exchange.json(201, { status: { allowed: !request.body.includes('"pods"') } });
    else exchange.json(200, RESPONSES[request.path]);
  });
  const at = Date.parse(metadata.creationTimestamp);
  const { namespace, name } = metadata;
  expect(facts).toMatchObject({
    crd: { installed: true, servedVersions: ['v1alpha1'] },
    operators: [{ namespace, name, image: 'csi-port-operator:1', replicas: 2, readyReplicas: 1 }],
    leases: [{ namespace, name, holder: 'one', renewedAt: at + 1000, leaseDurationSeconds: 15 }],
    csiAddonsNodes: [
      {
        namespace,
        name,
        driver: 'rbd',
        nodeId: 'node-1',
        endpoint: 'pod://a.b:9070',
        state: 'Failed',
        // Nothing in it colours a terminal or begins a line.
        message: 'no [31m answer at all',
        createdAt: at,
        owner: { kind: 'DaemonSet', name: 'csi-rbdplugin' },
      },
    ],
  });
  expect(facts.rights).toContainEqual({ verb: 'list', resource: 'pods', allowed: false });
  expect(facts.rights).toContainEqual({ verb: 'list', resource: 'deployments.apps', allowed: true });
});

test('definitions that are not installed are facts, not failures', async () => {
  const facts = await collect((request, exchange) => {
    if (request.path === REVIEWS) exchange.json(201, { status: {} });
    else if (/csiports|csiaddons/.test(request.path)) exchange.reject(404, 'NotFound');
    else exchange.json(200, { metadata: {}, items: [] });
  });
  expect(facts).toMatchObject({
    crd: { installed: false, servedVersions: [] },
    operators: [],
    leases: [],
    csiAddonsNodes: [],
  });
});

test('what may be listed in one namespace alone is listed there, but the operator may be in any', async () => {
  const paths: string[] = [];
  const facts = await collect((request, exchange) => {
    paths.push(request.path);
    if (request.path === REVIEWS) exchange.json(201, { status: { allowed: true } });
    else if (request.path.includes('/namespaces/rook/')) exchange.json(200, { metadata: {}, items: [] });
    else exchange.reject(403, 'Forbidden');
  }, 'rook');
  expect(facts).toMatchObject({
    operators: { unknown: expect.any(String) as string },
    leases: { unknown: expect.any(String) as string },
    csiAddonsNodes: [],
    crd: { unknown: expect.any(String) as string },
  });
  expect(paths).toContain('/apis/csiaddons.openshift.io/v1alpha1/namespaces/rook/csiaddonsnodes');
  expect(facts.rights).toContainEqual({ verb: 'list', resource: 'pods', allowed: true, namespace: 'rook' });
});

test('pages are followed', async () => {
  const facts = await collect((request, exchange) => {
    const isSecond = request.query.continue === 'more';
    if (request.path === REVIEWS) exchange.json(201, {});
    else exchange.json(200, { metadata: isSecond ? {} : { continue: 'more' }, items: [LEASE] });
  });
  expect(facts.leases).toHaveLength(2);
});

test('a page that the API server is too busy to send is asked for again', async () => {
  let isBusy = true;
  const facts = await collect((request, exchange) => {
    if (request.path === REVIEWS) exchange.json(201, {});
    else if (request.path.endsWith('/leases') && isBusy) {
      isBusy = false;
      exchange.reject(429, 'TooManyRequests');
    } else exchange.json(200, { metadata: {}, items: [LEASE] });
  });
  expect(facts.leases).toHaveLength(1);
});

test('a list whose version is compacted between two pages begins anew', async () => {
  const facts = await collect((request, exchange) => {
    if (request.path === REVIEWS) exchange.json(201, {});
    else if (request.query.continue === 'old') exchange.reject(410, 'Expired');
    else if (request.query.limit === undefined) exchange.json(200, { metadata: {}, items: [LEASE, LEASE, LEASE] });
    else exchange.json(200, { metadata: { continue: 'old' }, items: [LEASE] });
  });
  expect(facts.leases).toHaveLength(3);
});

test.each([null, 'text', 7, [], {}, { items: 'none' }, { items: [null, 1, {}] }])(
  'a response of another shape: %j',
  async (response) => {
    const facts = await collect((_, exchange) => exchange.json(200, response));
    expect(Object.keys(facts)).toHaveLength(5);
    expect(facts.crd).toEqual({ installed: false, servedVersions: [] });
  },
);
