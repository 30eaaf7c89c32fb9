/** What the operator keeps of a CSI Deployment or DaemonSet, and how it stands before any port is compared. */
import type { ObjectMeta } from './api.js';
import type { RolloutFacts } from './rollout.js';
import type { WorkloadKind } from './slots.js';

/** The container that serves the liveness metrics, in the pods of Rook and of ceph-csi-operator. */
export const LIVENESS_CONTAINER = 'liveness-prometheus';

export interface SidecarPort {
  readonly containerPort: number;
  /** Absent for TCP, which is the sidecar's; a port of another protocol is never its own. */
  readonly protocol?: string;
  /** Present only if it is stored in the template: Kubernetes 1.27 and earlier keep it equal to containerPort. */
  readonly hostPort?: number;
}

/** The csi-addons container of a pod template. */
export interface Sidecar {
  /** Its index in spec.template.spec.containers. */
  readonly index: number;
  readonly command: readonly string[];
  /** Absent if the template has no `args` at all. */
  readonly args?: readonly string[];
  /** What `$(NAME)` in its port arguments stands for; absent if they refer to nothing known. */
  readonly env?: Readonly<Record<string, string>>;
  readonly ports: readonly SidecarPort[];
  /** How many arguments and declared ports it has, if they are too many to be read: then it has none here. */
  readonly unread?: number;
}

/** The most arguments and declared ports of one container that are read, and ports of all others. Rook's has about ten. */
export const MAX_READ = 1000;

/** A port that a container takes on its node if the pod is on the host network. */
export interface HostPort {
  readonly container: string;
  readonly port: number;
}

/** One entry of managedFields: who wrote the object, and when last. */
export interface Manager {
  readonly name: string;
  /** RFC 3339; absent if the API server has kept none. */
  readonly time?: string;
}

export interface FieldManager extends Manager {
  /** Whether it owns the sidecar's arguments, command or declared ports, where its port stands. */
  readonly ownsPort: boolean;
}

export interface Workload extends ObjectMeta {
  readonly kind: WorkloadKind;
  readonly deleting: boolean;
  /** Owned by a Driver of ceph-csi-operator, which reverts foreign changes within seconds. */
  readonly driverOwned: boolean;
  readonly hostNetwork: boolean;
  readonly sidecar?: Sidecar;
  /** What the containers beside the sidecar take on the node: declared TCP ports, and those of their port arguments. */
  readonly otherPorts: readonly HostPort[];
  /** Of the object itself; writers of its status are left out. */
  readonly managers: readonly FieldManager[];
  /** Label `app` of the pods, for messages that name them. */
  readonly app?: string;
  readonly rollout: RolloutFacts;
}

/** Whether the sidecar competes for host ports: only then is its port compared, patched and pinned. */
export function isCompeting(workload: Workload | undefined): workload is Workload & { readonly sidecar: Sidecar } {
  return workload?.sidecar !== undefined && workload.hostNetwork && !workload.driverOwned;
}
