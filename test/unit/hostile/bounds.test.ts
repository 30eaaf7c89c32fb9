/**
 * How much is looked at of the largest objects, by count and not by clock: the event loop serves all namespaces. What has no
 * count here would not come to an end in the time of a test.
 */
import { describe, expect, test } from 'vitest';
import { parsePortKey } from '../../../src/domain/rules/rook-config.js';
import { rookVersion } from '../../../src/domain/rules/rook-operator.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { describeContested } from '../../../src/domain/report/contested.js';
import { MAX_READ } from '../../../src/domain/rules/workload.js';
import { ApiError, UnreachableError } from '../../../src/kube/errors.js';
import { projectRookConfig, projectRookOperator } from '../../../src/kube/projections.js';
import { projectDeployment } from '../../../src/kube/workload-projection.js';

const metadata = { namespace: 'rook', name: 'csi-rbdplugin-provisioner', uid: 'u', resourceVersion: '1' };
const creationTimestamp = '2026-01-01T00:00:00Z';
const assignment = { ...metadata, name: 'default', generation: 1, creationTimestamp, deleting: false, spec: {} };
/** Without neighbours, pods and settings. */
const alone = { namespace: 'rook', assignment, workloads: {}, others: [], rooksElsewhere: [], drivers: [], now: 0 };

/** A list that counts which of its elements are looked at. */
function counted<T>(elements: T[], looks: Set<string>): T[] {
  return new Proxy(elements, {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks.add(key);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

function workload(...containers: readonly object[]): object {
  return { metadata, spec: { template: { spec: { hostNetwork: true, containers } } } };
}

describe('a sidecar', () => {
  test.each(['command', 'args', 'ports'])('whose %s are too many: none is looked at, none is kept', (list) => {
    const looks = new Set<string>();
    const elements = counted<unknown>(
      Array.from({ length: MAX_READ + 1 }, () => '--controller-port=9075'),
      looks,
    );
    const { sidecar, ...rest } = projectDeployment(workload({ name: 'csi-addons', [list]: elements }));
    expect(looks.size).toBe(0);
    expect(sidecar).toEqual({ index: 0, command: [], ports: [], unread: MAX_READ + 1 });
    const [row] = plan({ ...alone, workloads: { rbdProvisioner: { ...rest, sidecar: sidecar! } } }).workloads;
    expect(row).toMatchObject({ state: 'Drifted', unreadable: expect.stringContaining('at most 1000') as string });
    expect(row).not.toHaveProperty('patch');
  });

  test('that would have too many with what a repair adds is left alone: nobody could read it afterwards', () => {
    const planned = (count: number): ReturnType<typeof plan>['workloads'][number] => {
      const args = Array.from({ length: count }, () => '--v=5');
      const rbdProvisioner = projectDeployment(workload({ name: 'csi-addons', args }));
      return plan({ ...alone, workloads: { rbdProvisioner } }).workloads[0]!;
    };
    expect(planned(MAX_READ - 1).patch).toContainEqual(expect.objectContaining({ op: 'add' }));
    expect(planned(MAX_READ)).toMatchObject({
      state: 'Drifted',
      unreadable: expect.stringContaining(`${MAX_READ} arguments and ports`) as string,
    });
    expect(planned(MAX_READ)).not.toHaveProperty('patch');
  });

  test('with as many as are read is repaired by fewer operations than an API server takes', () => {
    const args = Array.from({ length: MAX_READ / 2 }, () => '--controller-port=9075');
    const ports = Array.from({ length: MAX_READ / 2 }, () => ({ containerPort: 9075 }));
    const rbdProvisioner = projectDeployment(workload({ name: 'csi-addons', args, ports }));
    const elsewhere = { ...assignment, spec: { ports: { rbdProvisioner: 9070 } } };
    const [row] = plan({ ...alone, assignment: elsewhere, workloads: { rbdProvisioner } }).workloads;
    expect(row!.patch!.length).toBeGreaterThan(MAX_READ);
    expect(row!.patch!.length).toBeLessThan(10_000);
  });
});

test('of the ports of other containers the first are kept, also of the liveness container with many arguments', () => {
  const looks = new Set<string>();
  const ports = Array.from({ length: 600 }, (_, index) => ({ containerPort: index + 1 }));
  const others = Array.from({ length: 50 }, (_, index) => ({ name: `c${index}`, ports }));
  const args = counted(
    Array.from({ length: MAX_READ + 1 }, () => '--metricsport=9080'),
    looks,
  );
  const { otherPorts } = projectDeployment(workload({ name: 'liveness-prometheus', args }, ...others));
  expect(otherPorts).toHaveLength(1200);
  expect(looks.size).toBe(0);
});

test('a port key of a megabyte is invalid, and no more is kept of it than shows that', () => {
  const data = { CSIADDONS_PORT: ' '.repeat(1_000_000) };
  const { keys } = projectRookConfig({ metadata, data });
  expect(keys.CSIADDONS_PORT!.value).toHaveLength(1001);
  expect(parsePortKey(keys.CSIADDONS_PORT!.value)).toMatchObject({ kind: 'Invalid', stopsRook: true });
  expect(parsePortKey(' '.repeat(1000))).toEqual({ kind: 'Unset' });
});

test("Rook's image may be any text", () => {
  const version = (image: string): string | undefined => {
    const template = { spec: { containers: [{ name: 'rook-ceph-operator', image }] } };
    return rookVersion(projectRookOperator({ metadata, spec: { template } }));
  };
  expect(version(`${':x@'.repeat(400_000)}\nb`)).toBeUndefined();
  expect(version(`rook/ceph:v1.16.4-${'x'.repeat(1_000_000)}`)).toBeUndefined();
  expect(version('rook/ceph:v1.16.4-\u001b[31m')).toBeUndefined();
  expect(version(`rook/ceph:v1.16.4-${'x'.repeat(100)}`)).toHaveLength(108);
});

test('of thousands of writers the first few are named', () => {
  const managers = Array.from({ length: 5_000 }, (_, index) => ({ name: `m${index}` }));
  const rookConfig = { ...projectRookConfig({ metadata, data: {} }), managers };
  const contest = { lastWriteTime: '2026-01-01T00:00:00Z', backoffSeconds: 30 };
  const pin = { kind: 'ConfigMap', name: 'rook-ceph-operator-config', outcome: 'Unchanged', isSent: false } as const;
  const message = describeContested([{ ...pin, contest }], plan({ ...alone, rookConfig }));
  expect(message).toMatch(/\(one of m0, m1, .* or 4992 more\?\)/);
  expect(message.length).toBeLessThan(1000);
});

test('the message of an answer is one line of limited length; too large is a rejection', () => {
  const body = JSON.stringify({ reason: 'x\n'.repeat(5_000), message: `webhook\n\u001b[31m${'x'.repeat(1_000_000)}` });
  const error = new ApiError('PATCH /x', 413, body);
  expect(error.message).toMatch(/^PATCH \/x: 413 webhook {2}\[31mxxx/);
  expect(error.message).toHaveLength(2_000);
  expect(error.reason.length).toBeLessThanOrEqual(100);
  expect(error.isRejection).toBe(true);
  expect(new UnreachableError('GET /x', new Error('a\nb')).message).toBe('GET /x: a b');
});
