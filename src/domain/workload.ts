/** What the operator keeps of a CSI Deployment or DaemonSet, and how it stands before any port is compared. */
import type { RolloutFacts } from './rollout.js';
import type { WorkloadKind } from './slots.js';

export interface SidecarPort {
  readonly containerPort: number;
  /** Absent for TCP, which is the sidecar's; a port of another protocol is never its own. */
  readonly protocol?: string;
  /** Present only where it is stored in the template: Kubernetes 1.27 and earlier keep it equal to containerPort. */
  readonly hostPort?: number;
}

/** The csi-addons container of a pod template. */
export interface Sidecar {
  /** Its index in spec.template.spec.containers. */
  readonly index: number;
  readonly command: readonly string[];
  /** Absent where the template has no `args` at all. */
  readonly args?: readonly string[];
  readonly ports: readonly SidecarPort[];
}

export interface Workload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deleting: boolean;
  /** Owned by a Driver of ceph-csi-operator, which undoes foreign changes within seconds. */
  readonly driverOwned: boolean;
  readonly hostNetwork: boolean;
  readonly sidecar?: Sidecar;
  /** Label `app` of the pods, for messages that name them. */
  readonly app?: string;
  readonly rollout: RolloutFacts;
}

/** Whether the sidecar competes for host ports: only then is its port compared, patched and pinned. */
export function isInPlay(workload: Workload | undefined): workload is Workload & { readonly sidecar: Sidecar } {
  return workload?.sidecar !== undefined && workload.hostNetwork && !workload.driverOwned;
}
