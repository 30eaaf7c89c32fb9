import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../../src/domain/report/events.js';
import {
  DEGRADED_REASONS,
  EVENT_REASONS,
  PROGRESSING_REASONS,
  READY_REASONS,
} from '../../../src/domain/report/reasons.js';
import { statusOf } from '../../../src/domain/report/status.js';
import {
  CONFLICTING,
  DRIFTED,
  NOW,
  ROLLING,
  SETTLED,
  reconcile,
  rookConfig,
  statusIn,
  upstreamWorkload,
  workloads,
  type ReconcileOptions,
  type World,
} from './worlds.js';

const RECORDS = { READY_REASONS, PROGRESSING_REASONS, DEGRADED_REASONS, EVENT_REASONS };

describe.each(Object.entries(RECORDS))('%s', (_name, record) => {
  it('has reasons that Kubernetes accepts, each under its own name', () => {
    for (const [key, reason] of Object.entries(record)) {
      expect(reason).toBe(key);
      // The pattern of metav1.Condition.reason, in the words of this project: a capital and letters, 128 at most.
      expect(reason).toMatch(/^[A-Z][A-Za-z]{0,127}$/);
    }
  });

  it('has no reason twice', () => {
    const reasons = Object.values(record);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

const LEFT = { ...SETTLED, spec: { rookConfig: 'Leave' } } as const;
const patched = [{ slot: 'rbdNodePlugin', from: 9500, to: 9072 }] as const;

/** Reverted four times, a moment ago: the fifth makes it contested. */
const CONTESTED = {
  ...statusIn(SETTLED),
  reverts: { count: 4, recent: [{ kind: 'DaemonSet' as const, name: 'csi-rbdplugin', times: [NOW, NOW, NOW, NOW] }] },
};
const LIVENESS = { liveness: 9080 };
const NVMEOF_AND_RBD = [upstreamWorkload('nvmeof'), upstreamWorkload('rbd')];

/** What happens to a namespace, so that each reason is seen at least once. */
const HISTORY: [World, ReconcileOptions?][] = [
  [{}],
  [CONFLICTING],
  [{ ...CONFLICTING, spec: { mode: 'DryRun' } }],
  [{ ...CONFLICTING, spec: { mode: 'Paused' } }],
  [CONFLICTING, { outcome: { waitingForRook: 'Pin', pinned: { CSIADDONS_PORT: '9072' } } }],
  [DRIFTED, { after: ROLLING, outcome: { patched } }],
  [DRIFTED, { after: ROLLING, outcome: { patched }, previous: statusIn(SETTLED) }],
  [DRIFTED, { outcome: { rejections: { rbdNodePlugin: 'denied' } } }],
  [DRIFTED, { outcome: { failure: 'busy' } }],
  [SETTLED, { previous: statusIn(CONFLICTING) }],
  [SETTLED, { outcome: { pinRejection: 'denied' } }],
  [{ ...LEFT, config: rookConfig({ CSIADDONS_PORT: 'abc' }) }],
  [{ ...LEFT, config: rookConfig({ CSIADDONS_PORT: '9300', CSIADDONS_RBD_PROVISIONER_PORT: '9300' }) }],
  [{ workloads: workloads() }],
  [DRIFTED, { previous: CONTESTED }],
  [{ upstream: NVMEOF_AND_RBD }],
  [{ ...SETTLED, workloads: workloads({ rbdProvisioner: LIVENESS, rbdNodePlugin: LIVENESS }) }],
  [
    {
      config: rookConfig(),
      rook: { image: 'rook/ceph:v1.19.4' },
      upstream: [upstreamWorkload('rbd', { hostNetwork: false })],
    },
  ],
];

it('has no dead reason: each comes about in some world, and no other', () => {
  const seen = { Ready: new Set<string>(), Progressing: new Set<string>(), Degraded: new Set<string>() };
  const events = new Set<string>();
  for (const [world, options] of HISTORY) {
    const reconciled = reconcile(world, options);
    const status = statusOf(reconciled);
    for (const { type, reason } of status.conditions) seen[type].add(reason);
    for (const { reason } of eventsOf(reconciled, status)) events.add(reason);
  }
  expect([...seen.Ready].sort()).toEqual(Object.keys(READY_REASONS).sort());
  expect([...seen.Progressing].sort()).toEqual(Object.keys(PROGRESSING_REASONS).sort());
  expect([...seen.Degraded].sort()).toEqual(Object.keys(DEGRADED_REASONS).sort());
  expect([...events].sort()).toEqual(Object.keys(EVENT_REASONS).sort());
});
