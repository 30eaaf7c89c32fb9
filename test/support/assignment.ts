/** The CSIPortAssignment of a namespace, as an admin sees and edits it. */
import type {
  AssignmentSpec,
  AssignmentStatus,
  Condition,
  ConditionType,
  WorkloadState,
} from '../../src/domain/rules/api.js';
import type { Slot } from '../../src/domain/rules/slots.js';
import type { AdminApi, KubeObject } from './control-plane/admin-api.js';
import type { AuditLog, Mark } from './control-plane/audit-log.js';
import { waitFor } from './control-plane/wait-for.js';

export interface StoredAssignment extends KubeObject {
  spec?: AssignmentSpec;
  status?: AssignmentStatus;
}

export class Assignment {
  readonly #api: AdminApi;
  readonly namespace: string;
  readonly #audit: AuditLog | undefined;
  #overwritten = 0;

  /** @param audit where requests are counted */
  constructor(api: AdminApi, namespace: string, audit?: AuditLog) {
    this.#api = api;
    this.namespace = namespace;
    this.#audit = audit;
  }

  get #collection(): string {
    return `/apis/csiports.io/v1alpha1/namespaces/${this.namespace}/csiportassignments`;
  }

  async create(spec: AssignmentSpec = {}): Promise<void> {
    await this.#api.create<object>(this.#collection, {
      apiVersion: 'csiports.io/v1alpha1',
      kind: 'CSIPortAssignment',
      metadata: { name: 'default' },
      spec,
    });
  }

  /** A merge patch of spec; null takes a field out. Resolves with the new generation. */
  async edit(spec: object): Promise<number> {
    const { metadata } = await this.#api.patch(`${this.#collection}/default`, { spec });
    return metadata.generation!;
  }

  async delete(): Promise<void> {
    await this.#api.delete(`${this.#collection}/default`);
  }

  async get(): Promise<StoredAssignment> {
    return this.#api.get<StoredAssignment>(`${this.#collection}/default`);
  }

  /** @throws where the operator has not written one yet */
  async status(): Promise<AssignmentStatus> {
    const { status } = await this.get();
    if (status === undefined) throw new Error('the assignment has no status yet');
    return status;
  }

  async condition(type: ConditionType): Promise<Condition> {
    const { conditions } = await this.status();
    return conditions.find((condition) => condition.type === type)!;
  }

  /** Waits until the status speaks of the newest spec and the condition has this reason; resolves with the status. */
  async waitForReason(type: ConditionType, reason: string): Promise<AssignmentStatus> {
    return waitFor(
      `condition ${type} with reason ${reason} in namespace ${this.namespace}`,
      async () => {
        const { metadata, status } = await this.get();
        const found = status?.conditions.find((condition) => condition.type === type);
        return status?.observedGeneration === metadata.generation && found?.reason === reason && status;
      },
      { lastSeen: () => this.get().then(({ status }) => status) },
    );
  }

  /** Waits until the status says this of a workload; resolves with the status. */
  async waitForState(slot: Slot, state: WorkloadState): Promise<AssignmentStatus> {
    return waitFor(
      `${slot} to be ${state} in namespace ${this.namespace}`,
      async () => {
        const status = await this.status();
        return status.workloads.some((row) => row.slot === slot && row.state === state) && status;
      },
      { lastSeen: () => this.get().then(({ status }) => status) },
    );
  }

  /** Waits until every sidecar has its port in every pod. */
  async waitUntilAssigned(): Promise<AssignmentStatus> {
    return this.waitForReason('Ready', 'PortsAssigned');
  }

  /**
   * Waits until the operator has done all that there is to do up to now: an edit without effect is seen by it after
   * everything else, and shows in observedGeneration. It costs the operator one status write, which the audit log has by
   * then: what shows in a GET may be a moment ahead of it.
   */
  async waitUntilSettled(): Promise<AssignmentStatus> {
    const { spec } = await this.get();
    const mark = await this.#audit?.mark();
    const generation = await this.edit(editWithoutEffect(spec));
    const status = await this.#waitUntilObserved(generation);
    if (mark !== undefined) await this.#waitUntilLogged(generation, mark);
    return status;
  }

  /**
   * As waitUntilSettled, without an edit of the spec, which would be a new goal and end every contest: part of the status is
   * overwritten, and the operator writes it anew. The audit log has that write then.
   */
  async waitUntilRestored(): Promise<AssignmentStatus> {
    const rookVersion = `overwritten-${(this.#overwritten += 1)}`;
    const mark = await this.#audit?.mark();
    await this.patchStatus({ rookVersion });
    const status = await waitFor(
      'the operator to write the status anew',
      async () => {
        const status = await this.status();
        return status.rookVersion !== rookVersion && status;
      },
      { lastSeen: () => this.get() },
    );
    if (mark !== undefined) await this.#waitUntilWritten(mark);
    return status;
  }

  /** What the API server lets anyone write who may write the status. */
  async patchStatus(status: object | null): Promise<void> {
    await this.#api.patch(`${this.#collection}/default/status`, { status });
  }

  async #waitUntilWritten(mark: Mark): Promise<void> {
    await waitFor('the audit log to have a status of the operator', async () => {
      const entries = (await this.#audit?.since(mark)) ?? [];
      return entries.some(({ namespace, subresource, user, code }) => {
        const isStored = subresource === 'status' && code === 200;
        return isStored && namespace === this.namespace && user.startsWith('system:serviceaccount:');
      });
    });
  }

  async #waitUntilObserved(generation: number): Promise<AssignmentStatus> {
    return waitFor(
      `the operator to observe generation ${generation}`,
      async () => {
        const status = await this.status();
        return status.observedGeneration === generation && status;
      },
      { lastSeen: () => this.get() },
    );
  }

  async #waitUntilLogged(generation: number, mark: Mark): Promise<void> {
    await waitFor(`the audit log to have the status of generation ${generation}`, async () => {
      const entries = (await this.#audit?.since(mark)) ?? [];
      return entries.some((entry) => {
        return entry.namespace === this.namespace && entry.observedGeneration === generation && entry.code === 200;
      });
    });
  }
}

/** An absent field means its default, so writing the default out, or taking it out again, changes nothing. */
function editWithoutEffect({ mode, rookConfig }: AssignmentSpec = {}): object {
  if (rookConfig !== 'Leave') return { rookConfig: rookConfig === undefined ? 'Pin' : null };
  if (mode === undefined || mode === 'Enforce') return { mode: mode === undefined ? 'Enforce' : null };
  throw new Error('this spec has no field at its default');
}
