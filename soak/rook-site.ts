/** A namespace with a Rook that runs, its assignment, and the ports that are wanted of it now. */
import { waitUntilAllowed } from '../test/support/access.js';
import { Assignment } from '../test/support/assignment.js';
import type { AdminApi } from '../test/support/control-plane/admin-api.js';
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { RookInstallation } from '../test/support/rook/installation.js';
import { CSI_WORKLOAD_NAMES, type CsiAddonsWorkload } from '../test/support/rook/names.js';
import { portsFrom, SLOTS, specOf, type Ports } from '../test/support/slots.js';
import { allowWrites } from '../test/support/write-rights.js';
import { deleteAndWait, persistently } from './persist.js';
import type { Wanted } from './repair-watch.js';
import { OPERATOR_USER, toWriteTheStatus } from '../test/support/operator-account.js';

/** Two layouts of its own for each namespace: all share the nodes. Rook's own port is in none. */
const FIRST_PORT = 20_000;
const PORTS_EACH = 10;
export class RookSite {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly #api: AdminApi;
  readonly #layouts: readonly [Ports, Ports];
  #layout: 0 | 1 = 0;
  /** Settings of Rook's that have nothing to do with ports, as the harness has left them. */
  readonly settings: Record<string, string> = {};

  private constructor(api: AdminApi, rook: RookInstallation, number: number) {
    this.#api = api;
    this.rook = rook;
    this.assignment = new Assignment(api, rook.namespace);
    this.#layouts = [portsFrom(FIRST_PORT + number * PORTS_EACH), portsFrom(FIRST_PORT + number * PORTS_EACH + 5)];
  }

  /** Rook has written its workloads, all in conflict, and the operator may write; there is no assignment yet. */
  static async install(controlPlane: ControlPlane, namespace: string, number: number): Promise<RookSite> {
    const { api } = controlPlane;
    const rook = await RookInstallation.install(controlPlane, { namespace, alive: true });
    if (namespace !== 'rook-ceph') await allowWrites(api, namespace);
    await waitUntilAllowed(api, OPERATOR_USER, toWriteTheStatus(namespace));
    return new RookSite(api, rook, number);
  }

  get namespace(): string {
    return this.rook.namespace;
  }

  get ports(): Ports {
    return this.#layouts[this.#layout];
  }

  /** @param after the resourceVersion of the write by which it is to come to its port */
  wanted(slot: CsiAddonsWorkload, after: string | undefined): Wanted {
    const { namespace, ports } = this;
    const path = this.rook.workloadPath(slot);
    return { namespace, name: CSI_WORKLOAD_NAMES[slot], path, port: ports[slot], after: Number(after) };
  }

  /** As a Rook does that has not seen its new settings: the whole object, with its own port. */
  async revert(slot: CsiAddonsWorkload): Promise<Wanted> {
    const { metadata } = await persistently(() => this.rook.rewrite(slot));
    return this.wanted(slot, metadata.resourceVersion);
  }

  async recreate(slot: CsiAddonsWorkload): Promise<Wanted> {
    await deleteAndWait(this.#api, this.rook.workloadPath(slot));
    return this.revert(slot);
  }

  /** The other ports, by an edit. */
  async moveAll(): Promise<Wanted[]> {
    this.#layout = this.#layout === 0 ? 1 : 0;
    const { metadata } = await persistently(() =>
      this.#api.patch(this.#assignmentPath, { spec: { ports: this.ports } }),
    );
    return SLOTS.map((slot) => this.wanted(slot, metadata.resourceVersion));
  }

  /** The assignment goes, and comes again with the other ports. */
  async reassign(): Promise<Wanted[]> {
    await deleteAndWait(this.#api, this.#assignmentPath);
    this.#layout = this.#layout === 0 ? 1 : 0;
    return this.assign();
  }

  async assign(): Promise<Wanted[]> {
    // Of a list it is the newest of all objects.
    const { metadata } = await persistently(() => this.#api.get('/api/v1/namespaces?limit=1'));
    await persistently(async () => {
      if ((await this.#api.getOrUndefined(this.#assignmentPath)) === undefined) {
        await this.assignment.create({ ports: this.ports });
      }
    });
    return SLOTS.map((slot) => this.wanted(slot, metadata.resourceVersion));
  }

  /** A setting that has nothing to do with ports. */
  async editSetting(): Promise<void> {
    this.settings.ROOK_LOG_LEVEL = this.settings.ROOK_LOG_LEVEL === 'DEBUG' ? 'INFO' : 'DEBUG';
    await persistently(() => this.#api.patch(this.rook.configPath, { data: this.settings }));
  }

  /** A person writes another port into the settings, of one of the keys that the operator holds. */
  async revertPin(slot: CsiAddonsWorkload, port: number): Promise<void> {
    const data = { [specOf(slot).configKey]: String(port) };
    await persistently(() => this.#api.patch(`${this.rook.configPath}?fieldManager=kubectl-edit`, { data }));
  }

  async isPinned(slot: CsiAddonsWorkload): Promise<boolean> {
    const config = await persistently(() => this.rook.config());
    return config[specOf(slot).configKey] === String(this.ports[slot]);
  }

  /** kubectl rollout restart, and the pass over all workloads that a Rook which starts makes. */
  async restartRook(): Promise<Wanted[]> {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
    await persistently(() =>
      this.#api.patch(this.rook.operatorPath, { spec: { template: { metadata: { annotations } } } }),
    );
    const wanted: Wanted[] = [];
    for (const slot of SLOTS) wanted.push(await this.revert(slot));
    return wanted;
  }

  get #assignmentPath(): string {
    return `/apis/csiports.io/v1alpha1/namespaces/${this.namespace}/csiportassignments/default`;
  }
}
