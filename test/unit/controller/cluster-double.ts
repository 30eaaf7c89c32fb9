/** One namespace of a cluster behind an API server double, which stores what is written as the real one would. */
import { Watches } from '../../../src/controller/watches.js';
import { FIELD_MANAGER, type AssignmentSpec } from '../../../src/domain/rules/api.js';
import type { Observed } from '../../../src/domain/rules/observed.js';
import type { JsonPatch } from '../../../src/domain/rules/sidecar-port.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../../../src/domain/rules/slots.js';
import { projectAssignment, projectRookConfig, projectRookOperator } from '../../../src/kube/projections.js';
import { projectDaemonSet, projectDeployment } from '../../../src/kube/workload-projection.js';
import { ALWAYS_LEADING } from '../../../src/kube/leadership.js';
import { Writer } from '../../../src/kube/writer.js';
import type { ApiServerDouble, Exchange, Received } from '../../support/api-server-double.js';
import { applyPatch } from '../domain/json-patch.js';
import { mergePatch } from '../domain/merge-patch.js';
import { rawWorkload, type RawOptions, type RawWorkload } from '../domain/raw-workload.js';
import { connect } from '../kube/connections.js';
import type { Transport } from '../../../src/kube/transport.js';

export const NAMESPACE = 'rook-ceph';

type Answer = (exchange: Exchange, request: Received) => void;
/** A null takes the key out. */
type Settings = Readonly<Record<string, string | null>>;

export interface Cluster {
  readonly server: ApiServerDouble;
  readonly transport: Transport;
  readonly writer: Writer;
  readonly watches: Watches;
  /** Namespaces that the stores told of. */
  readonly changed: string[];
  readonly observed: () => Observed;
  /** Answers requests whose method and path contain this otherwise than by storing what they say. */
  readonly answers: Map<string, Answer>;
  /** Somebody else's write of a workload, seen by the store. */
  readonly write: (slot: Slot, raw: RawWorkload) => void;
  /** Somebody else's edit of Rook's settings, seen by the store. */
  readonly configure: (data: Settings) => void;
  /** The same, not seen by the store. */
  readonly configureUnseen: (data: Settings) => void;
  /** Somebody else's edit of the assignment, not seen by the store. */
  readonly edit: (spec: AssignmentSpec) => void;
  /** Somebody else's write of the status, seen by the store; undefined removes it. */
  readonly writeStatus: (status: unknown) => void;
  /** The status as the API server has it. */
  readonly storedStatus: () => unknown;
  /** What happens while a request whose path contains this is on its way. */
  readonly beforeAnswer: (part: string, happens: () => void) => void;
  /** "PATCH csi-rbdplugin", in order; status writes by "status". */
  readonly writes: () => string[];
}

export interface ClusterOptions {
  readonly spec?: AssignmentSpec;
  readonly workloads?: Partial<Record<Slot, RawOptions>>;
  readonly rookAlive?: boolean;
  /** The operator's own pins. */
  readonly config?: Readonly<Record<string, string>> | 'none';
}

interface Stored {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What the tests count: a slot beside these is on the pod network, and of no concern to them. */
const CONFLICT: Readonly<Partial<Record<Slot, RawOptions>>> = {
  rbdProvisioner: { port: 9070 },
  cephfsProvisioner: { port: 9070 },
  rbdNodePlugin: { port: 9070 },
};

/** No controller has looked at it yet, so nothing waits for its pods. */
function unseen(raw: RawWorkload): RawWorkload {
  return { ...raw, status: { ...raw.status, observedGeneration: 0 } };
}

/** With the counters of a workload whose pods are up. */
export function rolledOut(raw: RawWorkload): RawWorkload {
  const deployment = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const daemonSet = {
    desiredNumberScheduled: 1,
    currentNumberScheduled: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
  };
  return { ...raw, status: { ...raw.status, ...deployment, ...daemonSet } };
}

/**
 * By default what Rook leaves behind: all three sidecars on 9070, no key set, Rook not running. There are no controllers
 * unless the test writes what they do.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { server, transport } = await connect();
  const changed: string[] = [];
  const ignore = (): undefined => undefined;
  const watches = new Watches({
    namespaces: [],
    transport,
    onEvent: ignore,
    enqueue: (namespace) => changed.push(namespace),
  });
  let version = 5_000;
  const next = <T extends Stored>(metadata: T): T => ({ ...metadata, resourceVersion: String((version += 1)) });
  const metadata = (name: string): Stored => ({ namespace: NAMESPACE, name, uid: `uid-${name}`, resourceVersion: '1' });
  const stored = forEachSlot(({ slot }) =>
    unseen(rawWorkload(slot, options.workloads?.[slot] ?? CONFLICT[slot] ?? { hostNetwork: false })),
  );
  const assignment = {
    metadata: { ...metadata('default'), generation: 3 },
    spec: options.spec ?? {},
    status: undefined as unknown,
  };
  let config = merged(new Map(), options.config === 'none' ? {} : (options.config ?? {}), FIELD_MANAGER);
  let configMetadata = metadata('rook-ceph-operator-config');

  watches.assignments.put(projectAssignment(assignment));
  if (options.config !== 'none') watches.rookConfigs.put(projectRookConfig(rawConfig(configMetadata, config)));
  if (options.rookAlive === true) {
    const template = { spec: { containers: [{ name: 'rook-ceph-operator', image: 'rook/ceph:v1.17.9' }] } };
    const operator = { metadata: metadata('rook-ceph-operator'), spec: { template }, status: { readyReplicas: 1 } };
    watches.rookOperators.put(projectRookOperator(operator));
  }
  for (const { slot } of SLOT_SPECS) watches.workloads[slot].put(projected(stored[slot]));
  changed.length = 0;

  const answers = new Map<string, Answer>();
  const happenings = new Map<string, () => void>();

  const patchWorkload = (slot: Slot, exchange: Exchange, { body, query }: Received): void => {
    const raw = patched(stored[slot], JSON.parse(body) as JsonPatch);
    if (raw === undefined) exchange.reject(422, 'Invalid');
    else {
      const result = { ...raw, metadata: { ...next(raw.metadata), generation: raw.metadata.generation + 1 } };
      if (query.dryRun === undefined) stored[slot] = result;
      exchange.json(200, result);
    }
  };
  const patchConfig = (exchange: Exchange, { body, query }: Received): void => {
    const patch = JSON.parse(body) as { metadata: Partial<Stored>; data: Settings };
    if (patch.metadata.resourceVersion !== configMetadata.resourceVersion) exchange.reject(409, 'Conflict');
    else {
      const result = { data: merged(config, patch.data, FIELD_MANAGER), metadata: next(configMetadata) };
      if (query.dryRun === undefined) ({ data: config, metadata: configMetadata } = result);
      exchange.json(200, rawConfig(result.metadata, result.data));
    }
  };
  const patchStatus = (exchange: Exchange, { body }: Received): void => {
    const patch = JSON.parse(body) as { metadata: Partial<Stored>; status: object };
    if (patch.metadata.resourceVersion !== assignment.metadata.resourceVersion) exchange.reject(409, 'Conflict');
    else {
      assignment.status = mergePatch(assignment.status, patch.status);
      assignment.metadata = next(assignment.metadata);
      exchange.json(200, assignment);
    }
  };
  const read = (slot: Slot | undefined, exchange: Exchange, { path }: Received): void => {
    if (slot !== undefined) exchange.json(200, stored[slot]);
    else if (path.endsWith('/csiportassignments/default')) exchange.json(200, assignment);
    else exchange.json(200, rawConfig(configMetadata, config));
  };
  const store: Answer = (exchange, request) => {
    const slot = SLOT_SPECS.find(({ workload }) => request.path.endsWith(`/${workload}`))?.slot;
    if (request.method === 'GET') read(slot, exchange, request);
    else if (slot !== undefined) patchWorkload(slot, exchange, request);
    else if (request.path.endsWith('/status')) patchStatus(exchange, request);
    else if (request.path.endsWith('/rook-ceph-operator-config')) patchConfig(exchange, request);
    else exchange.json(201, {});
  };
  server.handler = (request, exchange) => {
    for (const [part, happens] of happenings) if (request.path.includes(part)) happens();
    const special = [...answers].find(([part]) => `${request.method} ${request.path}`.includes(part));
    (special?.[1] ?? store)(exchange, request);
  };
  const configureUnseen = (data: Settings): void => {
    config = merged(config, data, 'kubectl-edit');
    configMetadata = next(configMetadata);
  };
  return {
    server,
    transport,
    writer: new Writer(transport, ALWAYS_LEADING),
    watches,
    changed,
    observed: () => ({ ...watches.observe(NAMESPACE)!, now: Date.parse('2026-11-22T10:00:00Z') }),
    answers,
    write: (slot, raw) => {
      stored[slot] = { ...raw, metadata: next(raw.metadata) };
      watches.workloads[slot].put(projected(stored[slot]));
    },
    configure: (data) => {
      configureUnseen(data);
      watches.rookConfigs.put(projectRookConfig(rawConfig(configMetadata, config)));
    },
    configureUnseen,
    edit: (spec) => {
      assignment.spec = spec;
      assignment.metadata = { ...next(assignment.metadata), generation: assignment.metadata.generation + 1 };
    },
    writeStatus: (written) => {
      assignment.status = written;
      assignment.metadata = next(assignment.metadata);
      watches.assignments.put(projectAssignment(assignment));
    },
    storedStatus: () => assignment.status,
    beforeAnswer: (part, happens) => happenings.set(part, happens),
    writes: () =>
      server.requests
        .map(({ method, path }) => `${method} ${path.split('/').at(-1)!}`)
        .filter((one) => !one.startsWith('GET')),
  };
}

/** Rook's settings by key: the value, and the field manager that owns it. */
type ConfigData = ReadonlyMap<string, { readonly value: string; readonly manager: string }>;

function merged(before: ConfigData, data: Settings, manager: string): ConfigData {
  const after = new Map(before);
  for (const [key, value] of Object.entries(data)) {
    if (value === null) after.delete(key);
    else if (before.get(key)?.value !== value) after.set(key, { value, manager });
  }
  return after;
}

/** With sorted keys, as the API server has them. */
function rawConfig(metadata: Stored, config: ConfigData): object {
  const entries = [...config].sort(([a], [b]) => (a < b ? -1 : 1));
  const managers = [...new Set(entries.map(([, { manager }]) => manager))];
  const managedFields = managers.map((manager) => {
    const own = entries.filter(([, entry]) => entry.manager === manager);
    return { manager, fieldsV1: { 'f:data': Object.fromEntries(own.map(([key]) => [`f:${key}`, {}])) } };
  });
  const data = Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
  return { metadata: { ...metadata, managedFields }, data };
}

/** Undefined if a test of the patch fails, or it does not apply. */
function patched(raw: RawWorkload, patch: JsonPatch): RawWorkload | undefined {
  try {
    return applyPatch<RawWorkload>(raw, patch);
  } catch {
    return undefined;
  }
}

export function projected(raw: RawWorkload): ReturnType<typeof projectDeployment> {
  return raw.kind === 'Deployment' ? projectDeployment(raw) : projectDaemonSet(raw);
}
