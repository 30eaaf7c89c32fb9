/**
 * Writes the objects that the operator watches, under one field manager, and reads those of which the store is behind.
 * Events are in events.ts.
 */
import { FIELD_MANAGER, type PortAssignment } from '../domain/rules/api.js';
import type { RookConfig } from '../domain/rules/rook-config.js';
import type { Pin } from '../domain/rules/pin.js';
import type { JsonPatch } from '../domain/rules/sidecar-port.js';
import type { SlotSpec } from '../domain/rules/slots.js';
import type { Workload } from '../domain/rules/workload.js';
import { permitToWrite, type Leadership } from './leadership.js';
import { projectAssignment, projectRookConfig } from './projections.js';
import { projectDaemonSet, projectDeployment } from './workload-projection.js';
import { assignmentPath, rookConfigPath, workloadPath } from './resources.js';
import type { Transport } from './transport.js';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';

/** The fields of a status that differ; null removes a stored one (RFC 7396). */
export type StatusPatch = Readonly<Record<string, unknown>>;

export interface WriteOptions {
  /** The API server validates, and stores nothing. */
  readonly dryRun: boolean;
}

/** Every method resolves with the object of the response. @throws as Transport.call; a write also NotLeadingError */
export class Writer {
  readonly #transport: Transport;
  readonly #leadership: Leadership;

  constructor(transport: Transport, leadership: Leadership) {
    this.#transport = transport;
    this.#leadership = leadership;
  }

  async patchWorkload(
    slotSpec: SlotSpec,
    namespace: string,
    patch: JsonPatch,
    options: WriteOptions,
  ): Promise<Workload> {
    const path = workloadPath(slotSpec, namespace);
    return projectWorkload(slotSpec, await this.#patch(path, JSON_PATCH, patch, options));
  }

  async readWorkload(slotSpec: SlotSpec, namespace: string): Promise<Workload> {
    return projectWorkload(slotSpec, await this.#read(workloadPath(slotSpec, namespace)));
  }

  async readRookConfig(namespace: string): Promise<RookConfig> {
    return projectRookConfig(await this.#read(rookConfigPath(namespace)));
  }

  async readAssignment(namespace: string): Promise<PortAssignment> {
    return projectAssignment(await this.#read(assignmentPath(namespace)));
  }

  /** Sends a merge patch: a later server-side apply of fewer keys would drop the others. */
  async pinRookConfig(config: RookConfig, pin: Pin, options: WriteOptions): Promise<RookConfig> {
    // Only onto the version that it was planned from: an edit that was not seen yet must not be overwritten.
    const patch = { metadata: { resourceVersion: config.resourceVersion }, data: pin };
    return projectRookConfig(await this.#patch(rookConfigPath(config.namespace), MERGE_PATCH, patch, options));
  }

  /** Fails with 409 if the assignment was edited or recreated meanwhile. */
  async patchStatus({ namespace, resourceVersion }: PortAssignment, status: StatusPatch): Promise<PortAssignment> {
    const path = `${assignmentPath(namespace)}/status`;
    const patch = { metadata: { resourceVersion }, status };
    return projectAssignment(await this.#patch(path, MERGE_PATCH, patch, { dryRun: false }));
  }

  #read(path: string): Promise<unknown> {
    return this.#transport.call({ method: 'GET', path });
  }

  async #patch(path: string, contentType: string, body: unknown, { dryRun }: WriteOptions): Promise<unknown> {
    const query = { fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) };
    const permit = permitToWrite(this.#leadership);
    return this.#transport.call({ method: 'PATCH', path, query, body, contentType }, permit);
  }
}

function projectWorkload({ kind }: SlotSpec, raw: unknown): Workload {
  return kind === 'Deployment' ? projectDeployment(raw) : projectDaemonSet(raw);
}
