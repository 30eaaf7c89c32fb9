/**
 * What a cluster test starts from: a control plane for the whole file, with the CRD and the operator's own permissions
 * from config/, and for each test a namespace with Rook in it and an operator process that watches it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { AssignmentSpec, AssignmentStatus } from '../../src/domain/rules/api.js';
import { waitUntilAllowed } from './access.js';
import { Assignment } from './assignment.js';
import type { AuditEntry, Mark } from './control-plane/audit-log.js';
import { writesOf } from './control-plane/audit-log.js';
import { ControlPlane, type ControlPlaneOptions } from './control-plane/control-plane.js';
import { waitFor } from './control-plane/wait-for.js';
import {
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
  OPERATOR_USER,
  TO_LEAD,
  TO_READ,
  toWriteTheStatus,
} from './operator-account.js';
import { Operator, type OperatorOptions } from './operator.js';
import { recordRights } from './rights-record.js';
import { clearRook } from './rook/clear.js';
import { RookInstallation, type InstallOptions } from './rook/installation.js';

const REPOSITORY = join(import.meta.dirname, '../..');

export type RookOptions = Omit<InstallOptions, 'namespace'> & { readonly namespace?: string };

/** How writesSince tells of a status write. */
export const STATUS_WRITE = 'patch csiportassignments/status default';

export interface RecordedEvent {
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly eventTime: string;
  readonly reportingController: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly related?: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number };
}

export class Cluster {
  readonly controlPlane: ControlPlane;
  #namespaces = 0;

  constructor(controlPlane: ControlPlane) {
    this.controlPlane = controlPlane;
  }

  /** Applies the CRD, the operator's account and its reading rights; the right to write comes with each namespace. */
  async installOperatorPermissions(): Promise<void> {
    await this.controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
    await this.controlPlane.kubectl(['apply', '-k', 'config/crd']);
    for (const rights of ['service-account', 'leader-election', 'cluster-reader', 'host-network-pods']) {
      await this.controlPlane.kubectl(['apply', '-k', `config/rbac/${rights}`]);
    }
    await waitFor('the API server to serve csiportassignments', () =>
      this.controlPlane.api.list('/apis/csiports.io/v1alpha1/csiportassignments').then(() => true),
    );
    for (const right of [TO_READ, TO_LEAD]) await waitUntilAllowed(this.controlPlane.api, OPERATOR_USER, right);
  }

  /** A namespace with Rook in it, in which the operator may write; cleared away after the test. */
  async installRook(options: RookOptions = {}): Promise<RookInstallation> {
    this.#namespaces += 1;
    const namespace = options.namespace ?? `rook-${this.#namespaces}`;
    const rook = await RookInstallation.install(this.controlPlane, { ...options, namespace });
    await this.allowWrites(namespace);
    onTestFinished(() => clearRook(this.controlPlane.api, namespace));
    return rook;
  }

  /** config/rbac/rook-namespace, instantiated for a namespace by the example in its comment. */
  async allowWrites(namespace: string): Promise<void> {
    const folder = join(this.controlPlane.directory, `writer-${namespace}`);
    const source = await readFile(join(REPOSITORY, 'config/rbac/rook-namespace/kustomization.yaml'), 'utf8');
    const example = source.split('\n').flatMap((line) => /^# {3}(.*)/.exec(line)?.[1] ?? []);
    const kustomization = example.join('\n').replace('path/to', relative(folder, REPOSITORY));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'kustomization.yaml'), kustomization.replace('my-rook', namespace));
    await this.controlPlane.kubectl(['apply', '-k', folder]);
    await waitUntilAllowed(this.controlPlane.api, OPERATOR_USER, toWriteTheStatus(namespace));
  }

  assignment(namespace: string): Assignment {
    return new Assignment(this.controlPlane.api, namespace, this.controlPlane.audit);
  }

  /** A namespace with Rook and an assignment; no operator yet. */
  async installRookWithAssignment(
    options: RookOptions = {},
    spec: AssignmentSpec = {},
  ): Promise<{ rook: RookInstallation; assignment: Assignment }> {
    const rook = await this.installRook(options);
    const assignment = this.assignment(rook.namespace);
    await assignment.create(spec);
    return { rook, assignment };
  }

  /** Starts the operator as its own ServiceAccount; stopped after the test. */
  async startOperator(options: Partial<OperatorOptions> = {}): Promise<Operator> {
    const kubeconfig = options.kubeconfig ?? (await this.operatorKubeconfig());
    const operator = await Operator.start({ ...options, kubeconfig });
    onTestFinished(async () => {
      await operator.stop();
    });
    return operator;
  }

  /** Path of a kubeconfig with the operator's own ServiceAccount. */
  operatorKubeconfig(): Promise<string> {
    return this.controlPlane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, OPERATOR_NAME);
  }

  /**
   * What the operator has asked of the API server since the mark. Events are left out: they are recorded in the background,
   * any time after what they tell of. eventsAfterStop has them.
   */
  async requestsSince(mark: Mark): Promise<AuditEntry[]> {
    const requests = await this.controlPlane.audit.since(mark, { user: OPERATOR_USER });
    return requests.filter(({ resource }) => resource !== 'events');
  }

  /** What it has written, as "verb resource[/subresource] name". */
  async writesSince(mark: Mark): Promise<string[]> {
    return writesOf(await this.requestsSince(mark)).map(describeRequest);
  }

  /**
   * What it has written since the mark, complete: up to the point where it has nothing left to do. The status writes with
   * which it says that it got there (see Assignment.waitUntilSettled) are left out. There are two, as the first may
   * overtake a change that was made just before: each kind of object is watched on its own.
   */
  async writesUntilSettled(mark: Mark, assignment: Assignment): Promise<string[]> {
    const first = await assignment.waitUntilSettled();
    const second = await assignment.waitUntilSettled();
    const isOfASettling = ({ namespace, observedGeneration }: AuditEntry): boolean =>
      namespace === assignment.namespace &&
      [first.observedGeneration, second.observedGeneration].some((generation) => generation === observedGeneration);
    const writes = writesOf(await this.requestsSince(mark));
    return writes.filter((entry) => !isOfASettling(entry)).map(describeRequest);
  }

  /**
   * What it has written to Rook's objects in the assignment's namespace since the mark and the API server has stored, complete:
   * up to the point where it has nothing left to do. Unlike writesUntilSettled it leaves the spec alone, and so each contest.
   */
  async storedUntilRestored(mark: Mark, assignment: Assignment): Promise<string[]> {
    // Twice: each kind of object is watched on its own, so the first may overtake a change that was made just before.
    await assignment.waitUntilRestored();
    await assignment.waitUntilRestored();
    return this.storedSince(mark, assignment.namespace);
  }

  /** What it has written to Rook's objects in a namespace so far, of what the API server has stored. */
  async storedSince(mark: Mark, namespace: string): Promise<string[]> {
    const writes = writesOf(await this.requestsSince(mark)).filter((entry) => {
      return entry.namespace === namespace && entry.code < 300 && !entry.dryRun && entry.subresource === undefined;
    });
    return writes.filter(({ resource }) => resource !== 'leases').map(describeRequest);
  }

  /** Waits until nothing is on its way that could change the status: of a Rook with its pods, which is not alive itself. */
  async waitUntilAtRest(rook: RookInstallation): Promise<AssignmentStatus> {
    const assignment = this.assignment(rook.namespace);
    await assignment.waitUntilAssigned();
    await rook.podsAtRest();
    await assignment.waitUntilSettled();
    return assignment.waitUntilAssigned();
  }

  /** All that an operator has to say of a namespace: a stop records the events that wait. */
  async eventsAfterStop(operator: { stop(): Promise<unknown> }, namespace: string): Promise<RecordedEvent[]> {
    await operator.stop();
    return this.events(namespace);
  }

  /** What is recorded so far as events in a namespace, oldest first. */
  async events(namespace: string): Promise<RecordedEvent[]> {
    const events = await this.controlPlane.api.list<RecordedEvent>(
      `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    );
    return events
      .filter(({ reportingController }) => reportingController === 'csiports.io/csi-port-operator')
      .sort((a, b) => a.eventTime.localeCompare(b.eventTime));
  }
}

/** As "verb resource[/subresource] name". */
export function describeRequest({ verb, resource, subresource, name, dryRun }: AuditEntry): string {
  const target = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${target} ${name ?? ''}${dryRun ? ' (dry run)' : ''}`;
}

export interface UseClusterOptions extends Omit<ControlPlaneOptions, 'audit'> {
  /** False where the test installs the CRD and the permissions itself. */
  readonly installed?: boolean;
  /** Whether rights are missing at times, on purpose: what is forbidden then is no fault of config/rbac. */
  readonly withholdsRights?: boolean;
}

/** Starts a control plane before the tests of this file and stops it after them. */
export function useCluster(options: UseClusterOptions = {}): () => Cluster {
  const { installed = true, withholdsRights = false, ...controlPlane } = options;
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = new Cluster(await ControlPlane.start({ ...controlPlane, audit: true }));
    if (installed) await cluster.installOperatorPermissions();
  });
  afterAll(async () => {
    if (cluster === undefined) return;
    await recordRights(cluster.controlPlane.audit, { withholdsRights });
    await cluster.controlPlane.stop();
  });
  return () => cluster!;
}
