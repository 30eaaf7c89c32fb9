import { describe, expect, it } from 'vitest';
import { advice } from '../../../src/domain/report/compatibility.js';
import { statusOf } from '../../../src/domain/report/status.js';
import { rawWorkload } from './raw-workload.js';
import { CONFLICTING, NOW, SETTLED, allWorkloads, reconcile, statusIn, workloads, type World } from './worlds.js';

describe('the status', () => {
  it('is exactly this of a settled world', () => {
    const world: World = { ...SETTLED, rook: { image: 'rook/ceph:v1.17.9' } };
    const status = statusOf(reconcile(world, { generation: 4 }));
    const { conditions, ...rest } = status;
    expect(conditions.map(({ type, status: value }) => [type, value])).toEqual([
      ['Ready', 'True'],
      ['Progressing', 'False'],
      ['Degraded', 'False'],
    ]);
    const common = { hostNetwork: true, state: 'Ready' };
    expect(rest).toEqual({
      observedGeneration: 4,
      provider: 'Rook',
      rookVersion: 'v1.17.9',
      ports: { rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 },
      workloads: [
        {
          ...common,
          kind: 'Deployment',
          name: 'csi-rbdplugin-provisioner',
          slot: 'rbdProvisioner',
          assignedPort: 9070,
          currentPort: 9070,
        },
        {
          ...common,
          kind: 'Deployment',
          name: 'csi-cephfsplugin-provisioner',
          slot: 'cephfsProvisioner',
          assignedPort: 9071,
          currentPort: 9071,
        },
        {
          ...common,
          kind: 'DaemonSet',
          name: 'csi-rbdplugin',
          slot: 'rbdNodePlugin',
          assignedPort: 9072,
          currentPort: 9072,
        },
      ],
      pinned: {
        CSIADDONS_RBD_PROVISIONER_PORT: '9070',
        CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
        CSIADDONS_PORT: '9072',
      },
      reverts: { count: 0 },
      advice: advice('v1.17.9', 'Rook'),
    });
  });

  it('has no field for what is unknown, so that equal statuses are equal as JSON too', () => {
    const status = statusIn({ workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { sidecar: 'none' }) } });
    expect(status).toEqual(JSON.parse(JSON.stringify(status)));
    expect(status).not.toHaveProperty('rookVersion');
    expect(status.workloads.map((row) => Object.keys(row).includes('currentPort'))).toEqual([false, false, false]);
    expect(status.workloads.map(({ hostNetwork }) => hostNetwork)).toEqual([false, false, true]);
  });

  it('tells the world after the writes, not the one found', () => {
    const status = statusIn(CONFLICTING, { after: { ...SETTLED, workloads: allWorkloads({ rolling: true }) } });
    expect(status.workloads.map(({ currentPort, state }) => [currentPort, state])).toEqual([
      [9070, 'RollingOut'],
      [9071, 'RollingOut'],
      [9072, 'RollingOut'],
    ]);
  });

  it('calls a workload Rejected whose patch was rejected, and the others what they are', () => {
    const status = statusIn(CONFLICTING, { outcome: { rejections: { rbdNodePlugin: 'denied' } } });
    expect(status.workloads.map(({ state }) => state)).toEqual(['Ready', 'Drifted', 'Rejected']);
  });

  it('does not change while the world does not, however much time passes', () => {
    const worlds: World[] = [SETTLED, CONFLICTING, {}, { workloads: workloads({ rbdNodePlugin: { rolling: true } }) }];
    for (const world of worlds) {
      const first = statusIn(world);
      const second = statusOf(reconcile(structuredClone(world), { previous: first, now: NOW }));
      expect(second).toEqual(first);
    }
  });

  it('goes on counting the reverts of an earlier status', () => {
    const previous = { ...statusIn(SETTLED), reverts: { count: 4, lastTime: '2026-11-20T00:00:00Z' } };
    const reverted: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
    expect(statusOf(reconcile(SETTLED, { previous })).reverts).toEqual(previous.reverts);
    expect(statusOf(reconcile(reverted, { previous })).reverts).toMatchObject({ count: 5, lastTime: NOW });
  });
});
