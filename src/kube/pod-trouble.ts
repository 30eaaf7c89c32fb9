/**
 * What keeps a CSI pod from running, from its status. A message stays the same while the trouble does: the kubelet's own
 * alternates with each try, and names a growing wait.
 */
import type { V1ContainerStateTerminated } from '@kubernetes/client-node';
import type { PodTrouble } from '../domain/rules/host-network-pods.js';
import { sanitize } from '../domain/report/sanitize.js';
import type { ContainerStatus, RawCondition, RawPod } from './raw-pod.js';
import { integer, list, optionalText, text, timeOf } from './validate.js';

const MAX_MESSAGE_LENGTH = 300;

/** Waiting for nothing but its turn. */
const STARTING: ReadonlySet<string> = new Set(['', 'ContainerCreating', 'PodInitializing']);
/** By the reason for which a container waits. */
const IMAGE_TROUBLES: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', 'cannot be pulled'],
  ['ImagePullBackOff', 'cannot be pulled'],
  ['ErrImageNeverPull', 'is not on the node, and imagePullPolicy is Never'],
  ['InvalidImageName', 'is no valid name of an image'],
]);

export function troubleOf(pod: RawPod): PodTrouble | undefined {
  const trouble = unschedulable(pod) ?? containerTrouble(pod) ?? nodeNotReady(pod) ?? pastCrash(pod);
  return trouble && { ...trouble, message: sanitize(trouble.message, MAX_MESSAGE_LENGTH) };
}

function conditionOf({ status }: RawPod, wanted: string): RawCondition | undefined {
  return list(status?.conditions, 'status.conditions').find(({ type }) => type === wanted);
}

function unschedulable(pod: RawPod): PodTrouble | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined;
  const message = optionalText(scheduled.message, 'message of PodScheduled') ?? '';
  // The scheduler's words (Kubernetes 1.20 to 1.36): "node(s) didn't have free ports for the requested pod ports".
  return { reason: 'Unschedulable', message, ...(message.includes('free ports') ? { lacksPort: true } : {}) };
}

/** Containers of a pod that is being deleted end, and that is no trouble. */
function containerTrouble(pod: RawPod): PodTrouble | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const init = list(pod.status?.initContainerStatuses, 'status.initContainerStatuses');
  for (const status of [...init, ...containerStatuses(pod)]) {
    const trouble = waitingTrouble(status) ?? crash(status, init.includes(status));
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function containerStatuses({ status }: RawPod): readonly ContainerStatus[] {
  return list(status?.containerStatuses, 'status.containerStatuses');
}

function waitingTrouble({ name, image, state }: ContainerStatus): PodTrouble | undefined {
  const waiting = state?.waiting;
  const reason = optionalText(waiting?.reason, 'reason of a waiting container') ?? '';
  if (STARTING.has(reason) || reason === 'CrashLoopBackOff') return undefined;
  const container = `container ${text(name, 'container name')}`;
  const imageTrouble = IMAGE_TROUBLES.get(reason);
  if (imageTrouble !== undefined) {
    return { reason: 'ImageUnavailable', message: `${container}: image ${text(image, 'image')} ${imageTrouble}` };
  }
  const message = optionalText(waiting?.message, 'message of a waiting container') ?? '';
  return { reason: 'NotStarted', message: `${container}: ${reason}${message === '' ? '' : `: ${message}`}` };
}

/** @param isInit one that has ended may have done its work */
function crash(status: ContainerStatus, isInit: boolean): PodTrouble | undefined {
  if (status.ready || !hasCrashed(status, isInit)) return undefined;
  return crashOf(status);
}

function crashOf({ name, state, lastState }: ContainerStatus): PodTrouble {
  const container = text(name, 'container name');
  const ended = state?.terminated ?? lastState?.terminated;
  const how = ended === undefined ? 'crashes again and again' : howItEnded(ended);
  return { reason: 'Crashing', message: `container ${container} ${how}`, container };
}

/** Of the container that was started again last. Without a readiness probe it is ready at once, whatever comes of it. */
function pastCrash(pod: RawPod): PodTrouble | undefined {
  let last: PodTrouble | undefined;
  for (const status of containerStatuses(pod)) {
    const runsSince = startOf(status);
    if (runsSince === undefined || !hasCrashed(status, false)) continue;
    if (last?.runsSince === undefined || last.runsSince < runsSince) last = { ...crashOf(status), runsSince };
  }
  return last;
}

function startOf({ state }: ContainerStatus): number | undefined {
  // A string in JSON.
  const startedAt: unknown = state?.running?.startedAt;
  return startedAt === undefined || startedAt === null ? undefined : timeOf(startedAt, 'startedAt');
}

/** What containerd and the kubelet say of a container whose end they did not see, as after the end of its node. */
const UNSEEN_ENDS: ReadonlySet<string | undefined> = new Set(['Unknown', 'ContainerStatusUnknown']);

/** Not one that is made anew for another reason, as after its node's restart: it waits for a sandbox, and not for a back-off. */
function hasCrashed({ restartCount, state, lastState }: ContainerStatus, isInit: boolean): boolean {
  if (state?.waiting !== undefined) return state.waiting.reason === 'CrashLoopBackOff';
  if (state?.terminated !== undefined && !isInit) return !UNSEEN_ENDS.has(state.terminated.reason);
  return restartCount > 0 && lastState?.terminated !== undefined && !UNSEEN_ENDS.has(lastState.terminated.reason);
}

function howItEnded({ exitCode, reason, message }: V1ContainerStateTerminated): string {
  const why = optionalText(reason, 'reason of a terminated container') ?? 'Error';
  const words = (optionalText(message, 'message of a terminated container') ?? '').trim();
  return `exits with code ${integer(exitCode, 'exitCode')} (${why})${words === '' ? '' : `: ${words}`}`;
}

/** The node lifecycle controller sets this one condition on the pods of a node that is silent, and leaves all else. */
function nodeNotReady(pod: RawPod): PodTrouble | undefined {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'False' || ready.reason === 'ReadinessGatesNotReady') return undefined;
  const statuses = containerStatuses(pod);
  const areReady = statuses.length > 0 && statuses.every((status) => status.ready);
  if (!areReady && conditionOf(pod, 'ContainersReady')?.status !== 'True') return undefined;
  return { reason: 'NodeNotReady', message: `node ${text(pod.spec.nodeName, 'spec.nodeName')} is not ready` };
}
