import { describe, expect, it } from 'vitest';
import type { RevertedObject } from '../../../src/domain/rules/api.js';
import { heldBack, contestable } from '../../../src/domain/rules/held.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { NOW, SETTLED, observe, statusIn, workloads, type World } from './worlds.js';

const NODE: RevertedObject = { kind: 'DaemonSet', name: 'csi-rbdplugin', times: [NOW], backoffSeconds: 60 };
const PIN: RevertedObject = {
  kind: 'ConfigMap',
  name: 'rook-ceph-operator-config',
  keys: ['CSIADDONS_PORT'],
  times: [NOW],
  backoffSeconds: 60,
};
const PREVIOUS = { ...statusIn(SETTLED), reverts: { count: 6, recent: [NODE, PIN] } };

describe('what is held back', () => {
  const held = (world: World, seconds: number, recent = [NODE, PIN]): string[] => {
    const { workloads: names, keys } = heldBack(plan(observe(world)), recent, Date.parse(NOW) + seconds * 1000);
    return [...names, ...keys];
  };

  it('is the contested workload and the contested keys, for their wait', () => {
    expect(held(SETTLED, 0)).toEqual(['csi-rbdplugin', 'CSIADDONS_PORT']);
    expect(held(SETTLED, 59)).toEqual(['csi-rbdplugin', 'CSIADDONS_PORT']);
    expect(held(SETTLED, 60)).toEqual([]);
  });

  it('is nothing that was reverted, but not so often', () => {
    const { backoffSeconds, ...quiet } = NODE;
    expect(backoffSeconds).toBe(60);
    expect(held(SETTLED, 0, [quiet])).toEqual([]);
  });

  it.each(['DryRun', 'Paused'] as const)('is nothing in mode %s, which is asked what it would do', (mode) => {
    expect(held({ ...SETTLED, spec: { mode } }, 0)).toEqual([]);
  });
});

describe('what was reverted is forgotten', () => {
  const names = (world: World): string[] => contestable(PREVIOUS, plan(observe(world))).map(({ name }) => name);

  it('not while it is there and its port stays', () => expect(names(SETTLED)).toEqual([NODE.name, PIN.name]));

  it('where its port is a new one: that is the word of the admin', () => {
    expect(names({ ...SETTLED, spec: { ports: { rbdNodePlugin: 9300 } } })).toEqual([]);
    // Of the ConfigMap that is one of the keys; what was reverted of the others stays.
    expect(names({ ...SETTLED, spec: { ports: { cephfsProvisioner: 9300 } } })).toEqual([NODE.name, PIN.name]);
    const both: RevertedObject = { ...PIN, keys: ['CSIADDONS_CEPHFS_PROVISIONER_PORT', 'CSIADDONS_PORT'] };
    const previous = { ...PREVIOUS, reverts: { count: 6, recent: [both] } };
    const moved = { ...SETTLED, spec: { ports: { cephfsProvisioner: 9300 } } };
    expect(contestable(previous, plan(observe(moved)))).toEqual([PIN]);
  });

  it('where it is gone: what comes back is another one', () => {
    const { rbdNodePlugin, ...others } = workloads();
    expect(rbdNodePlugin).toBeDefined();
    expect(names({ ...SETTLED, workloads: others })).toEqual([PIN.name]);
    expect(names({ workloads: workloads() })).toEqual([NODE.name]);
  });

  it('where the ConfigMap is left alone', () => {
    expect(names({ ...SETTLED, spec: { rookConfig: 'Leave' } })).toEqual([NODE.name]);
  });

  it('never before there was a status', () => expect(contestable(undefined, plan(observe(SETTLED)))).toEqual([]));
});
