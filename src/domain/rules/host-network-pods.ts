/** Pods on the host network: which ports each takes on its node. Found by port, by workload and by node. */
import type { ObjectMeta } from './api.js';
import { SlotPods } from './slot-pods.js';
import { SLOT_SPECS } from './slots.js';
import type { HostPort } from './workload.js';

/** Namespaced; the kind is that of the controller, of a Deployment's pod the Deployment, of a pod without one Pod. */
export interface WorkloadId {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

export type PodTroubleReason = 'Unschedulable' | 'Crashing' | 'ImageUnavailable' | 'NotStarted' | 'NodeNotReady';

/** What keeps a pod from running. */
export interface PodTrouble {
  readonly reason: PodTroubleReason;
  /** In the words of the scheduler or of the kubelet. */
  readonly message: string;
  /** Whether the scheduler finds no node on which the pod's ports are free. */
  readonly lacksPort?: true;
  /** The one that crashes; absent for other reasons. */
  readonly container?: string;
  /** Since when a container that has crashed runs again; milliseconds since 1970. It may crash once more any time. */
  readonly runsSince?: number;
}

/** What a rollout is judged by; kept of CSI pods alone. */
export interface PodProgress {
  /** When it was created, scheduled, ready or not ready any more, the latest of these; milliseconds since 1970. */
  readonly changedAt: number;
  /** When its grace is over; milliseconds since 1970. Absent unless it is terminating. */
  readonly deletesAt?: number;
  readonly trouble?: PodTrouble;
}

export interface HostNetworkPod extends ObjectMeta {
  readonly workload: WorkloadId;
  /** Where it runs or, of a DaemonSet's pod that is not scheduled yet, is to run. Absent if any node may get it. */
  readonly node?: string;
  /** A pod that is not scheduled takes no port yet. */
  readonly isScheduled: boolean;
  readonly ports: readonly HostPort[];
  readonly progress?: PodProgress;
}

/** By the names of Rook and of ceph-csi-operator. */
const CSI_WORKLOAD = /^csi-(rbd|cephfs|nfs)plugin(-provisioner)?$|\.csi\.ceph\.com-(ctrl|node)plugin(-csi-addons)?$/;

export function isCsiWorkload(name: string): boolean {
  return CSI_WORKLOAD.test(name);
}

const SLOT_WORKLOADS: ReadonlySet<string> = new Set(SLOT_SPECS.map(({ kind, workload }) => `${kind} ${workload}`));

/** Whether it fills a slot, whoever's Rook it is. */
export function isSlotWorkload({ kind, name }: WorkloadId): boolean {
  return SLOT_WORKLOADS.has(`${kind} ${name}`);
}

/** Whether ceph-csi-operator renders a workload of this name. */
export function isUpstreamWorkload(name: string): boolean {
  return isCsiWorkload(name) && name.includes('.csi.ceph.com-');
}

/** Whether the scheduler finds no node for a pod on which its ports are free. */
export function isWithoutPort({ progress }: HostNetworkPod): boolean {
  return progress?.trouble?.lacksPort === true;
}

const NONE: ReadonlySet<HostNetworkPod> = new Set();

export class HostNetworkPods {
  readonly #byPort = new Map<number, Set<HostNetworkPod>>();
  readonly #byCsiWorkload = new Map<string, Set<HostNetworkPod>>();
  /** Of ceph-csi-operator, by namespace. */
  readonly #upstream = new Map<string, Set<HostNetworkPod>>();
  readonly #slots = new SlotPods();

  static of(pods: Iterable<HostNetworkPod>): HostNetworkPods {
    const index = new HostNetworkPods();
    for (const pod of pods) index.add(pod);
    return index;
  }

  add(pod: HostNetworkPod): void {
    for (const { port } of pod.ports) addTo(this.#byPort, port, pod);
    if (isCsiWorkload(pod.workload.name)) addTo(this.#byCsiWorkload, keyOf(pod.workload), pod);
    if (isUpstreamWorkload(pod.workload.name)) addTo(this.#upstream, pod.workload.namespace, pod);
    if (isSlotWorkload(pod.workload)) this.#slots.add(pod);
  }

  /** @param pod the very object that was added */
  remove(pod: HostNetworkPod): void {
    for (const { port } of pod.ports) removeFrom(this.#byPort, port, pod);
    removeFrom(this.#byCsiWorkload, keyOf(pod.workload), pod);
    removeFrom(this.#upstream, pod.workload.namespace, pod);
    if (isSlotWorkload(pod.workload)) this.#slots.remove(pod);
  }

  /** Scheduled or not. */
  withPort(port: number): ReadonlySet<HostNetworkPod> {
    return this.#byPort.get(port) ?? NONE;
  }

  /** None for a workload that is not of CSI. */
  of(workload: WorkloadId): ReadonlySet<HostNetworkPod> {
    return this.#byCsiWorkload.get(keyOf(workload)) ?? NONE;
  }

  /** All pods of CSI workloads in a namespace. */
  csiPodsIn(namespace: string): HostNetworkPod[] {
    const sets = [...this.#byCsiWorkload].filter(([key]) => key.startsWith(`${namespace}/`));
    return sets.flatMap(([, pods]) => [...pods]);
  }

  /** Namespaces in which a pod of ceph-csi-operator takes one of these ports. */
  upstreamNamespacesWith(ports: readonly number[]): string[] {
    const takesOne = (pod: HostNetworkPod): boolean => pod.ports.some(({ port }) => ports.includes(port));
    return [...this.#upstream].filter(([, pods]) => [...pods].some(takesOne)).map(([namespace]) => namespace);
  }

  /** See SlotPods. */
  neighboursOf(namespace: string): string[] {
    return this.#slots.neighboursOf(namespace);
  }

  /** See SlotPods. */
  namespacesBeside(pod: HostNetworkPod): string[] {
    return this.#slots.namespacesBeside(pod);
  }
}

function keyOf({ namespace, kind, name }: WorkloadId): string {
  return `${namespace}/${kind}/${name}`;
}

function addTo<K>(index: Map<K, Set<HostNetworkPod>>, key: K, pod: HostNetworkPod): void {
  const pods = index.get(key);
  if (pods === undefined) index.set(key, new Set([pod]));
  else pods.add(pod);
}

function removeFrom<K>(index: Map<K, Set<HostNetworkPod>>, key: K, pod: HostNetworkPod): void {
  const pods = index.get(key);
  pods?.delete(pod);
  if (pods?.size === 0) index.delete(key);
}
