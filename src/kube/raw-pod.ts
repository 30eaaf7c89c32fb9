/** A pod as in JSON, as far as it is read. */
import type {
  V1Affinity,
  V1Container,
  V1ContainerStatus,
  V1OwnerReference,
  V1PodCondition,
  V1ContainerState,
} from '@kubernetes/client-node';
import type { ObjectMeta } from '../domain/rules/api.js';

/** The client's types have dates in these places, which are strings in JSON. */
export interface RawPod {
  readonly metadata: ObjectMeta & {
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly V1OwnerReference[];
  };
  readonly spec: {
    readonly hostNetwork?: boolean;
    readonly nodeName?: string;
    readonly affinity?: V1Affinity;
    readonly containers: readonly V1Container[];
    readonly initContainers?: readonly V1Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly RawCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export type RawCondition = Omit<V1PodCondition, 'lastTransitionTime' | 'lastProbeTime'> & {
  readonly lastTransitionTime?: string | null;
};
export type ContainerStatus = Pick<V1ContainerStatus, 'name' | 'image' | 'ready' | 'restartCount'> & {
  readonly state?: V1ContainerState;
  readonly lastState?: V1ContainerState;
};
