/** Pods as nobody would make them, on the way to the status: it fits the schema, and its messages stay one line with the remedy. */
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostNetworkPods, type HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { statusOf } from '../../../src/domain/report/status.js';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import { projectHostNetworkPod } from '../../../src/kube/pod-projection.js';
import { CRD_VERSION } from '../crd/manifests.js';
import { CONFLICTING, observe, reportOf, type World } from '../domain/worlds.js';
import { rawPod } from '../kube/raw-pods.js';
import { strangeText, withOddValue } from './arbitraries.js';

const ajv = new Ajv({ strict: false, formats: { 'date-time': true, int32: true, int64: true } });
const isValidStatus = ajv.compile(CRD_VERSION.schema.openAPIV3Schema.properties!.status!);

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/;

const WORLD: World = { ...CONFLICTING, spec: { ports: { rbdNodePlugin: 9171 } } };

/** The API server checks neither kind nor name of an owner. */
const ownerText = fc.oneof(
  strangeText.filter((text) => text !== ''),
  fc.constant('x'.repeat(100_000)),
);
const owner = fc.oneof(
  fc.record({ kind: ownerText, name: ownerText }),
  fc.constantFrom(
    { kind: 'DaemonSet', name: 'csi-rbdplugin' },
    { kind: 'Deployment', name: 'rook-ceph.rbd.csi.ceph.com-ctrlplugin' },
  ),
);
const port = fc.oneof(fc.constantFrom(9070, 9071, 9072, 9171), fc.integer({ min: 1, max: 65_535 }));
const trouble = strangeText.map((message) => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
}));

const anyPod: fc.Arbitrary<object> = fc
  .record({
    name: fc.nat({ max: 50 }).map((number) => `pod-${number}`),
    namespace: fc.constantFrom('rook-ceph', 'stranger'),
    owner,
    ports: fc.array(port, { minLength: 1, maxLength: 4 }),
    node: fc.constantFrom(undefined, 'node-1', 'node-2'),
    status: fc.oneof(fc.constant({}), trouble),
  })
  .map(({ ports, node, ...rest }) => {
    const containers = [{ name: 'agent', ports: ports.map((containerPort) => ({ containerPort })) }];
    return rawPod({ ...rest, spec: { nodeName: node, containers } });
  });

function statusWith(pods: readonly HostNetworkPod[]): AssignmentStatus {
  const observed = { ...observe(WORLD), pods: HostNetworkPods.of(pods) };
  return statusOf({ ...reportOf(WORLD), plan: plan(observed) });
}

/** As JSON, in which the API server sends it. */
function projected(raw: object): HostNetworkPod | undefined {
  return projectHostNetworkPod(JSON.parse(JSON.stringify(raw)));
}

function projectedIfReadable(raw: object): HostNetworkPod | undefined {
  try {
    return projected(raw);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return undefined;
  }
}

test('whatever takes a port, the status can be written and read', () => {
  let held = 0;
  fc.assert(
    fc.property(fc.array(anyPod, { maxLength: 12 }), (raws) => {
      const status = statusWith(raws.flatMap((raw) => projected(raw) ?? []));
      expect(isValidStatus(status), ajv.errorsText(isValidStatus.errors)).toBe(true);
      for (const { message } of status.conditions) expect(message).not.toMatch(CONTROLS);
      const ready = status.conditions.find(({ type }) => type === 'Ready')!;
      if (ready.reason !== 'PortInUse') return;
      held += 1;
      expect(ready.message).toMatch(/kubectl -n rook-ceph patch csiports default --type=merge -p '\{.*\}'$/);
    }),
  );
  expect(held).toBeGreaterThan(0);
});

test('a pod with a value of any other type is read, or counts as unreadable: nothing else is thrown', () => {
  let read = 0;
  fc.assert(
    fc.property(withOddValue(anyPod), (raw) => {
      const pod = projectedIfReadable(raw);
      if (pod === undefined) return;
      read += 1;
      expect(isValidStatus(statusWith([pod])), ajv.errorsText(isValidStatus.errors)).toBe(true);
    }),
  );
  expect(read).toBeGreaterThan(0);
});
