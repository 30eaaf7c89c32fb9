/** A control plane on which states of a cluster are played, one after the other in the same namespace. */
import type { AssignmentSpec } from '../../../src/domain/rules/api.js';
import type { Slot } from '../../../src/domain/rules/slots.js';
import { waitUntilAllowed } from '../access.js';
import { overlay } from '../as-admin.js';
import { Assignment } from '../assignment.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { waitFor } from '../control-plane/wait-for.js';
import { isWithoutPort, podsOf, runningPodsOf } from '../csi-pods.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE, OPERATOR_USER, TO_READ, toWriteTheStatus } from '../operator-account.js';
import { Operator } from '../operator.js';
import { Plugin, type PluginResult } from '../plugin.js';
import { clearRook } from '../rook/clear.js';
import { RookInstallation, type InstallOptions } from '../rook/installation.js';
import { PROVISIONERS } from '../slots.js';

/** Where all outputs are taken. */
export const NAMESPACE = 'rook-ceph';
/** On each node a pod of each provisioner: which node has which pod is then the same in each run. */
const NODES = ['node-1', 'node-2', 'node-3'];
const EVERY_NODE = { CSI_PROVISIONER_REPLICAS: String(NODES.length) };

export type RookOptions = Omit<InstallOptions, 'namespace'> & { readonly namespace?: string };

export class Stage {
  readonly controlPlane: ControlPlane;
  readonly assignment: Assignment;
  readonly #plugin: Plugin;
  readonly #namespaces = new Set<string>();
  readonly #endings: (() => Promise<unknown>)[] = [];
  #operator: Operator | undefined;

  private constructor(controlPlane: ControlPlane) {
    this.controlPlane = controlPlane;
    this.#plugin = new Plugin(controlPlane);
    this.assignment = new Assignment(controlPlane.api, NAMESPACE);
  }

  /** With the CRD and the operator's rights, as `make deploy` installs them. */
  static async prepare(controlPlane: ControlPlane): Promise<Stage> {
    await controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
    await controlPlane.kubectl(['apply', '-k', 'config/crd']);
    await controlPlane.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
    const stage = new Stage(controlPlane);
    await stage.createNamespace(NAMESPACE);
    await controlPlane.kubectl(['apply', '-k', 'config/rbac']);
    await stage.#waitForRights(NAMESPACE);
    return stage;
  }

  /** Rook 1.16.4 with the conflict, unless the options differ. */
  async installRook({ namespace = NAMESPACE, config, ...options }: RookOptions = {}): Promise<RookInstallation> {
    this.#namespaces.add(namespace);
    await this.createNamespace(namespace);
    if (namespace !== NAMESPACE) await this.#allowWrites(namespace);
    const all = { ...EVERY_NODE, ...config };
    return RookInstallation.install(this.controlPlane, { namespace, config: all, ...options });
  }

  /** The same, with every provisioner pod Pending for want of its port. */
  async installConflict(): Promise<RookInstallation> {
    const rook = await this.installRook();
    for (const slot of PROVISIONERS) await this.waitUntilWithoutPort(rook, slot);
    await runningPodsOf(rook, 'rbdNodePlugin', NODES.length);
    return rook;
  }

  /** Waits until the scheduler has found no node for any pod of a provisioner. */
  async waitUntilWithoutPort(rook: RookInstallation, slot: Slot): Promise<void> {
    await waitFor(
      `all pods of ${slot} to wait for their port`,
      async () => {
        const pods = await podsOf(rook, slot);
        return pods.length === NODES.length && pods.every(isWithoutPort);
      },
      { lastSeen: () => podsOf(rook, slot) },
    );
  }

  async startOperator(): Promise<Operator> {
    this.#operator = await Operator.start({
      kubeconfig: await this.controlPlane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, OPERATOR_NAME),
    });
    await this.#operator.waitUntilReady();
    return this.#operator;
  }

  /** Records the events that still wait. */
  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  /** Rook with the conflict, an assignment, and the operator, which has given every sidecar its port. */
  async solveConflict(spec: AssignmentSpec = {}): Promise<RookInstallation> {
    const rook = await this.installConflict();
    await this.assignment.create(spec);
    await this.startOperator();
    await this.waitUntilAtRest(rook);
    return rook;
  }

  /** Waits until every sidecar has its port in every pod, and nothing is on its way that could change the status. */
  async waitUntilAtRest(rook: RookInstallation): Promise<void> {
    const assignment = new Assignment(this.controlPlane.api, rook.namespace);
    await assignment.waitUntilAssigned();
    await rook.podsAtRest();
    await assignment.waitUntilRestored();
    await assignment.waitUntilAssigned();
  }

  /** A command line as an admin types it. */
  shell(command: string): Promise<PluginResult> {
    return this.#plugin.shell(command);
  }

  /** Done when the state has been shown, the last one first. */
  onEnd(ending: () => Promise<unknown>): void {
    this.#endings.push(ending);
  }

  /** Leaves nothing of the state to the next one. */
  async clear(): Promise<void> {
    await this.stopOperator();
    for (const ending of this.#endings.splice(0).reverse()) await ending();
    for (const namespace of this.#namespaces) await this.#clearNamespace(namespace);
    this.#namespaces.clear();
  }

  async #clearNamespace(namespace: string): Promise<void> {
    const { api } = this.controlPlane;
    await clearRook(api, namespace);
    await api.delete(`/api/v1/namespaces/${namespace}/configmaps/rook-ceph-operator-config`);
    await api.delete(`/api/v1/namespaces/${namespace}/events`);
  }

  /** Unless it is there already. */
  async createNamespace(name: string): Promise<void> {
    const { api } = this.controlPlane;
    if ((await api.getOrUndefined(`/api/v1/namespaces/${name}`)) !== undefined) return;
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  async #allowWrites(namespace: string): Promise<void> {
    const folder = await overlay(this.controlPlane, `writer-${namespace}`, (path) => {
      return `namespace: ${namespace}\nresources:\n  - ${path}/config/rbac/rook-namespace\n`;
    });
    await this.controlPlane.kubectl(['apply', '-k', folder]);
    await this.#waitForRights(namespace);
  }

  async #waitForRights(namespace: string): Promise<void> {
    for (const right of [TO_READ, toWriteTheStatus(namespace)]) {
      await waitUntilAllowed(this.controlPlane.api, OPERATOR_USER, right);
    }
  }
}
