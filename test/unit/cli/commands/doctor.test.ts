import { describe, expect, it } from 'vitest';
import { SETTLE_MS, parseEndpoint } from '../../../../src/cli/commands/csi-addons-checks.js';
import { doctorReport, type CsiAddonsNodeFact, type DoctorFacts } from '../../../../src/cli/commands/doctor.js';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import { render } from '../../../../src/cli/output/render.js';
import { CLASSIC, HEALTHY, NOW_MS, PODS_GAP, SURVEYS, survey, type RookOptions } from '../surveys.js';

const LONG_AGO = NOW_MS - 2 * SETTLE_MS;
const OPERATOR = { namespace: 'system', name: 'csi-port-operator', image: 'op:0.1.0', replicas: 2, readyReplicas: 2 };
const LEASE = { namespace: 'system', name: 'csi-port-operator', holder: 'pod-1', renewedAt: NOW_MS - 2000 };

/** Names as kubernetes-csi-addons 0.12 makes them. */
function node(workload: string, port: number, changes: Partial<CsiAddonsNodeFact> = {}): CsiAddonsNodeFact {
  return {
    namespace: 'rook-ceph',
    name: `node-1-rook-ceph-${workload === 'csi-rbdplugin' ? 'daemonset' : 'deployment'}-${workload}`,
    driver: 'rook-ceph.rbd.csi.ceph.com',
    nodeId: 'node-1',
    endpoint: `pod://${workload}-x1.rook-ceph:${port}`,
    state: 'Connected',
    createdAt: LONG_AGO,
    ...changes,
  };
}

const NODES = [
  node('csi-rbdplugin-provisioner', 9070),
  node('csi-cephfsplugin-provisioner', 9071),
  node('csi-rbdplugin', 9072),
];

const WELL: DoctorFacts = {
  rights: [{ verb: 'list', resource: 'pods', allowed: true }],
  crd: { installed: true, servedVersions: ['v1alpha1'] },
  operators: [OPERATOR],
  leases: [LEASE],
  csiAddonsNodes: NODES,
};

function diagnosed(facts: Partial<DoctorFacts> = {}, rook: RookOptions = HEALTHY) {
  return doctorReport({ ...WELL, ...facts }, survey([rook]));
}

/** What is not ok. */
function found(facts: Partial<DoctorFacts>, rook?: RookOptions) {
  return diagnosed(facts, rook).checks.filter(({ verdict }) => verdict !== 'ok');
}

describe('the doctor', () => {
  it('finds nothing where all is well', () => {
    const report = diagnosed();
    expect(report.checks.map(({ verdict }) => verdict)).not.toContain('fail');
    expect(report).toMatchObject({ verdict: 'ok', summary: '9 right' });
    expect(exitCode(report)).toBe(0);
  });

  it.each<[string, Partial<DoctorFacts>, string, RegExp]>([
    ['no rights known', { rights: { unknown: 'no API server' } }, 'unknown', /no API server/],
    [
      'a missing right',
      { rights: [{ verb: 'list', resource: 'pods', allowed: false }] },
      'unknown',
      /missing: list pods in all namespaces/,
    ],
    ['no CRD', { crd: { installed: false, servedVersions: [] } }, 'fail', /not installed/],
    ['another version', { crd: { installed: true, servedVersions: ['v1'] } }, 'fail', /serves v1, and not v1alpha1/],
    ['no operator', { operators: [], leases: [] }, 'fail', /not installed/],
    ['no replica ready', { operators: [{ ...OPERATOR, readyReplicas: 0 }] }, 'fail', /0 of 2 ready/],
    ['one replica ready', { operators: [{ ...OPERATOR, readyReplicas: 1 }] }, 'warn', /1 of 2 ready/],
    [
      'a Lease left',
      { leases: [{ ...LEASE, renewedAt: NOW_MS - 300_000 }] },
      'fail',
      /renewed 5 min ago: nobody leads/,
    ],
    ['a Lease without a holder', { leases: [{ namespace: 'system', name: 'x' }] }, 'warn', /nobody holds it/],
    ['no Lease', { leases: [] }, 'warn', /no Lease/],
    ['no csi-addons', { csiAddonsNodes: [] }, 'warn', /there is no CSIAddonsNode/],
    ['csi-addons not readable', { csiAddonsNodes: { unknown: 'forbidden' } }, 'unknown', /forbidden/],
  ])('finds %s', (_name, facts, verdict, detail) => {
    expect(found(facts)).toMatchObject([{ verdict, detail: expect.stringMatching(detail) as string }]);
  });

  it('takes a clock that is behind for none of the Lease', () =>
    expect(found({ leases: [{ ...LEASE, renewedAt: NOW_MS + 60_000 }] })).toEqual([]));

  it('finds a conflict, and a Rook that nobody may move', () => {
    const [ports] = found({ csiAddonsNodes: [] }, CLASSIC);
    expect(ports).toMatchObject({ title: 'Ports in rook-ceph', verdict: 'fail' });
    expect(ports!.remedy!.command).toContain('CSIPortAssignment');
  });

  it('finds an assignment in the wrong namespace', () => {
    const report = doctorReport(WELL, SURVEYS.misplaced!);
    expect(report.checks).toContainEqual(
      expect.objectContaining({ verdict: 'fail', detail: 'there is no Rook in this namespace' }),
    );
  });

  it('tells what was not read', () => {
    const report = doctorReport(WELL, survey([HEALTHY], [PODS_GAP]));
    expect(report.checks.at(-1)).toMatchObject({
      verdict: 'unknown',
      remedy: { command: 'kubectl auth can-i list pods -A' },
    });
    expect(exitCode(report)).toBe(3);
  });

  it('exits with 1 where something is wrong, also beside what is not known', () =>
    expect(exitCode(diagnosed({ operators: [], rights: { unknown: 'x' } }))).toBe(1));
});

describe('a CSIAddonsNode', () => {
  function judged(changes: Partial<CsiAddonsNodeFact>, rook: RookOptions = HEALTHY) {
    const others = NODES.slice(0, 2);
    return found({ csiAddonsNodes: [...others, node('csi-rbdplugin', 9072, changes)] }, rook);
  }

  it.each<[string, Partial<CsiAddonsNodeFact>, string, RegExp]>([
    [
      'has an old port for long',
      { endpoint: 'pod://csi-rbdplugin-x1.rook-ceph:9070' },
      'fail',
      /has port 9070, and 9072 is assigned/,
    ],
    [
      'has an old port for a moment',
      { endpoint: 'pod://csi-rbdplugin-x1.rook-ceph:9070', createdAt: NOW_MS - 1000 },
      'warn',
      /six minutes/,
    ],
    ['has failed', { state: 'Failed', message: 'refused' }, 'fail', /is Failed: refused/],
    ['has failed just now', { state: 'Failed', createdAt: NOW_MS - 1000 }, 'warn', /six minutes/],
    ['is tried again', { state: 'Retrying' }, 'warn', /is Retrying/],
    ['has an address without brackets', { endpoint: 'fd00::1:9072' }, 'fail', /without brackets/],
    ['has no port', { endpoint: 'pod://x' }, 'warn', /has no port/],
  ])('%s', (_name, changes, verdict, detail) => {
    expect(judged(changes)).toMatchObject([{ verdict, detail: expect.stringMatching(detail) as string }]);
  });

  it('may have its old port while the pods are replaced', () => {
    const rolling = { ...HEALTHY, rollouts: { rbdNodePlugin: { updated: 1 } } };
    const checks = judged({ endpoint: 'pod://csi-rbdplugin-x1.rook-ceph:9070' }, rolling);
    expect(checks.at(-1)).toMatchObject({ verdict: 'warn', detail: expect.stringContaining('RollingOut') as string });
  });

  it('that has no state is not looked at yet', () => {
    const without = node('csi-rbdplugin', 9072);
    delete (without as { state?: string }).state;
    const [check] = found({ csiAddonsNodes: [...NODES.slice(0, 2), without] });
    expect(check).toMatchObject({ verdict: 'warn', detail: expect.stringContaining('without a state') as string });
  });

  it('is not trusted on a port that is shared: another sidecar may have answered', () => {
    const checks = found({ csiAddonsNodes: [node('csi-rbdplugin-provisioner', 9070)] }, CLASSIC);
    const shared = checks.find(({ title }) => title.startsWith('csi-addons of csi-rbdplugin-provisioner'));
    expect(shared).toMatchObject({ verdict: 'warn', detail: expect.stringContaining('9070 is shared') as string });
  });

  it('is told by its owner, by its pod, or by its name', () => {
    const plain = { endpoint: '10.0.0.1:9072', name: 'x' };
    expect(judged({ ...plain, owner: { kind: 'DaemonSet', name: 'csi-rbdplugin' } })).toEqual([]);
    expect(judged({ ...plain, owner: { kind: 'Pod', name: 'csi-rbdplugin-7k2' } })).toEqual([]);
    expect(judged({ ...plain, name: 'csi-rbdplugin-7k2' })).toEqual([]);
  });

  it('of another workload counts by its state', () => {
    const other = node('rook-ceph.nfs.csi.ceph.com-ctrlplugin', 9070, { state: 'Failed' });
    expect(found({ csiAddonsNodes: [...NODES, other] })).toMatchObject([
      { title: 'csi-addons of other workloads in rook-ceph' },
    ]);
  });
});

describe('parseEndpoint', () => {
  it.each([
    ['pod://csi-rbdplugin-x1.rook-ceph:9072', { pod: 'csi-rbdplugin-x1', port: 9072 }],
    ['10.0.0.1:9072', { port: 9072 }],
    ['[fd00::1]:9070', { port: 9070 }],
    ['dns:///host:9070', { port: 9070 }],
    ['fd00::1:9070', { lacksBrackets: true }],
    ['', {}],
    ['pod://a.b:999999', {}],
  ])('%s', (endpoint, read) => expect(parseEndpoint(endpoint)).toEqual(read));
});

it('is printed with a mark, and the remedy under each check', async () => {
  const facts = { ...WELL, operators: [{ ...OPERATOR, readyReplicas: 0 }], csiAddonsNodes: [] };
  const text = render(doctorReport(facts, survey([CLASSIC])), { format: 'text', colour: false, columns: 100 });
  await expect(text).toMatchFileSnapshot('../output/snapshots/doctor.txt');
});
