/** A namespace with Rook in it, whose workloads the harness puts back into conflict as a pass of Rook does. */
import { Assignment } from '../test/support/assignment.js';
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { waitFor } from '../test/support/control-plane/wait-for.js';
import type { AdminApi, KubeObject } from '../test/support/control-plane/admin-api.js';
import { allowWrites } from '../test/support/write-rights.js';
import { CSI_WORKLOAD_NAMES, CSI_ADDONS_PORT_KEY, type CsiAddonsWorkload } from '../test/support/rook/names.js';
import { CONFLICT_PORT, keysOf, SLOTS, type Ports } from '../test/support/slots.js';
import { RookInstallation, type WorkloadName } from '../test/support/rook/installation.js';
import type { Target } from '../test/support/measure/port-watch.js';

/** What a status has of the workloads, of whoever wrote it. */
interface Status {
  readonly observedGeneration?: number;
  readonly workloads?: readonly unknown[];
}

export interface Reset {
  readonly target: Target;
  /** performance.now(), when the write was sent and when it was answered. */
  readonly sent: number;
  readonly answered: number;
}

export class RookNamespace {
  readonly name: string;
  readonly #api: AdminApi;
  readonly #rook: RookInstallation;
  readonly #ports: Ports;
  readonly #bodies: Readonly<Record<CsiAddonsWorkload, object>>;

  private constructor(api: AdminApi, rook: RookInstallation, ports: Ports) {
    this.name = rook.namespace;
    this.#api = api;
    this.#rook = rook;
    this.#ports = ports;
    // As Rook up to 1.16.4 renders them, which knows one key for all.
    this.#bodies = rook.render({ [CSI_ADDONS_PORT_KEY]: String(CONFLICT_PORT) });
  }

  /** With the rights of config/rbac in it, and settings that name the ports already: pinning them is done once, ever. */
  static async create({ api }: ControlPlane, namespace: string, ports: Ports): Promise<RookNamespace> {
    const rook = await RookInstallation.install({ api }, { namespace, config: keysOf(ports) });
    if (namespace !== 'rook-ceph') await allowWrites(api, namespace);
    return new RookNamespace(api, rook, ports);
  }

  /** The workloads that have to move to get their ports. */
  get moved(): CsiAddonsWorkload[] {
    return SLOTS.filter((slot) => this.#ports[slot] !== CONFLICT_PORT);
  }

  /** One write as Rook's: the whole object, without resourceVersion. */
  async reset(slot: CsiAddonsWorkload): Promise<Reset> {
    const sent = performance.now();
    const { metadata } = (await this.#api.replace(this.path(slot), this.#bodies[slot])) as KubeObject;
    const answered = performance.now();
    const after = Number(metadata.resourceVersion);
    return {
      target: { namespace: this.name, name: CSI_WORKLOAD_NAMES[slot], port: this.#ports[slot], after },
      sent,
      answered,
    };
  }

  /** All in conflict, and a new assignment. Resolves with what is to be seen when the conflict is over. */
  async putConflict(): Promise<Target[]> {
    await this.deleteAssignment();
    const targets: Target[] = [];
    for (const slot of this.moved) targets.push((await this.reset(slot)).target);
    const spec = { ports: this.#ports };
    await new Assignment(this.#api, this.name).create(spec);
    return targets;
  }

  /** Nothing of it concerns a candidate any more. */
  async deleteWorkloads(): Promise<void> {
    const names = Object.keys(this.#rook.render()) as WorkloadName[];
    const paths = [
      ...names.map((name) => this.#rook.workloadPath(name)),
      this.#rook.operatorPath,
      this.#rook.configPath,
    ];
    for (const path of paths) await this.#api.delete(path);
  }

  async deleteAssignment(): Promise<void> {
    if ((await this.#api.getOrUndefined(this.#assignmentPath)) !== undefined)
      await this.#api.delete(this.#assignmentPath);
  }

  /** Waits until the status speaks of the newest spec and of all workloads. */
  async waitForStatus(): Promise<void> {
    await waitFor(
      `the status of ${this.name}`,
      async () => {
        const { metadata, status = {} } = await this.#api.get<KubeObject & { status?: Status }>(this.#assignmentPath);
        return status.observedGeneration === metadata.generation && status.workloads?.length === SLOTS.length;
      },
      { everyMs: 10 },
    );
  }

  path(slot: CsiAddonsWorkload): string {
    return this.#rook.workloadPath(slot);
  }

  get #assignmentPath(): string {
    return `/apis/csiports.io/v1alpha1/namespaces/${this.name}/csiportassignments/default`;
  }
}
