import { describe, expect, it } from 'vitest';
import { describeRollout, isRolledOut, type RolloutFacts } from '../../../../src/domain/rules/rollout.js';

const DONE: RolloutFacts = {
  generation: 5,
  observedGeneration: 5,
  desired: 2,
  updated: 2,
  available: 2,
  total: 2,
  onDelete: false,
  paused: false,
};

describe('isRolledOut, as kubectl rollout status has it', () => {
  const rows: [string, Partial<RolloutFacts>, boolean][] = [
    ['all pods of the current template, available', {}, true],
    ['a controller that has not seen the template yet', { observedGeneration: 4 }, false],
    ['a controller ahead of our copy', { observedGeneration: 6 }, true],
    ['pods of the old template', { updated: 1 }, false],
    ['an old pod left beside the new ones', { total: 3 }, false],
    ['no old pod but too few new ones', { updated: 1, total: 1, available: 1 }, false],
    ['a new pod that is not available', { available: 1 }, false],
    ['scaled to zero', { desired: 0, updated: 0, available: 0, total: 0 }, true],
    ['scaled to zero with an old pod left', { desired: 0, updated: 0, available: 0, total: 1 }, false],
    ['more pods than wanted, all new', { updated: 3, total: 3, available: 3 }, true],
    ['paused, with nothing to do', { paused: true }, true],
    ['OnDelete, with every pod replaced', { onDelete: true }, true],
    ['OnDelete, with old pods', { onDelete: true, updated: 0 }, false],
  ];
  it.each(rows)('%s', (_name, facts, done) => expect(isRolledOut({ ...DONE, ...facts })).toBe(done));
});

describe('describeRollout', () => {
  const deployment = { kind: 'Deployment', namespace: 'rook', name: 'csi-rbdplugin-provisioner', app: 'rbd' };
  const daemonSet = { kind: 'DaemonSet', namespace: 'rook', name: 'csi-rbdplugin', app: 'plugin' };
  const partly = { ...DONE, desired: 3, updated: 1, available: 2, total: 3 };

  it('says how to follow it', () => {
    expect(describeRollout(partly, deployment)).toBe(
      'its pods are being replaced: kubectl -n rook rollout status deployment/csi-rbdplugin-provisioner',
    );
    expect(describeRollout(partly, daemonSet)).toContain('kubectl -n rook rollout status daemonset/csi-rbdplugin');
  });

  it('says how to resume a paused Deployment', () => {
    expect(describeRollout({ ...partly, paused: true }, deployment)).toBe(
      'its rollout is paused, so its pods keep their old port: ' +
        'kubectl -n rook rollout resume deployment/csi-rbdplugin-provisioner',
    );
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
    expect(describeRollout({ ...partly, onDelete: true, updated: 3 }, daemonSet)).toContain('rollout status');
  });

  it('is the same however far the rollout is, so that no pod makes for a write of the status', () => {
    for (const facts of [{ paused: true }, { onDelete: true }, {}]) {
      const text = (updated: number): string =>
        describeRollout({ ...partly, ...facts, updated, available: updated }, daemonSet);
      expect(text(2)).toBe(text(1));
    }
  });
});
