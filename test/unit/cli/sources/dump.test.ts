import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readDump } from '../../../../src/cli/sources/dump.js';
import { failure, scratch } from '../../kube/connections.js';
import {
  containing,
  sourceError,
  FORMS,
  folderOf,
  listOf,
  missing,
  readObjects,
  readText,
  reasonsOf,
  rookIn,
} from './dumps.js';
import {
  CREATED,
  READ_AT,
  assignment,
  manifest,
  podOf,
  rook,
  runningRook,
  stored,
  workload,
  type Raw,
} from './raw-objects.js';

const PODS = 'NotInDump Pods on the host network';
const kubeProxy = podOf(
  workload('DaemonSet', 'kube-proxy', 'kube-system', { hostNetwork: true, containers: [] }),
  'node-1',
);
/** All that a Rook is judged by. */
const COMPLETE: readonly Raw[] = [...runningRook(), stored(assignment()), kubeProxy];

test.each(Object.entries(FORMS))('%s', async (_, write) => {
  const survey = await readText(write(COMPLETE));
  expect(survey.gaps).toEqual([]);
  expect(survey.source).toBe('stdin');
  const { status, isAssigned, observed } = rookIn(survey);
  expect(isAssigned).toBe(true);
  expect(status.ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 });
  expect(status.conflicts).toMatchObject([{ port: 9070, nodes: ['node-1'], nodeCount: 1 }]);
  expect(observed.now).toBe(Date.parse(CREATED));
});

test('every form of the same objects gives the same survey, whatever their order', async () => {
  const expected = await readObjects(COMPLETE);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...COMPLETE], { minLength: COMPLETE.length }), async (objects) => {
      for (const write of Object.values(FORMS)) {
        const survey = await readText(write(objects));
        expect(survey.rooks.map(({ plan, status }) => ({ plan, status }))).toEqual(
          expected.rooks.map(({ plan, status }) => ({ plan, status })),
        );
      }
    }),
    { numRuns: 15 },
  );
});

test('a folder is read with all folders in it, by the extensions', async () => {
  const [config, ...others] = runningRook();
  const path = folderOf({
    'namespaces/rook-ceph/core/configmaps.yaml': stringify(listOf([config!], 'ConfigMapList')),
    'namespaces/rook-ceph/apps.json': JSON.stringify(listOf(others)),
    'cluster-scoped-resources/nodes.YML': stringify(kubeProxy),
    'logs/rook.log': 'kind: [',
    'version.txt': '{',
  });
  const survey = await readDump({ paths: [path] });
  expect(survey.source).toBe(path);
  expect(survey.gaps).toEqual([]);
  expect(rookIn(survey).status.conflicts).toHaveLength(1);
});

test('items of a typed list need no kind, as in must-gather and kubectl cluster-info dump', async () => {
  const kindless = (kind: string): Raw[] =>
    COMPLETE.filter((object) => object.kind === kind).map(({ metadata, spec, data, status }) => ({
      metadata,
      spec,
      data,
      status,
    }));
  const kinds = ['ConfigMap', 'Deployment', 'DaemonSet', 'Pod'];
  const lists = kinds.map((kind) => listOf(kindless(kind), `${kind}List`));
  const texts = [
    lists.map((list) => stringify(list, { indentSeq: false })).join('---\n'),
    lists.map((list) => JSON.stringify(list, null, 2)).join('\n'),
    lists.map(({ kind, ...list }) => JSON.stringify({ kind, ...list })).join('\n'),
  ];
  for (const text of texts) {
    const survey = await readText(text);
    expect(survey.gaps).toEqual([]);
    expect(rookIn(survey).status.conflicts).toMatchObject([{ port: 9070, nodes: ['node-1'] }]);
  }
});

test('a file in UTF-16, as PowerShell writes it, is read', async () => {
  const text = `\uFEFF${FORMS['a YAML list'](COMPLETE)}`.replaceAll('\n', '\r\n');
  const little = Buffer.from(text, 'utf16le');
  expect(rookIn(await readText(little)).status.conflicts).toHaveLength(1);
  expect(rookIn(await readText(Buffer.from(little).swap16())).status.conflicts).toHaveLength(1);
  expect(rookIn(await readText(Buffer.from(text))).status.conflicts).toHaveLength(1);
});

const NOTHING = 'there is no object of Kubernetes in it';

test.each([
  ['an empty file', '', NOTHING],
  ['blanks and comments', '\n# nothing\n---\n', NOTHING],
  ['other YAML', 'a: 1\n', NOTHING],
  ['other JSON', '[1, 2, {"a": null}]', NOTHING],
  ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]), 'it is binary, not YAML or JSON'],
  ['gzip', gzipSync('kind: List'), 'it is a gzip archive: unpack it first'],
  ['zip', Buffer.from('PK\u0003\u0004xyz'), 'it is a zip archive: unpack it first'],
])('%s is an error with a remedy', async (_, content, message) => {
  const error = await sourceError(readText(content));
  expect(error.message).toBe(`stdin: ${message}`);
  expect(error.remedy).toContain('kubectl get');
});

test.each([
  [
    'YAML',
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: rook-ceph-operator-config\n data: [\n',
    /^stdin:5: not YAML: /,
  ],
  [
    'YAML in a list',
    'apiVersion: v1\nitems:\n- kind: Driver\n  apiVersion: csi.ceph.io/v1\n  a: "b\n- kind: Pod\n',
    /^stdin:\d: not YAML: /,
  ],
  ['an alias without its anchor', 'kind: Driver\napiVersion: csi.ceph.io/v1\nspec: *all\n', /^stdin:3: not YAML: /],
  ['JSON', '{\n  "kind": "Pod",\n  "metadata": {"name": "a" "b"}\n}', /^stdin:3: not JSON: /],
  ['cut JSON', '{\n"items": [\n{"kind": "Pod"', /^stdin:3: the file ends within the object that begins here$/],
])('%s that is broken is named by file and line', async (_, text, message) => {
  expect((await failure(readText(text))).message).toMatch(message);
});

test('what is readable beside it is read', async () => {
  const broken = `${FORMS['YAML documents'](COMPLETE)}---\nkind: Driver\napiVersion: csi.ceph.io/v1\nspec: [\n`;
  const survey = await readText(broken);
  expect(rookIn(survey).status.conflicts).toHaveLength(1);
  expect(survey.gaps).toMatchObject([{ what: 'stdin', reason: 'Unreadable', message: containing(': not YAML') }]);
});

test('an object of YAML that concerns no Rook is not looked into', async () => {
  const passed = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: b\ndata: [\n';
  expect((await readText(passed)).gaps).toEqual([]);
});

test('an alias bomb is rejected, not expanded', async () => {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const value =
      level === 0
        ? '[x]'
        : `[${Array(9)
            .fill(`*l${level - 1}`)
            .join(', ')}]`;
    return `l${level}: &l${level} ${value}`;
  });
  const text = `kind: Driver\napiVersion: csi.ceph.io/v1\n${levels.join('\n')}\n`;
  expect((await failure(readText(text))).message).toMatch(/not YAML/);
});

test('an object of another shape is a gap with its name, and counts as absent', async () => {
  const odd = manifest(['apps/v1', 'Deployment'], 'csi-rbdplugin-provisioner', 'rook-ceph');
  const survey = await readObjects([...rook({ ports: { cephfsProvisioner: 9070 } }), odd]);
  expect(Object.keys(rookIn(survey).observed.workloads)).toEqual(['cephfsProvisioner']);
  expect(survey.gaps[0]).toMatchObject({ what: 'stdin', reason: 'Unreadable' });
  expect(survey.gaps[0]!.message).toMatch(/^stdin:1: Deployment rook-ceph\/csi-rbdplugin-provisioner: /);
});

test('of many faults in one file a few are told', async () => {
  const odd = Array.from({ length: 9 }, (_, at) =>
    manifest(['v1', 'Pod'], `pod-${at}`, 'a', { spec: { hostNetwork: true, containers: 1 } }),
  );
  const { gaps } = await readObjects(odd);
  expect(gaps).toHaveLength(4);
  expect(gaps[3]!.message).toBe('stdin: 6 more objects cannot be read');
});

test('a path that is not there is an error', async () => {
  const error = await sourceError(readDump({ paths: [join(scratch().path, 'absent.yaml')] }));
  expect(error.message).toContain('absent.yaml cannot be read');
});

test('a folder without any file of a dump is an error', async () => {
  expect((await failure(readDump({ paths: [scratch().path] }))).message).toContain('no .yaml, .yml or .json file');
});

test('a reading that is aborted ends', async () => {
  const stop = AbortSignal.abort(new Error('interrupted'));
  expect((await failure(readObjects(COMPLETE, { stop }))).message).toBe('interrupted');
});

test('without any pod the templates count, as if all of them shared a node', async () => {
  const objects = COMPLETE.filter(({ kind }) => kind !== 'Pod');
  const survey = await readObjects(objects);
  expect(missing(survey.gaps)).toEqual([PODS]);
  const { status } = rookIn(survey);
  expect(status.conflicts).toMatchObject([{ port: 9070 }]);
  expect(status.conflicts![0]).not.toHaveProperty('nodes');
});

test('with the pods of Rook alone, who else takes a port is not known', async () => {
  const survey = await readObjects(COMPLETE.filter((object) => object !== kubeProxy));
  expect(missing(survey.gaps)).toEqual([PODS]);
  expect(survey.gaps[0]!.message).toContain('pods of rook-ceph alone');
});

test('with the pods of other namespaces alone, those of Rook are not known', async () => {
  const survey = await readObjects([...COMPLETE.filter(({ kind }) => kind !== 'Pod'), kubeProxy]);
  expect(missing(survey.gaps)).toEqual([`${PODS} of rook-ceph`]);
  expect(rookIn(survey).plan.knowsPods).toBe(false);
});

test.each([
  ['ConfigMap', ['NotInDump ConfigMap rook-ceph-operator-config of rook-ceph']],
  ['DaemonSet', ['NotInDump DaemonSet csi-rbdplugin of rook-ceph']],
])('a dump without any %s says so', async (kind, gaps) => {
  const survey = await readObjects(COMPLETE.filter((object) => object.kind !== kind));
  expect(missing(survey.gaps)).toEqual(gaps);
});

test('a kind of which the dump has others is there as a whole', async () => {
  const others = [manifest(['v1', 'ConfigMap'], 'kube-root-ca.crt', 'rook-ceph')];
  const survey = await readObjects([...COMPLETE.filter(({ kind }) => kind !== 'ConfigMap'), ...others]);
  expect(survey.gaps).toEqual([]);
});

test('keys of which the dump does not say who wrote them count as the admin’s', async () => {
  const objects = [...runningRook({ data: { CSIADDONS_PORT: '9075' } }), kubeProxy];
  const gap = 'NotInDump ConfigMap rook-ceph-operator-config of rook-ceph';
  expect(missing((await readObjects([...objects, stored(assignment())])).gaps)).toEqual([gap]);
  expect(missing((await readObjects(objects)).gaps)).toEqual([]);
});

test('manifests without a status count as settled, and that is said', async () => {
  const survey = await readObjects([...rook({ ports: { rbdProvisioner: 9071, rbdNodePlugin: 9070 } }), assignment()]);
  expect(reasonsOf(rookIn(survey)).Ready).toBe('PortsAssigned');
  expect(missing(survey.gaps)).toEqual([PODS, 'NotInDump Status of the workloads']);
});

test('a workload that the API server has stored and whose pods are still to be made is not settled', async () => {
  const survey = await readObjects(rook({ ports: { rbdProvisioner: 9070 } }).map((raw) => stored(raw)));
  expect(reasonsOf(rookIn(survey)).Ready).toBe('RollingOut');
});

test('the time is the newest of the dump, ends of certificates and graces left out', async () => {
  const late = '2026-11-29T08:00:00Z';
  const status = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: late }] };
  const annotations = { 'auth.openshift.io/certificate-not-after': '2036-01-01T00:00:00Z' };
  const config = {
    ...manifest(['v1', 'ConfigMap'], 'ca', 'x'),
    metadata: { name: 'ca', namespace: 'x', annotations, deletionTimestamp: '2030-01-01T00:00:00Z' },
  };
  for (const write of Object.values(FORMS)) {
    expect((await readText(write([...COMPLETE, { ...kubeProxy, status }, config]))).now).toBe(Date.parse(late));
  }
  expect((await readObjects(rook())).now).toBe(READ_AT);
});

test('rollouts are judged as of the dump', async () => {
  const [slow] = rook({ ports: { rbdProvisioner: 9070 } }).slice(2);
  const pod = podOf(slow!, 'node-1');
  const pending = {
    ...pod,
    spec: { ...(pod.spec as Raw), nodeName: undefined },
    status: {
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: 'no',
          lastTransitionTime: '2026-11-20T12:00:00Z',
        },
      ],
    },
  };
  const partly = stored(slow!, {
    status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1 },
  });
  const until = (time: string): Raw[] => [
    ...rook({ ports: {} }),
    partly,
    pending,
    { ...kubeProxy, metadata: { ...(kubeProxy.metadata as Raw), creationTimestamp: time } },
  ];
  expect(reasonsOf(rookIn(await readObjects(until('2026-11-20T12:00:05Z')))).Ready).toBe('RollingOut');
  expect(reasonsOf(rookIn(await readObjects(until('2026-11-20T12:00:20Z')))).Ready).toBe('RolloutStuck');
});

test('of an object that is there twice the newer version counts', async () => {
  const [newer] = rook({ ports: { rbdProvisioner: 9075 } }).slice(2);
  const [older] = rook({ ports: { rbdProvisioner: 9070 } }).slice(2);
  const at = (raw: Raw, resourceVersion: string): Raw => ({
    ...raw,
    metadata: { ...(raw.metadata as Raw), uid: 'same', resourceVersion },
  });
  for (const objects of [
    [at(newer!, '20'), at(older!, '3')],
    [at(older!, '3'), at(newer!, '20')],
  ]) {
    expect(rookIn(await readObjects(objects)).status.workloads[0]!.currentPort).toBe(9075);
  }
});

test('an object without a namespace is in that of -n, else in default', async () => {
  const [, ...workloads] = rook().map((raw) => ({ ...raw, metadata: { name: (raw.metadata as Raw).name } }));
  expect((await readObjects(workloads)).rooks.map(({ namespace }) => namespace)).toEqual(['default']);
  expect((await readObjects(workloads, { namespace: 'mine' })).rooks.map(({ namespace }) => namespace)).toEqual([
    'mine',
  ]);
});

test('only the namespace that was asked for is reported, beside the others', async () => {
  const survey = await readObjects([...rook(), ...rook({ namespace: 'rook-b' })], { namespace: 'rook-b' });
  expect(survey.rooks.map(({ namespace }) => namespace)).toEqual(['rook-b']);
  expect(rookIn(survey, 'rook-b').status.conflicts![0]!.holders).toHaveLength(6);
});

test('a dump without a Rook has none, and no gap', async () => {
  const survey = await readObjects([kubeProxy]);
  expect(survey).toMatchObject({ rooks: [], gaps: [] });
});

test('a pipe in a folder is passed over, and a link that leads nowhere is told', async () => {
  const path = folderOf({ 'dump.yaml': FORMS['a YAML list'](COMPLETE) });
  execFileSync('mkfifo', [join(path, 'pipe.yaml')]);
  symlinkSync(join(path, 'nowhere'), join(path, 'link.yaml'));
  const survey = await readDump({ paths: [path], stdin: undefined });
  expect(survey.rooks).toHaveLength(1);
  expect(survey.gaps).toMatchObject([{ what: join(path, 'link.yaml'), reason: 'Unreadable' }]);
});

test('one endless line, which is no object, is read in one go', async () => {
  const survey = await readText(`${'a'.repeat(30_000_000)}\n---\n${JSON.stringify(listOf(COMPLETE))}`);
  expect(survey.rooks).toHaveLength(1);
});

test('what is wrong with one item of a list in a list says nothing of the others', async () => {
  const bad = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'q', name: 'rook-ceph-operator-config' } };
  const inner = listOf([{ ...bad, data: { CSIADDONS_PORT: 9075 } }, ...COMPLETE]);
  const survey = await readText(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [inner] }));
  expect(survey.rooks).toHaveLength(1);
  expect(survey.gaps.map(({ message }) => message)).toEqual([containing('data.CSIADDONS_PORT is not a string')]);
});

test('YAML that is cut off between two items is told, as nobody knows what came behind', async () => {
  const text = FORMS['a YAML list'](COMPLETE);
  const survey = await readText(text.slice(0, text.indexOf('\nkind: List') + 1));
  expect(survey.rooks).toHaveLength(1);
  expect(survey.gaps).toMatchObject([{ reason: 'Unreadable', message: containing('the file ends within') }]);
});

test.each([
  ['namespace', { namespace: '$(reboot)', name: 'a' }],
  ['name', { namespace: 'q', name: "a'; reboot" }],
])('a %s that no API server takes is not read: it would stand in a command', async (_, metadata) => {
  const survey = await readObjects([...COMPLETE, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} }]);
  expect(survey.rooks).toHaveLength(1);
  expect(survey.gaps).toMatchObject([{ reason: 'Unreadable', message: containing('none that an API server takes') }]);
});
