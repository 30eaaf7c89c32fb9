import { describe, expect, it } from 'vitest';
import { describeRollout, describeStuck, keepNodePlugin } from '../../../../src/domain/report/rollout-messages.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import type { StuckCause } from '../../../../src/domain/rules/stuck.js';
import { DONE, ROLLING } from '../rules/rollouts.js';

const deployment = {
  kind: 'Deployment',
  namespace: 'rook',
  name: 'csi-rbdplugin-provisioner',
  app: 'rbd',
  rollout: DONE,
};
const daemonSet = { kind: 'DaemonSet', namespace: 'rook', name: 'csi-rbdplugin', app: 'plugin', rollout: ROLLING };

describe('describeRollout', () => {
  const partly = { ...DONE, desired: 3, updated: 1, available: 2, total: 3 };
  const replaced = { ...partly, updated: 3 };

  it('says how to follow it', () => {
    const command = 'kubectl -n rook rollout status deployment/csi-rbdplugin-provisioner';
    expect(describeRollout(partly, deployment)).toBe(`its pods are being replaced: ${command}`);
    expect(describeRollout(partly, daemonSet)).toContain('kubectl -n rook rollout status daemonset/csi-rbdplugin');
  });

  it('does not say that pods are replaced which merely are not ready', () => {
    const command = 'kubectl -n rook rollout status deployment/csi-rbdplugin-provisioner';
    expect(describeRollout(replaced, deployment)).toBe(`its pods are not all ready yet: ${command}`);
  });

  it('says how to resume a paused Deployment, unless every pod is new', () => {
    expect(describeRollout({ ...partly, paused: true }, deployment)).toBe(
      'its rollout is paused, so its pods keep their old port: ' +
        'kubectl -n rook rollout resume deployment/csi-rbdplugin-provisioner',
    );
    expect(describeRollout({ ...replaced, paused: true }, deployment)).toContain('rollout status');
  });

  it('says which pods of an OnDelete DaemonSet to delete', () => {
    const text = describeRollout({ ...partly, onDelete: true, templateGeneration: 7 }, daemonSet);
    expect(text).toMatch(/^updateStrategy is OnDelete/);
    expect(text).toContain('kubectl -n rook delete pod -l app=plugin,pod-template-generation!=7');
  });

  it('does without the number of the template, and takes the name where there is no label', () => {
    const unlabelled = { kind: 'DaemonSet', namespace: 'rook', name: 'csi-rbdplugin' };
    const text = describeRollout({ ...partly, onDelete: true }, unlabelled);
    expect(text).toMatch(/kubectl -n rook delete pod -l app=csi-rbdplugin(?!,)/);
  });

  it('asks for no deletion where every pod is new and only not available', () => {
    expect(describeRollout({ ...replaced, onDelete: true }, daemonSet)).toContain('rollout status');
  });

  it('is the same however far the rollout is, so that no pod makes for a write of the status', () => {
    for (const facts of [{ paused: true }, { onDelete: true }, {}]) {
      const text = (updated: number): string =>
        describeRollout({ ...partly, ...facts, updated, available: updated }, daemonSet);
      expect(text(2)).toBe(text(1));
    }
  });
});

describe('describeStuck', () => {
  const NONE = { names: [], count: 0 };
  const cause = (kind: StuckCause['kind'], more: Partial<StuckCause> = {}): StuckCause => {
    const pods = { names: ['p-1', 'p-2'], count: 2 };
    return { kind, message: 'words.', pods, nodes: { names: ['node-2'], count: 1 }, ...more };
  };
  const unready: RolloutFacts = { ...ROLLING, updated: 3 };

  const ofDeployment: [StuckCause, string][] = [
    [
      cause('Paused', { message: '' }),
      'its rollout is paused, so its pods keep their old port: kubectl -n rook rollout resume deployment/csi-rbdplugin-provisioner',
    ],
    [
      cause('Refused'),
      'its pods are rejected: words. Change the policy or quota that rejects them. Run: kubectl -n rook describe replicaset -l app=rbd --show-events',
    ],
    [
      cause('DeadlineExceeded'),
      'its rollout makes no progress: words. Run: kubectl -n rook describe pod -l app=rbd --show-events',
    ],
    [cause('Unschedulable'), '2 of its pods cannot be scheduled: words. Run: kubectl -n rook describe pod p-1'],
    [cause('ImageUnavailable'), '2 of its pods cannot pull an image: words. Run: kubectl -n rook describe pod p-1'],
    [cause('NotStarted'), '2 of its pods cannot start: words. Run: kubectl -n rook describe pod p-1'],
    [
      cause('Crashing'),
      '2 of its pods crash: words. If a container cannot bind its port, the port is held by a process that is no pod, or by a pod that does not declare it. Run: kubectl -n rook logs p-1 --all-containers --tail=20',
    ],
  ];
  it.each(ofDeployment)('of a Deployment: $kind', (found, text) => {
    expect(describeStuck(found, deployment)).toBe(`Deployment csi-rbdplugin-provisioner: ${text}`);
  });

  const ofDaemonSet: [StuckCause, RolloutFacts, string][] = [
    [
      cause('OnDelete', { message: '' }),
      ROLLING,
      'updateStrategy is OnDelete, so delete the old pods (for one node at a time add --field-selector spec.nodeName=NODE): kubectl -n rook delete pod -l app=plugin,pod-template-generation!=7',
    ],
    [
      cause('Refused', { message: '', pods: NONE, nodes: NONE }),
      ROLLING,
      'some of its pods are not created, as a rule because they are rejected. Change the policy or quota that rejects them. Run: kubectl -n rook describe daemonset/csi-rbdplugin',
    ],
    [
      cause('NodeNotReady'),
      ROLLING,
      'it is held by node node-2, which is not ready; no other pod is replaced meanwhile, as maxUnavailable is 1. Repair the node or, if it is gone for good, delete it. Run: kubectl describe node node-2',
    ],
    [
      cause('NodeNotReady', { nodes: { names: ['a', 'b', 'c'], count: 12 } }),
      unready,
      'it is held by nodes a, b, c and 9 more, which are not ready. Repair the node or, if it is gone for good, delete it. Run: kubectl describe node a b c',
    ],
    [
      cause('Terminating', { message: '', pods: { names: ['p-1'], count: 1 } }),
      unready,
      'it is held by pod p-1 on node node-2, which does not terminate. Repair the node or, if it is gone for good, delete it. Run: kubectl describe node node-2',
    ],
    [
      cause('DeadlineExceeded', { message: '', pods: NONE, nodes: NONE }),
      ROLLING,
      'its rollout makes no progress. Run: kubectl -n rook describe pod -l app=plugin --show-events',
    ],
    [
      cause('Crashing', { pods: { names: ['p-1'], count: 1 } }),
      ROLLING,
      '1 of its pods crashes: words. If a container cannot bind its port, the port is held by a process that is no pod, or by a pod that does not declare it. Run: kubectl -n rook logs p-1 --all-containers --tail=20',
    ],
  ];
  it.each(ofDaemonSet)('of a DaemonSet: $kind', (found, rollout, text) => {
    expect(describeStuck(found, { ...daemonSet, rollout })).toBe(`DaemonSet csi-rbdplugin: ${text}`);
  });

  it('the log of a crash is that of the container that crashes', () => {
    expect(describeStuck(cause('Crashing', { container: 'csi-addons' }), deployment)).toMatch(
      / Run: kubectl -n rook logs p-1 -c csi-addons --tail=20$/,
    );
  });
});

it('keepNodePlugin is the command that leaves the node plugin on its port', () => {
  expect(keepNodePlugin('rook-ceph', 9070)).toBe(
    `kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"ports":{"rbdNodePlugin":9070}}}'`,
  );
});
