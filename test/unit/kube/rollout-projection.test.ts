import { expect, test } from 'vitest';
import type { RolloutFacts } from '../../../src/domain/rules/rollout.js';
import { projectDaemonSet, projectDeployment } from '../../../src/kube/workload-projection.js';

const metadata = { namespace: 'rook', name: 'x', uid: 'u', resourceVersion: '7', generation: 3 };
const template = { spec: { containers: [] } };
const STATUS_ENTRY = { manager: 'kube-controller-manager', subresource: 'status', time: '2026-11-30T12:00:00Z' };

function deployment(conditions: unknown): RolloutFacts {
  return projectDeployment({ metadata, spec: { template }, status: { conditions } }).rollout;
}

test('of a Deployment: why its pods cannot be created', () => {
  const message = 'pods "x-" is forbidden: violates PodSecurity';
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
  expect(deployment([failure])).toMatchObject({ replicaFailure: message });
  expect(deployment([{ ...failure, message: undefined }])).toMatchObject({ replicaFailure: '' });
  expect(deployment([{ ...failure, message: 'x'.repeat(301) }]).replicaFailure).toHaveLength(300);
  expect(deployment([{ ...failure, status: 'False' }])).not.toHaveProperty('replicaFailure');
});

test('of a Deployment: that its rollout takes too long', () => {
  const message = 'ReplicaSet "x-1" has timed out progressing.';
  const deadline = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  expect(deployment([deadline])).toMatchObject({ deadlineExceeded: message });
  expect(deployment([{ ...deadline, status: 'True' }])).not.toHaveProperty('deadlineExceeded');
  expect(deployment([{ ...deadline, reason: 'DeploymentPaused' }])).not.toHaveProperty('deadlineExceeded');
  expect(deployment(undefined)).not.toHaveProperty('deadlineExceeded');
});

test('conditions that are no list are rejected', () => {
  expect(() => deployment('none')).toThrow(new TypeError('status.conditions is not a list'));
});

test('of a DaemonSet: on how many nodes it has pods, and how many may be without one', () => {
  const status = { currentNumberScheduled: 3, numberUnavailable: 1 };
  const rolling = (maxUnavailable: unknown): RolloutFacts => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } };
    return projectDaemonSet({ metadata, spec: { template, updateStrategy }, status }).rollout;
  };
  expect(rolling(1)).toMatchObject({ scheduled: 3, unavailable: 1, maxUnavailable: '1' });
  expect(rolling('10%')).toMatchObject({ maxUnavailable: '10%' });
  const bare = projectDaemonSet({ metadata, spec: { template } }).rollout;
  expect(bare).toMatchObject({ scheduled: 0, unavailable: 0 });
  expect(bare).not.toHaveProperty('maxUnavailable');
});

test.each([
  ['the latest change of the status', [STATUS_ENTRY, { ...STATUS_ENTRY, time: '2026-11-30T11:00:00Z' }], true],
  ['a change of the object itself', [{ ...STATUS_ENTRY, subresource: undefined }], false],
  ['a time that is none', [{ ...STATUS_ENTRY, time: 'soon' }], false],
  ['no record', undefined, false],
])('when the status changed, from %s', (_name, managedFields, isKnown) => {
  const spec = { template };
  for (const project of [projectDeployment, projectDaemonSet]) {
    const { statusChangedAt } = project({ metadata: { ...metadata, managedFields }, spec }).rollout;
    expect(statusChangedAt).toBe(isKnown ? Date.parse(STATUS_ENTRY.time) : undefined);
  }
});
