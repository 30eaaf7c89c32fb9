import { describe, expect, it } from 'vitest';
import {
  DEGRADED_REASONS,
  EVENT_REASONS,
  PROGRESSING_REASONS,
  READY_REASONS,
} from '../../../../src/domain/report/reasons.js';
import { conditions } from '../../../../src/domain/report/conditions.js';
import { missingRightsEvent } from '../../../../src/domain/report/missing-rights.js';
import { driver, pluginPod } from '../drivers.js';
import {
  CONFLICTING,
  DRIFTED,
  EARLIER,
  ROLLING,
  SETTLED,
  allWorkloads,
  eventsIn,
  rookConfig,
  statusIn,
  workloads,
  type Changes,
  type World,
} from '../worlds.js';

import { HELD, PAUSED_ROLLOUT, reportOfRollouts } from './report-worlds.js';

const REASONS = { READY_REASONS, PROGRESSING_REASONS, DEGRADED_REASONS, EVENT_REASONS };

describe.each(Object.entries(REASONS))('%s', (_name, reasons) => {
  it('are distinct, and such as Kubernetes accepts', () => {
    expect(new Set(reasons).size).toBe(reasons.length);
    // Narrower than the pattern of metav1.Condition.reason: a capital and letters.
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z][A-Za-z]{0,127}$/);
  });
});

const LEFT = { ...SETTLED, spec: { rookConfig: 'Leave' } } as const;
const LIVENESS = { liveness: 9080 };
const CONTEST = { manager: 'rook', lastWriteTime: EARLIER, backoffSeconds: 30 };

const NODE_PLUGINS = (['rbd', 'nvmeof'] as const).map((type) =>
  pluginPod({ type, part: 'nodeplugin', node: 'node-1' }),
);
const CTRL_PLUGINS = (['rbd', 'nvmeof'] as const).map((type) =>
  pluginPod({ type, part: 'ctrlplugin', node: 'node-1', csiAddons: 9070 }),
);

/** What happens to a namespace, so that each reason is seen at least once. */
const HISTORY: [World, Changes?, World?][] = [
  [{}],
  [{ workloads: allWorkloads({ hostNetwork: false }) }],
  [HELD],
  [CONFLICTING, { rbdNodePlugin: { outcome: 'AwaitingPods' } }],
  [{ drivers: [driver('rbd')] }],
  [{ drivers: [driver('rbd'), driver('nvmeof')], pods: [...NODE_PLUGINS, ...CTRL_PLUGINS] }],
  [
    {
      drivers: [driver('rbd')],
      pods: NODE_PLUGINS,
      rook: { image: 'rook/ceph:v1.19.5' },
      config: rookConfig({}, { ROOK_ENFORCE_HOST_NETWORK: 'true' }),
    },
  ],
  [CONFLICTING],
  [CONFLICTING, {}, SETTLED],
  [{ ...CONFLICTING, spec: { mode: 'DryRun' } }],
  [{ ...CONFLICTING, spec: { mode: 'Paused' } }],
  [DRIFTED, { rookConfig: { outcome: 'Applied' }, rbdNodePlugin: { outcome: 'WaitingForRook' } }],
  [DRIFTED, { rbdNodePlugin: { outcome: 'Applied' } }, ROLLING],
  [DRIFTED, { rbdNodePlugin: { outcome: 'Applied', reverted: CONTEST, contest: CONTEST } }, ROLLING],
  [DRIFTED, { rbdNodePlugin: { outcome: 'BackingOff', contest: CONTEST } }],
  [DRIFTED, { rbdNodePlugin: { outcome: 'Rejected', isSent: true, cause: 'denied' } }],
  [DRIFTED, { rbdNodePlugin: { outcome: 'Failed', cause: 'busy' } }],
  [SETTLED, { rookConfig: { outcome: 'Rejected', cause: 'denied' } }],
  [{ ...LEFT, config: rookConfig({ CSIADDONS_PORT: 'abc' }) }],
  [{ ...LEFT, config: rookConfig({ CSIADDONS_PORT: '9300', CSIADDONS_RBD_PROVISIONER_PORT: '9300' }) }],
  [{ workloads: workloads() }],
  [{ ...SETTLED, workloads: workloads({ rbdProvisioner: LIVENESS, rbdNodePlugin: LIVENESS }) }],
];

it('has no dead reason: each comes about in some world, and no other', () => {
  const seen = { Ready: new Set<string>(), Progressing: new Set<string>(), Degraded: new Set<string>() };
  // What the status may lack has no world: missing-rights.test.ts.
  const events = new Set<string>([missingRightsEvent('rook-ceph', []).reason]);
  for (const [before, results = {}, after = before] of HISTORY) {
    for (const { type, reason } of statusIn(after, { results }).conditions) seen[type].add(reason);
    for (const { reason } of eventsIn(before, { after, results })) events.add(reason);
  }
  for (const { type, reason } of conditions(reportOfRollouts(SETTLED, PAUSED_ROLLOUT))) seen[type].add(reason);
  expect([...seen.Ready].sort()).toEqual([...READY_REASONS].sort());
  expect([...seen.Progressing].sort()).toEqual([...PROGRESSING_REASONS].sort());
  expect([...seen.Degraded].sort()).toEqual([...DEGRADED_REASONS].sort());
  expect([...events].sort()).toEqual([...EVENT_REASONS].sort());
});
