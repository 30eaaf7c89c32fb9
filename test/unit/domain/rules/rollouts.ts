import type { HostNetworkPod, PodProgress, PodTroubleReason } from '../../../../src/domain/rules/host-network-pods.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import { CALM_MS } from '../../../../src/domain/rules/stuck.js';

export const NOW = Date.parse('2026-11-30T12:00:00Z');

/** A Deployment that is rolled out. */
export const DONE: RolloutFacts = {
  generation: 5,
  observedGeneration: 5,
  desired: 2,
  updated: 2,
  available: 2,
  total: 2,
  onDelete: false,
  paused: false,
};

/** A Deployment of which one pod is missing. */
export const UNREADY: RolloutFacts = { ...DONE, available: 1, statusChangedAt: NOW - CALM_MS };

/** A DaemonSet on three nodes of which no pod is replaced yet. */
export const UNRECORDED: RolloutFacts = {
  ...DONE,
  desired: 3,
  updated: 0,
  available: 2,
  total: 0,
  templateGeneration: 7,
  scheduled: 3,
  unavailable: 1,
  maxUnavailable: '1',
};

/** The same, calm as far as its status goes. */
export const ROLLING: RolloutFacts = { ...UNRECORDED, statusChangedAt: NOW - CALM_MS };

export function trouble(reason: PodTroubleReason, progress: Partial<PodProgress> = {}): PodProgress {
  return { changedAt: NOW - CALM_MS, trouble: { reason, message: `words on ${reason}` }, ...progress };
}

export function pod(number: number, progress: Partial<PodProgress> = {}): HostNetworkPod {
  return {
    namespace: 'rook-ceph',
    name: `csi-rbdplugin-${number}`,
    uid: `uid-${number}`,
    resourceVersion: '1',
    workload: { namespace: 'rook-ceph', kind: 'DaemonSet', name: 'csi-rbdplugin' },
    node: `node-${number}`,
    isScheduled: true,
    ports: [],
    progress: { changedAt: NOW - CALM_MS, ...progress },
  };
}
