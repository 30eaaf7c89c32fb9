/** Pods of Rook's CSI workloads, and what a kubelet, or a node without one, would say of them. */
import type { AdminApi, KubeObject } from './control-plane/admin-api.js';
import { waitFor } from './control-plane/wait-for.js';
import type { RookInstallation } from './rook/installation.js';
import { specOf } from './slots.js';
import type { Slot } from '../../src/domain/rules/slots.js';

export interface CsiPod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly name: string }[];
  };
}

const STRATEGIC = 'application/strategic-merge-patch+json';
const FINALIZER = 'example.com/kubelet-is-silent';

export async function podsOf(rook: RookInstallation, slot: Slot): Promise<CsiPod[]> {
  const pods = (await rook.pods()) as CsiPod[];
  return pods.filter(({ metadata }) => metadata.labels?.app === specOf(slot).workload);
}

/** Whether the scheduler has found no node for it, for want of its port. */
export function isWithoutPort({ status }: CsiPod): boolean {
  const reasons = status?.conditions?.map(({ message = '' }) => message) ?? [];
  return status?.phase === 'Pending' && reasons.some((reason) => reason.includes("didn't have free ports"));
}

/** Resolves with them when so many run. */
export async function runningPodsOf(rook: RookInstallation, slot: Slot, count: number): Promise<CsiPod[]> {
  return waitFor(
    `${count} running pods of ${specOf(slot).workload}`,
    async () => {
      const running = (await podsOf(rook, slot)).filter(({ status }) => status?.phase === 'Running');
      return running.length === count && running;
    },
    { lastSeen: () => podsOf(rook, slot) },
  );
}

export function uidsOf(pods: readonly CsiPod[]): string[] {
  return pods.map(({ metadata }) => metadata.uid!).sort();
}

/** Its sidecar does not run, and the kubelet says why. */
export async function breakSidecar(api: AdminApi, pod: CsiPod, sidecar: object): Promise<void> {
  await patchStatus(api, pod, {
    conditions: ['ContainersReady', 'Ready'].map((type) => condition(type, 'False')),
    containerStatuses: pod.status!.containerStatuses!.map((container) => {
      return container.name === 'csi-addons' ? { ...container, ready: false, started: false, ...sidecar } : container;
    }),
  });
}

/** As the node lifecycle controller leaves the pods of a node that is silent: not ready, and all else as it was. */
export async function silence(api: AdminApi, pod: CsiPod): Promise<void> {
  await keep(api, pod);
  await patchStatus(api, pod, { conditions: [condition('Ready', 'False')] });
}

/** Its deletion does not end before `release`. */
export async function keep(api: AdminApi, pod: CsiPod): Promise<void> {
  await api.patch(pathOf(pod), { metadata: { finalizers: [FINALIZER] } });
}

export async function release(api: AdminApi, pod: CsiPod): Promise<void> {
  await api.patch(pathOf(pod), { metadata: { finalizers: null } });
}

function condition(type: string, status: string): object {
  return { type, status, lastTransitionTime: new Date().toISOString().replace(/\.\d+/, '') };
}

async function patchStatus(api: AdminApi, pod: CsiPod, status: object): Promise<void> {
  await api.patch(`${pathOf(pod)}/status`, { status }, STRATEGIC);
}

export function pathOf({ metadata: { namespace, name } }: CsiPod): string {
  return `/api/v1/namespaces/${namespace!}/pods/${name!}`;
}
