/** The operator's pods on real nodes: which one leads, what memory each takes, when they were ready. */
import { readFile } from 'node:fs/promises';
import type { KubeObject } from '../control-plane/admin-api.js';
import { waitFor } from '../control-plane/wait-for.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from '../operator-account.js';
import type { RealCluster } from './real-cluster.js';

const DEPLOYMENT = `/apis/apps/v1/namespaces/${OPERATOR_NAMESPACE}/deployments/${OPERATOR_NAME}`;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/${OPERATOR_NAME}`;

export interface OperatorPod extends KubeObject {
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly qosClass: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly containerID: string;
      readonly restartCount: number;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

/** MiB, of the container's cgroup. */
export interface ContainerMemory {
  /** With file pages of its own, if they could not be dropped at once: what the kubelet compares with the limit. */
  readonly workingSet: number;
  readonly peak: number;
  readonly limit: number;
}

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly replicas?: number;
  };
}

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string };
}

export class OperatorPods {
  readonly #cluster: RealCluster;

  constructor(cluster: RealCluster) {
    this.#cluster = cluster;
  }

  get #api(): RealCluster['controlPlane']['api'] {
    return this.#cluster.controlPlane.api;
  }

  async list(): Promise<OperatorPod[]> {
    const selector = encodeURIComponent('app.kubernetes.io/name=csi-port-operator');
    return this.#api.list<OperatorPod>(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods?labelSelector=${selector}`);
  }

  /** Waits until the pods of the present template, and no other, are ready; resolves with them. */
  async rolledOut(): Promise<OperatorPod[]> {
    return waitFor(
      'the rollout of the operator',
      async () => {
        const { metadata, spec, status = {} } = await this.#api.get<Deployment>(DEPLOYMENT);
        const { observedGeneration, updatedReplicas, readyReplicas, replicas } = status;
        const isObserved = observedGeneration === metadata.generation;
        const isDone = [updatedReplicas, readyReplicas, replicas].every((count) => count === spec.replicas);
        const pods = await this.list();
        return isObserved && isDone && pods.length === spec.replicas && pods;
      },
      { lastSeen: () => this.#cluster.controlPlane.kubectl(['get', 'pods', '--all-namespaces', '--output=wide']) },
    );
  }

  /** Waits until a pod leads that is not `before`; resolves with it. A pod that has gone may stand in the Lease for a while. */
  async leader(before?: OperatorPod): Promise<OperatorPod> {
    return waitFor(
      'a leader',
      async () => {
        const lease = await this.#api.getOrUndefined(LEASE);
        const holder = (lease as Lease | undefined)?.spec.holderIdentity ?? '';
        if (holder === '' || (before !== undefined && holder.includes(before.metadata.name!))) return undefined;
        return (await this.list()).find(({ metadata }) => holder.includes(metadata.name!));
      },
      { everyMs: 20, lastSeen: () => this.#api.getOrUndefined(LEASE) },
    );
  }

  async memory(pod: OperatorPod): Promise<ContainerMemory> {
    const bytes = async (name: string): Promise<number> => Number(await this.#cgroupFile(pod, name));
    const statistics = await this.#cgroupFile(pod, 'memory.stat');
    const inactiveFile = Number(/^total_inactive_file (\d+)$/m.exec(statistics)![1]);
    const mib = (value: number): number => Math.round((value / 1024 / 1024) * 10) / 10;
    return {
      workingSet: mib((await bytes('memory.usage_in_bytes')) - inactiveFile),
      peak: mib(await bytes('memory.max_usage_in_bytes')),
      limit: mib(await bytes('memory.limit_in_bytes')),
    };
  }

  /** Of its one process, as /proc/PID/status has it. */
  async processStatus(pod: OperatorPod): Promise<Record<string, string>> {
    const pid = (await this.#cgroupFile(pod, 'cgroup.procs')).trim();
    const text = await readFile(`/proc/${pid}/status`, 'utf8');
    return Object.fromEntries([...text.matchAll(/^(\w+):\s*(.*?)\s*$/gm)].map(([, name, value]) => [name!, value!]));
  }

  /** Of the container's memory cgroup. */
  #cgroupFile({ metadata, spec, status }: OperatorPod, name: string): Promise<string> {
    const container = status.containerStatuses![0]!.containerID.replace(/^.*\//, '');
    const node = this.#cluster.node(spec.nodeName);
    const ofPod = ['kubepods', status.qosClass.toLowerCase(), `pod${metadata.uid!}`];
    return readFile(node.cgroupFile('memory', ...ofPod, container, name), 'utf8');
  }
}
