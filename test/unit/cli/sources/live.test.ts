import { expect, test } from 'vitest';
import { WATCH_TABLE } from '../../../../src/watched/watch-table.js';
import { failure, scratch } from '../../kube/connections.js';
import { containing, sourceError, missing, readObjects, rookIn } from './dumps.js';
import { CREATED, assignment, foreignDaemonSet, podOf, runningRook, stored, type Raw } from './raw-objects.js';
import { kubeconfigTo, readCluster, serve } from './served-cluster.js';

const ALL: readonly Raw[] = [...runningRook(), stored(assignment()), podOf(foreignDaemonSet(9071), 'node-1')];

test('a cluster is read by the rows of the watch table', async () => {
  const { read, server } = await serve(ALL);
  const survey = await read();
  expect(survey.gaps).toEqual([]);
  expect(survey.source).toBe('context kind');
  expect(Math.abs(survey.now - Date.now())).toBeLessThan(60_000);
  const { isAssigned, status } = rookIn(survey);
  expect(isAssigned).toBe(true);
  expect(status.ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9073, rbdNodePlugin: 9072 });
  expect(status.conflicts).toMatchObject([{ port: 9070, nodes: ['node-1'] }]);
  expect(server.requests).toHaveLength(8);
  for (const { method, query } of server.requests)
    expect({ method, limit: query.limit }).toEqual({ method: 'GET', limit: '500' });
  expect(server.requests.filter(({ query }) => query.fieldSelector === 'spec.hostNetwork=true')).toHaveLength(1);
});

test('a dump of the same cluster, at the same time, gives the same plan', async () => {
  const { read } = await serve(ALL);
  const [live, dump] = await Promise.all([read(), readObjects(ALL)]);
  expect(dump.rooks.map(({ plan }) => plan)).toEqual(live.rooks.map(({ plan }) => plan));
});

test('long lists come in pages, and each is reported', async () => {
  const pods = Array.from({ length: 1234 }, (_, at) => podOf(foreignDaemonSet(20_000, `agent-${at}`), 'node-1'));
  const { read } = await serve([...ALL, ...pods]);
  const progress: [string, number][] = [];
  const survey = await read({ onProgress: (title, count) => progress.push([title, count]) });
  const { title } = WATCH_TABLE.pods;
  expect(progress.filter(([of]) => of === title).map(([, count]) => count)).toEqual([500, 1000, 1238]);
  expect(rookIn(survey).observed.pods?.withPort(20_000).size).toBe(1234);
});

test('a list whose version was compacted between two pages begins anew', async () => {
  const pods = Array.from({ length: 600 }, (_, at) => podOf(foreignDaemonSet(20_000, `agent-${at}`), 'node-1'));
  const { read, server } = await serve([...ALL, ...pods], {
    intercept: ({ query }, exchange) => {
      if (query.continue === undefined) return false;
      exchange.reject(410, 'Expired');
      return true;
    },
  });
  const survey = await read();
  expect(survey.gaps).toEqual([]);
  expect(rookIn(survey).observed.pods?.withPort(20_000).size).toBe(600);
  const ofPods = server.requests.filter(({ path }) => path.endsWith('/pods'));
  expect(ofPods.map(({ query }) => [query.limit, query.continue])).toEqual([
    ['500', undefined],
    ['500', '500'],
    [undefined, undefined],
  ]);
});

test('a server that is too busy is asked again when it says', async () => {
  let rejected = 0;
  const { read } = await serve(ALL, {
    intercept: (_, exchange) => {
      if (rejected >= 3) return false;
      rejected += 1;
      exchange.reject(429, 'TooManyRequests', {}, { 'Retry-After': '0' });
      return true;
    },
  });
  expect((await read()).gaps).toEqual([]);
});

test.each<[string[]]>([[[]], [['csiports.io']], [['csi.ceph.io']]])(
  'definitions that are not installed are no gap: only %j are',
  async (definitions) => {
    const { read } = await serve(ALL, { definitions });
    const survey = await read();
    expect(survey.gaps).toEqual([]);
    expect(rookIn(survey).isAssigned).toBe(definitions.includes('csiports.io'));
  },
);

test('nor where the account may not list what is not installed', async () => {
  const mayList = (resource: string): boolean => !['csiportassignments', 'drivers'].includes(resource);
  expect((await (await serve(ALL, { definitions: [], mayList })).read()).gaps).toEqual([]);
  const installed = await (await serve(ALL, { mayList })).read();
  expect(missing(installed.gaps)).toEqual([
    'Forbidden CSIPortAssignment default',
    'Forbidden Drivers of ceph-csi-operator',
  ]);
});

test('what may not be listed is a gap with the question to ask', async () => {
  const { read } = await serve(ALL, { mayList: (resource) => resource !== 'pods' });
  const survey = await read();
  expect(survey.gaps).toEqual([
    {
      what: 'Pods on the host network',
      reason: 'Forbidden',
      message: 'you may not list pods in all namespaces',
      remedy: 'kubectl auth can-i list pods --all-namespaces',
    },
  ]);
  expect(rookIn(survey).plan.knowsPods).toBe(false);
});

test('without rights in all namespaces the one that is named is read', async () => {
  const others = runningRook({ namespace: 'rook-b' });
  const { read } = await serve([...ALL, ...others], { mayList: (_, namespace) => namespace === 'rook-ceph' });
  const survey = await read({ namespace: 'rook-ceph' });
  expect(survey.rooks.map(({ namespace }) => namespace)).toEqual(['rook-ceph']);
  expect(rookIn(survey).plan.knowsPods).toBe(true);
  expect(rookIn(survey).status.conflicts![0]!.holders).toHaveLength(3);
  expect(survey.gaps).toHaveLength(8);
  for (const gap of survey.gaps) {
    expect(gap).toMatchObject({ reason: 'Forbidden', message: containing('in rook-ceph alone') });
    expect(gap).not.toHaveProperty('namespace');
  }
});

test('with rights in all namespaces the others count for the one that is named', async () => {
  const { read } = await serve([...ALL, ...runningRook({ namespace: 'rook-b' })]);
  const survey = await read({ namespace: 'rook-ceph' });
  expect(survey.rooks.map(({ namespace }) => namespace)).toEqual(['rook-ceph']);
  expect(rookIn(survey).status.conflicts![0]!.holders).toHaveLength(6);
  expect(survey.gaps).toEqual([]);
});

test('without any right there is an error of one line', async () => {
  const { read } = await serve(ALL, { mayList: () => false });
  const everywhere = await sourceError(read());
  expect(everywhere.message).toMatch(/^context kind: you may not list Rook's workloads in all namespaces: [^\n]+$/);
  expect(everywhere.remedy).toBe('name a namespace that you may read by -n');
  const named = await sourceError(read({ namespace: 'rook-ceph' }));
  expect(named.remedy).toContain('kubectl auth can-i list deployments.apps -n rook-ceph');
});

test('credentials that are rejected are an error', async () => {
  const { read } = await serve(ALL, {
    intercept: (_, exchange) => {
      exchange.reject(401, 'Unauthorized');
      return true;
    },
  });
  expect(await failure(read())).toMatchObject({
    message: containing('rejects the credentials'),
    remedy: 'log in again',
  });
});

test('a server that cannot be reached is an error that names it', async () => {
  const { server, kubeconfig } = await serve(ALL);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const error = await sourceError(
    readCluster({ kubeconfigs: [kubeconfig], userAgent: 'test', requestTimeoutMs: 1_000, timeLimitMs: 2_000 }),
  );
  expect(error.message).toContain(`${url.origin} cannot be read: `);
  expect(error.message).toContain('ECONNREFUSED');
});

test('a list that takes too long is a gap, and the others count', async () => {
  const { read } = await serve(ALL, { intercept: ({ path }) => path.endsWith('/pods') });
  const survey = await read({ timeLimitMs: 700 });
  expect(missing(survey.gaps)).toEqual(['Unreachable Pods on the host network']);
  expect(survey.gaps[0]!.message).toContain('no response within 700 ms');
  expect(rookIn(survey).status.conflicts).toHaveLength(1);
});

test('a server that does not respond at all is an error within the time limit', async () => {
  const { read } = await serve(ALL, { intercept: () => true });
  const begun = performance.now();
  expect((await failure(read({ timeLimitMs: 300 }))).message).toContain('no response within 300 ms');
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test('a reading that is aborted rejects with the reason at once', async () => {
  const { read, server } = await serve(ALL, { intercept: () => true });
  const stop = new AbortController();
  const reading = failure(read({ stop: stop.signal }));
  await expect.poll(() => server.requests.length).toBeGreaterThan(0);
  stop.abort(new Error('interrupted'));
  expect((await reading).message).toBe('interrupted');
});

test('an object of another shape is a gap, and counts as absent', async () => {
  const [, , provisioner] = ALL.filter(({ kind }) => kind === 'Deployment');
  const odd = { ...provisioner, spec: { ...(provisioner!.spec as Raw), replicas: -1 } };
  const survey = await (await serve(ALL.map((object) => (object === provisioner ? odd : object)))).read();
  expect(survey.gaps).toMatchObject([
    { what: 'Deployment csi-cephfsplugin-provisioner', namespace: 'rook-ceph', reason: 'Unreadable' },
  ]);
  expect(rookIn(survey).observed.workloads).not.toHaveProperty('cephfsProvisioner');
});

test('a response that is no list is a gap', async () => {
  const { read } = await serve(ALL, {
    intercept: ({ path }, exchange) => {
      if (!path.endsWith('/pods')) return false;
      exchange.json(200, { items: 'none' });
      return true;
    },
  });
  expect(missing((await read()).gaps)).toEqual(['Unreadable Pods on the host network']);
});

test('a kubeconfig that is not there is an error with a remedy', async () => {
  const options = { userAgent: 'test', requestTimeoutMs: 1_000, timeLimitMs: 1_000 };
  const absent = await failure(readCluster({ kubeconfigs: ['/absent/config'], ...options }));
  expect(absent).toMatchObject({ name: 'SourceError', remedy: containing('--kubeconfig') });
  const { server } = await serve(ALL);
  const file = scratch().write('config', kubeconfigTo(server));
  const other = await failure(readCluster({ kubeconfigs: [file], context: 'other', ...options }));
  expect(other.message).toContain('has no context "other", but kind');
});

test('the time of a stored status is kept', async () => {
  const before = {
    conditions: [{ type: 'Ready', status: 'False', reason: 'X', message: '', lastTransitionTime: CREATED }],
  };
  const { read } = await serve(
    ALL.map((object) => (object.kind === 'CSIPortAssignment' ? { ...object, status: before } : object)),
  );
  const { status, stored: said } = rookIn(await read());
  expect(said).toEqual(before);
  expect(status.conditions[0]!.lastTransitionTime).toBe(CREATED);
});
