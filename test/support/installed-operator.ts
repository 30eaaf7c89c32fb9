/**
 * An operator that was installed as admins do it, in whatever way. Its pods run in name only; the process that stands for
 * them has their arguments, their environment and their account, and so no right but those that the installation gave.
 */
import { onTestFinished } from 'vitest';
import type { Cluster } from './cluster.js';
import type { Mark } from './control-plane/audit-log.js';
import type { KubeObject } from './control-plane/admin-api.js';
import { waitFor } from './control-plane/wait-for.js';
import { Operator } from './operator.js';
import type { ManagerDeployment } from './rendered.js';
import type { RookInstallation } from './rook/installation.js';
import { SLOTS } from './slots.js';

interface Pod extends KubeObject {
  spec: { nodeName?: string; containers: { image: string }[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** Of the process itself: on this machine it needs free ports and all of its log. */
const OWN_FLAGS = /^--(health-probe-bind-address|metrics-bind-address|log-level|log-format)=/;

export class InstalledOperator {
  readonly #cluster: Cluster;
  readonly #namespace: string;

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  deployment(): Promise<ManagerDeployment> {
    const path = `/apis/apps/v1/namespaces/${this.#namespace}/deployments/csi-port-operator`;
    return this.#cluster.controlPlane.api.get<ManagerDeployment>(path);
  }

  /** Waits for the end of the rollout; resolves with the pods. @throws Error where they are not admitted */
  async rolledOut(): Promise<Pod[]> {
    const rollout = ['rollout', 'status', 'deployment/csi-port-operator', '--timeout=100s'];
    await this.#cluster.controlPlane.kubectl(['-n', this.#namespace, ...rollout]);
    return this.readyPods(2);
  }

  async readyPods(count: number): Promise<Pod[]> {
    const selector = encodeURIComponent('app.kubernetes.io/name=csi-port-operator');
    const path = `/api/v1/namespaces/${this.#namespace}/pods?labelSelector=${selector}`;
    return waitFor(`${count} ready pods of the operator, and no other`, async () => {
      const pods = await this.#cluster.controlPlane.api.list<Pod>(path);
      const isReady = ({ status }: Pod): boolean =>
        status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
      return pods.length === count && pods.every(isReady) && pods;
    });
  }

  /** Deletes one pod; resolves when another has taken its place. */
  async losePod(): Promise<void> {
    const [lost, ...others] = await this.readyPods(2);
    await this.#cluster.controlPlane.kubectl(['-n', this.#namespace, 'delete', 'pod', lost!.metadata.name!]);
    const pods = await this.readyPods(2);
    const names = pods.map(({ metadata }) => metadata.name);
    if (names.includes(lost!.metadata.name)) throw new Error('the pod is still there');
    if (!names.includes(others[0]!.metadata.name)) throw new Error('the other pod went as well');
  }

  /** The process, until the test ends or it is stopped. */
  async start(): Promise<Operator> {
    const { spec } = (await this.deployment()).spec.template;
    const [{ args, env }] = spec.containers;
    const operator = await Operator.start({
      kubeconfig: await this.#cluster.controlPlane.serviceAccountKubeconfig(this.#namespace, spec.serviceAccountName),
      args: args.filter((arg) => !OWN_FLAGS.test(arg)),
      env: Object.fromEntries(env.map((variable) => [variable.name, this.#valueOf(variable)])),
    });
    onTestFinished(async () => {
      await operator.stop();
    });
    await operator.waitUntilReady();
    return operator;
  }

  /** What was rejected to its account for want of a right. */
  async rejectedSince(mark: Mark): Promise<string[]> {
    const { serviceAccountName } = (await this.deployment()).spec.template.spec;
    const user = `system:serviceaccount:${this.#namespace}:${serviceAccountName}`;
    const requests = await this.#cluster.controlPlane.audit.since(mark, { user });
    if (requests.length === 0) throw new Error(`${user} has asked for nothing`);
    const rejected = requests.filter(({ code }) => code === 401 || code === 403);
    return rejected.map(({ verb, requestUri }) => `${verb} ${requestUri}`);
  }

  #valueOf({ value, valueFrom }: { value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }): string {
    const { fieldPath } = valueFrom?.fieldRef ?? {};
    if (fieldPath === 'metadata.namespace') return this.#namespace;
    if (fieldPath === 'metadata.name') return 'csi-port-operator-0';
    return value ?? '';
  }
}

/** All in a Rook namespace that an installation, an upgrade or a removal of the operator must leave as it is. */
export async function stateOf(rook: RookInstallation): Promise<object> {
  const workloads = await Promise.all(SLOTS.map((slot) => rook.workload(slot)));
  const pods = await rook.podsAtRest();
  return {
    layout: await rook.layout(),
    config: await rook.config(),
    templates: workloads.map(({ metadata }) => [metadata!.name, metadata!.uid, metadata!.generation]),
    pods: pods.map(({ metadata }) => metadata.uid).sort(),
  };
}

/** The names of all objects that carry the operator's label, in all namespaces. */
export async function objectsOfOperator(cluster: Cluster): Promise<string[]> {
  const kinds = [
    ...['deployments', 'pods', 'poddisruptionbudgets', 'networkpolicies', 'serviceaccounts', 'roles', 'rolebindings'],
    ...['clusterroles', 'clusterrolebindings', 'customresourcedefinitions'],
  ];
  const query = ['get', kinds.join(','), '--all-namespaces', '--selector=app.kubernetes.io/name=csi-port-operator'];
  const names = await cluster.controlPlane.kubectl([...query, '--output=name']);
  return names.trim().split('\n').filter(Boolean).sort();
}
