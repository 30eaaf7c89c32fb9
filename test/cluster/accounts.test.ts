// What the accounts of the two layouts of config/ may do, and what they may not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import { AdminApi, AdminApiError, type KubeObject } from '../support/control-plane/admin-api.js';
import { ASSIGNMENTS, assignmentObject, objections, useLayouts } from '../support/layouts.js';

const DEFAULT = `${ASSIGNMENTS}/default`;
const cluster = useLayouts();

const POD = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
const WORKLOAD_SPEC = { selector: { matchLabels: { app: 'a' } }, template: POD };
const OBJECTS = [
  ...SLOT_SPECS.map(({ kind, workload: name }) => {
    return { path: '/apis/apps/v1', plural: `${kind.toLowerCase()}s`, name, body: { spec: WORKLOAD_SPEC } };
  }),
  { path: '/apis/apps/v1', plural: 'deployments', name: 'rook-ceph-operator', body: { spec: WORKLOAD_SPEC } },
  { path: '/api/v1', plural: 'configmaps', name: 'rook-ceph-operator-config', body: { data: {} } },
  { path: '/apis/csiports.io/v1alpha1', plural: 'csiportassignments', name: 'default', body: assignmentObject() },
];
const inRook = ({ path, plural }: (typeof OBJECTS)[number]): string => `${path}/namespaces/rook-ceph/${plural}`;
const inOther = ({ path, plural }: (typeof OBJECTS)[number]): string => `${path}/namespaces/other-rook/${plural}`;

/** 200 for every success. */
async function answerTo(request: Promise<unknown>): Promise<number> {
  try {
    await request;
    return 200;
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error;
    return error.status;
  }
}

describe.each([
  { layout: 'default', namespace: 'csi-port-operator-system', elsewhere: 200 },
  { layout: 'single-namespace', namespace: 'rook-ceph', elsewhere: 403 },
])('the account of config/$layout', ({ namespace, elsewhere }) => {
  let account: AdminApi;

  beforeAll(async () => {
    const token = await cluster().serviceAccountToken(namespace, 'csi-port-operator');
    account = new AdminApi(cluster().server, cluster().ca, token);
    for (const object of OBJECTS) {
      for (const path of [inRook(object), inOther(object)]) {
        if ((await cluster().api.getOrUndefined(`${path}/${object.name}`)) !== undefined) continue;
        await cluster().api.create(path, { ...object.body, metadata: { name: object.name } });
      }
    }
  });
  afterAll(() => account.close());

  // Side by side: each of their watches lasts a second.
  test.concurrent.each(OBJECTS)('may read $plural/$name by name, and no other', async (object) => {
    const { path, plural, name } = object;
    const read = async (collection: string): Promise<Set<number>> => {
      const named = `${collection}?fieldSelector=metadata.name=${name}`;
      const requests = [account.getText(named), account.getText(`${named}&watch=true&timeoutSeconds=1`)];
      return new Set(await Promise.all(requests.map(answerTo)));
    };
    expect(await read(inRook(object))).toEqual(new Set([200]));
    expect(await read(inOther(object))).toEqual(new Set([elsewhere]));
    expect(await read(`${path}/${plural}`)).toEqual(new Set([elsewhere]));
    // What is never written is never read again either.
    expect(await answerTo(account.get(`${inRook(object)}/${name}`))).toBe(name === 'rook-ceph-operator' ? 403 : 200);

    for (const selector of ['', '?watch=true&timeoutSeconds=1', '?fieldSelector=metadata.name=other']) {
      expect(await answerTo(account.getText(inRook(object) + selector)), selector).toBe(403);
    }
    expect(await answerTo(account.get(`${inRook(object)}/other`))).toBe(403);
  });

  test.each(OBJECTS)('may write $plural/$name by patch alone, and only where it has a Role', async (object) => {
    const { name, body } = object;
    const writable = !['rook-ceph-operator', 'default'].includes(name);
    const item = `${inRook(object)}/${name}?dryRun=All`;
    const labels = { metadata: { labels: { a: 'b' } } };
    expect(await answerTo(account.patch(item, labels))).toBe(writable ? 200 : 403);
    expect(await answerTo(account.patch(`${inOther(object)}/${name}?dryRun=All`, labels))).toBe(403);
    expect(await answerTo(account.replace(item, { ...body, metadata: { name } }))).toBe(403);
    expect(await answerTo(account.delete(item))).toBe(403);
    expect(await answerTo(account.create(inRook(object), { ...body, metadata: { name: 'new' } }))).toBe(403);
  });

  // Where they may be asked for, there are none: their CRD is not installed.
  test('may read Drivers, and never write them', async () => {
    const drivers = (of: string): string => `/apis/csi.ceph.io/v1/namespaces/${of}/drivers`;
    const allowed = (answer: number): number => (answer === 200 ? 404 : answer);
    expect(await answerTo(account.get(drivers('rook-ceph')))).toBe(404);
    expect(await answerTo(account.get(drivers('other-rook')))).toBe(allowed(elsewhere));
    expect(await answerTo(account.get('/apis/csi.ceph.io/v1/drivers'))).toBe(allowed(elsewhere));
    expect(await answerTo(account.patch(`${drivers('rook-ceph')}/rook-ceph.rbd.csi.ceph.com`, {}))).toBe(403);
  });

  test('may list pods, and never write them', async () => {
    const pods = (of: string): string => `/api/v1/namespaces/${of}/pods`;
    expect(await answerTo(account.get(pods('rook-ceph')))).toBe(200);
    expect(await answerTo(account.get(pods('other-rook')))).toBe(elsewhere);
    expect(await answerTo(account.get('/api/v1/pods'))).toBe(elsewhere);
    expect(await answerTo(account.patch(`${pods('rook-ceph')}/any`, {}))).toBe(403);
    expect(await answerTo(account.delete(`${pods('rook-ceph')}/any`))).toBe(403);
  });

  test('may patch the status of the assignment', async () => {
    const status = { provider: 'Rook' };
    expect(await answerTo(account.patch(`${DEFAULT}/status`, { status }))).toBe(200);
    const elsewhere = DEFAULT.replace('rook-ceph', 'other-rook');
    expect(await answerTo(account.patch(`${elsewhere}/status`, { status }))).toBe(403);
    expect(await answerTo(account.replace(`${DEFAULT}/status`, assignmentObject()))).toBe(403);
  });

  test('may record events beside the assignment', async () => {
    const events = (of: string): string => `/apis/events.k8s.io/v1/namespaces/${of}/events`;
    const event = (of: string): KubeObject => ({
      metadata: { name: `default.${namespace}`, namespace: of },
      eventTime: '2026-01-02T03:04:05.000000Z',
      reportingController: 'csiports.io/csi-port-operator',
      reportingInstance: 'csi-port-operator-0',
      type: 'Normal',
      reason: 'PortAssigned',
      action: 'Patch',
      regarding: { apiVersion: 'csiports.io/v1alpha1', kind: 'CSIPortAssignment', name: 'default', namespace: of },
    });
    expect(await objections(account.create(events('rook-ceph'), event('rook-ceph')))).toEqual([]);
    const series = { series: { count: 2, lastObservedTime: '2026-01-02T03:04:06.000000Z' } };
    expect(await answerTo(account.patch(`${events('rook-ceph')}/default.${namespace}`, series))).toBe(200);
    expect(await answerTo(account.create(events('other-rook'), event('other-rook')))).toBe(403);
    expect(await answerTo(account.get(events('rook-ceph')))).toBe(403);
  });

  test.each([
    '/api/v1/namespaces/rook-ceph/pods/any',
    '/api/v1/namespaces/rook-ceph/secrets',
    '/apis/coordination.k8s.io/v1/namespaces/rook-ceph/leases',
    '/apis/apps/v1/namespaces/rook-ceph/deployments/csi-rbdplugin-provisioner/scale',
    '/api/v1/namespaces',
  ])('may not read %s', async (path) => {
    expect(await answerTo(account.get(path))).toBe(403);
  });
});

test('the pod of the operator passes restricted Pod Security', async () => {
  const deployment = '/apis/apps/v1/namespaces/csi-port-operator-system/deployments/csi-port-operator';
  const { spec } = await cluster().api.get<{ spec: { template: { spec: object } } }>(deployment);
  const createPod = (podSpec: object): Promise<KubeObject> =>
    cluster().api.create('/api/v1/namespaces/csi-port-operator-system/pods?dryRun=All', {
      metadata: { name: 'operator' },
      spec: podSpec,
    });
  expect(await objections(createPod(spec.template.spec))).toEqual([]);
  const [rejection] = await objections(createPod({ ...spec.template.spec, hostNetwork: true }));
  expect(rejection).toContain('violates PodSecurity "restricted:latest"');
});
