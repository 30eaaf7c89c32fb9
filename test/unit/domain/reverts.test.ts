import { describe, expect, it } from 'vitest';
import type { AssignmentStatus } from '../../../src/domain/api.js';
import { plan } from '../../../src/domain/plan.js';
import { countReverts, undonePatches } from '../../../src/domain/reverts.js';
import { CONFLICTING, NOW, SETTLED, SLOTS, allWorkloads, observe, statusIn, workloads, type World } from './worlds.js';

const READY = statusIn(SETTLED);
const ROLLING = statusIn({ ...SETTLED, workloads: allWorkloads({ rolling: true }) });
const NODE_ON_9070: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
const SPEC_MOVED: World = { ...SETTLED, spec: { ports: { rbdNodePlugin: 9300 } } };

describe('an undone patch', () => {
  const rows: [string, Partial<AssignmentStatus> | undefined, World, readonly string[]][] = [
    ['a Ready workload moved back', READY, NODE_ON_9070, ['rbdNodePlugin']],
    ['a workload moved back while rolling out', ROLLING, NODE_ON_9070, ['rbdNodePlugin']],
    ["Rook's full update: all that differ", READY, CONFLICTING, ['cephfsProvisioner', 'rbdNodePlugin']],
    ['three at once', READY, { ...SETTLED, workloads: allWorkloads({ port: 9500 }) }, SLOTS],
    [
      'the argument gone',
      READY,
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { sidecar: {} } }) },
      ['rbdNodePlugin'],
    ],
    [
      'a move to somewhere else while spec moved too',
      READY,
      { ...NODE_ON_9070, ...{ spec: { ports: { rbdNodePlugin: 9300 } } } },
      ['rbdNodePlugin'],
    ],
    [
      'still there, also when on its way out',
      READY,
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070, deleting: true } }) },
      ['rbdNodePlugin'],
    ],
  ];
  it.each(rows)('is %s', (_name, previous, world, undone) => {
    expect(undonePatches(previous, plan(observe(world)))).toEqual(undone);
  });

  const not: [string, Partial<AssignmentStatus> | undefined, World][] = [
    ['nothing that differs', READY, SETTLED],
    ['a first sight', undefined, CONFLICTING],
    ['a status without workloads', {}, CONFLICTING],
    ['a port that spec alone moved away from', READY, SPEC_MOVED],
    ['a workload that was drifted before', statusIn(CONFLICTING), CONFLICTING],
    [
      'a workload that was drifted, and drifts elsewhere',
      statusIn(NODE_ON_9070),
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9500 } }) },
    ],
    ['a workload created anew after it was absent', statusIn({ config: SETTLED.config! }), CONFLICTING],
    [
      'a workload that came back from the pod network',
      statusIn({ ...SETTLED, workloads: allWorkloads({ hostNetwork: false }) }),
      CONFLICTING,
    ],
    [
      'a workload that left for the pod network',
      READY,
      { ...SETTLED, workloads: allWorkloads({ port: 9070, hostNetwork: false }) },
    ],
    [
      'a rejected patch',
      statusIn(CONFLICTING, { outcome: { rejections: { cephfsProvisioner: 'no', rbdNodePlugin: 'no' } } }),
      CONFLICTING,
    ],
    ['a change in mode Paused', READY, { ...NODE_ON_9070, spec: { mode: 'Paused' } }],
    ['a change in mode DryRun', READY, { ...NODE_ON_9070, spec: { mode: 'DryRun' } }],
  ];
  it.each(not)('is not %s', (_name, previous, world) => {
    expect(undonePatches(previous, plan(observe(world)))).toEqual([]);
  });

  it('is counted once, however often the same drift is seen', () => {
    const first = statusIn(NODE_ON_9070, { previous: READY });
    expect(first.reverts.count).toBe(1);
    expect(statusIn(NODE_ON_9070, { previous: first, now: NOW }).reverts).toEqual(first.reverts);
  });
});

describe('countReverts', () => {
  it('starts at none, and has no time until there was one', () => {
    expect(countReverts(undefined, [], NOW)).toEqual({ count: 0 });
    expect(countReverts({}, [], NOW)).toEqual({ count: 0 });
  });

  it('adds each undone patch', () => {
    expect(countReverts(undefined, ['rbdNodePlugin'], NOW)).toEqual({ count: 1, lastTime: NOW });
    expect(countReverts({ reverts: { count: 4 } }, SLOTS, NOW)).toEqual({ count: 7, lastTime: NOW });
  });

  it('leaves what is stored alone otherwise', () => {
    const reverts = { count: 4, lastTime: '2026-11-20T00:00:00Z' };
    expect(countReverts({ reverts }, [], NOW)).toEqual(reverts);
  });
});
