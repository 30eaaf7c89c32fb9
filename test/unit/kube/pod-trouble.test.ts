import { expect, test } from 'vitest';
import { projectHostNetworkPod } from '../../../src/kube/pod-projection.js';
import { CREATED, rawCsiPod, type RawPodOptions } from './raw-pods.js';

const STARTED = '2026-11-30T12:00:00Z';
const BIND = 'listen tcp :9070: bind: address already in use';
const ended = (more: object = {}): object => ({ terminated: { exitCode: 1, reason: 'Error', message: BIND, ...more } });
const waiting = (reason: string, message?: string): object => ({ waiting: { reason, message } });
const container = (more: object): object => ({
  name: 'csi-addons',
  image: 'reg/x:1',
  ready: false,
  restartCount: 0,
  ...more,
});
/** It is ready, as it has no probe. */
function restarted(end: object = {}, startedAt = STARTED): object {
  return container({ restartCount: 2, lastState: ended(end), state: { running: { startedAt } }, ready: true });
}
const condition = (type: string, status: string, more: object = {}): object => ({ type, status, ...more });

function trouble(status: object, more: RawPodOptions = {}): string | undefined {
  const found = projectHostNetworkPod(rawCsiPod({ ...more, status }))?.progress?.trouble;
  return found && `${found.reason}: ${found.message}`;
}

const statuses = (...containerStatuses: object[]): object => ({ containerStatuses });
const CRASH = `Crashing: container csi-addons exits with code 1 (Error): ${BIND}`;

const CASES: readonly (readonly [string, object, string | undefined])[] = [
  [
    'cannot be scheduled',
    {
      conditions: [condition('PodScheduled', 'False', { reason: 'Unschedulable', message: '0/3 nodes are available' })],
    },
    'Unschedulable: 0/3 nodes are available',
  ],
  [
    'is to be scheduled',
    { conditions: [condition('PodScheduled', 'False', { reason: 'SchedulingGated' })] },
    undefined,
  ],
  ['waits to crash again', statuses(container({ state: waiting('CrashLoopBackOff'), lastState: ended() })), CRASH],
  ['has just crashed', statuses(container({ state: ended() })), CRASH],
  [
    'has restarted and is not ready',
    statuses(container({ restartCount: 2, lastState: ended(), state: { running: {} } })),
    CRASH,
  ],
  [
    'is made anew after its node was restarted',
    statuses(container({ restartCount: 2, lastState: ended(), state: waiting('ContainerCreating') })),
    undefined,
  ],
  ['has restarted and runs', statuses(restarted()), CRASH],
  ['has been started again with its node', statuses(restarted({ reason: 'Unknown' })), undefined],
  ['ended with its node', statuses(container({ state: ended({ exitCode: 255, reason: 'Unknown' }) })), undefined],
  [
    'has restarted once, and is on a silent node now',
    { conditions: [condition('Ready', 'False')], ...statuses(restarted()) },
    'NodeNotReady: node node-1 is not ready',
  ],
  [
    'was killed for its memory',
    statuses(container({ state: ended({ exitCode: 137, reason: 'OOMKilled', message: undefined }) })),
    'Crashing: container csi-addons exits with code 137 (OOMKilled)',
  ],
  [
    'crashes for an unknown reason',
    statuses(container({ state: waiting('CrashLoopBackOff') })),
    'Crashing: container csi-addons crashes again and again',
  ],
  ...['ErrImagePull', 'ImagePullBackOff'].map(
    (reason) =>
      [
        `is in ${reason}`,
        statuses(container({ state: waiting(reason, `Back-off ${Math.random()}`) })),
        'ImageUnavailable: container csi-addons: image reg/x:1 cannot be pulled',
      ] as const,
  ),
  [
    'has a bad image name',
    statuses(container({ state: waiting('InvalidImageName') })),
    'ImageUnavailable: container csi-addons: image reg/x:1 is no valid name of an image',
  ],
  [
    'cannot be configured',
    statuses(container({ state: waiting('CreateContainerConfigError', 'secret "x" not found') })),
    'NotStarted: container csi-addons: CreateContainerConfigError: secret "x" not found',
  ],
  [
    'has an init container that cannot run',
    { initContainerStatuses: [container({ name: 'init', state: waiting('RunContainerError') })] },
    'NotStarted: container init: RunContainerError',
  ],
  [
    'has an init container that has done its work',
    { initContainerStatuses: [container({ name: 'init', state: ended({ exitCode: 0, reason: 'Completed' }) })] },
    undefined,
  ],
  ['is starting', statuses(container({ state: waiting('ContainerCreating') })), undefined],
  ['is on its way', { conditions: [condition('Ready', 'False'), condition('ContainersReady', 'False')] }, undefined],
  [
    'is on a silent node',
    { conditions: [condition('Ready', 'False'), condition('ContainersReady', 'True')] },
    'NodeNotReady: node node-1 is not ready',
  ],
  [
    'is on a silent node, by its containers',
    { conditions: [condition('Ready', 'False')], ...statuses(container({ ready: true })) },
    'NodeNotReady: node node-1 is not ready',
  ],
  [
    'waits for a readiness gate',
    {
      conditions: [
        condition('Ready', 'False', { reason: 'ReadinessGatesNotReady' }),
        condition('ContainersReady', 'True'),
      ],
    },
    undefined,
  ],
  ['is well', { conditions: [condition('Ready', 'True')], ...statuses(container({ ready: true })) }, undefined],
];

test.each(CASES)('a pod that %s', (_, status, expected) => {
  expect(trouble(status)).toBe(expected);
});

test('of containers that have crashed and run, the one that was started last counts, with its time', () => {
  const later = '2026-11-30T12:00:07Z';
  const status = statuses(restarted(), { ...restarted({}, later), name: 'csi-resizer' }, restarted());
  expect(projectHostNetworkPod(rawCsiPod({ status }))?.progress?.trouble).toEqual({
    reason: 'Crashing',
    message: `container csi-resizer exits with code 1 (Error): ${BIND}`,
    container: 'csi-resizer',
    runsSince: Date.parse(later),
  });
});

test('the containers of a pod that is being deleted end, and its node may still be silent', () => {
  const deleted = { metadata: { deletionTimestamp: CREATED } };
  expect(trouble(statuses(container({ state: ended() })), deleted)).toBeUndefined();
  const conditions = [condition('Ready', 'False'), condition('ContainersReady', 'True')];
  expect(trouble({ conditions }, deleted)).toBe('NodeNotReady: node node-1 is not ready');
});

test('a message is one line of limited length', () => {
  const message = trouble(statuses(container({ state: ended({ message: `a\n\u001b[31m${'x'.repeat(1_000_000)}` }) })))!;
  expect(message.length).toBeLessThanOrEqual(300 + 'Crashing: '.length);
  expect(message).toMatch(/: a {2}\[31mx+…$/);
});
