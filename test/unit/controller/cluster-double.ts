/** One namespace of a cluster behind an API server double, which stores what is written as the real one would. */
import { Watches } from '../../../src/controller/watches.js';
import type { AssignmentSpec } from '../../../src/domain/rules/api.js';
import type { Observed } from '../../../src/domain/rules/plan.js';
import type { JsonPatch } from '../../../src/domain/rules/sidecar-port.js';
import { SLOT_SPECS, forEachSlot, type Slot } from '../../../src/domain/rules/slots.js';
import {
  projectAssignment,
  projectDaemonSet,
  projectDeployment,
  projectRookConfig,
  projectRookOperator,
} from '../../../src/kube/projections.js';
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
  readonly configure: (data: Readonly<Record<string, string>>) => void;
  /** Somebody else's edit of the assignment, not seen by the store. */
  readonly edit: (spec: AssignmentSpec) => void;
  /** What happens while a request whose path contains this is on its way. */
  readonly beforeAnswer: (part: string, happens: () => void) => void;
  /** "PATCH csi-rbdplugin", in order; status writes and events by "status" and "events". */
  readonly writes: () => string[];
}

export interface ClusterOptions {
  readonly spec?: AssignmentSpec;
  readonly workloads?: Partial<Record<Slot, RawOptions>>;
  readonly rookAlive?: boolean;
  readonly config?: Readonly<Record<string, string>> | 'none';
}

/** By default what Rook leaves behind: all three sidecars on 9070, no key set, Rook not running. */
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
  const stored = forEachSlot(({ slot }) => rawWorkload(slot, options.workloads?.[slot] ?? { port: 9070 }));
  let version = 5_000;
  const metadata = (name: string): object => ({ namespace: NAMESPACE, name, uid: `uid-${name}`, resourceVersion: '1' });
  const assignment = {
    metadata: { ...metadata('default'), generation: 3 },
    spec: options.spec ?? {},
    status: undefined as unknown,
  };
  const config = {
    metadata: metadata('rook-ceph-operator-config'),
    data: options.config === 'none' ? {} : { ...options.config },
  };

  watches.assignments.put(projectAssignment(assignment));
  if (options.config !== 'none') watches.rookConfigs.put(projectRookConfig(config));
  if (options.rookAlive === true) {
    const template = { spec: { containers: [{ name: 'rook-ceph-operator', image: 'rook/ceph:v1.17.9' }] } };
    const operator = { metadata: metadata('rook-ceph-operator'), spec: { template }, status: { readyReplicas: 1 } };
    watches.rookOperators.put(projectRookOperator(operator));
  }
  for (const { slot } of SLOT_SPECS) watches.workloads[slot].put(projected(stored[slot]));
  changed.length = 0;

  const answers = new Map<string, Answer>();
  const next = (): string => String((version += 1));
  const happenings = new Map<string, () => void>();
  const store: Answer = (exchange, request) => {
    const layout = SLOT_SPECS.find(({ workload }) => request.path.endsWith(`/${workload}`));
    if (layout !== undefined) {
      let raw = stored[layout.slot];
      if (request.method === 'PATCH') {
        const patched = applyPatch<RawWorkload>(raw, JSON.parse(request.body) as JsonPatch);
        raw = { ...patched, metadata: { ...patched.metadata, resourceVersion: next() } };
      }
      if (request.query.dryRun === undefined) stored[layout.slot] = raw;
      exchange.json(200, raw);
    } else if (request.path.endsWith('/status')) {
      const { status } = JSON.parse(request.body) as { status: object };
      assignment.status = mergePatch(assignment.status, status);
      exchange.json(200, { ...assignment, metadata: { ...assignment.metadata, resourceVersion: next() } });
    } else if (request.path.endsWith('/csiportassignments/default')) {
      exchange.json(200, { ...assignment, metadata: { ...assignment.metadata, resourceVersion: next() } });
    } else if (request.path.endsWith('/rook-ceph-operator-config')) {
      if (request.method === 'PATCH') Object.assign(config.data, (JSON.parse(request.body) as { data: object }).data);
      const managedFields = [{ manager: 'csi-port-operator', fieldsV1: { 'f:data': fieldsOf(config.data) } }];
      exchange.json(200, { ...config, metadata: { ...config.metadata, managedFields, resourceVersion: next() } });
    } else exchange.json(201, {});
  };
  server.handler = (request, exchange) => {
    for (const [part, happens] of happenings) if (request.path.includes(part)) happens();
    const special = [...answers].find(([part]) => `${request.method} ${request.path}`.includes(part));
    (special?.[1] ?? store)(exchange, request);
  };
  const writes = (): string[] =>
    server.requests
      .map(({ method, path }) => `${method} ${path.split('/').at(-1)!}`)
      .filter((one) => !one.startsWith('GET'));
  return {
    server,
    transport,
    writer: new Writer(transport, ALWAYS_LEADING),
    watches,
    changed,
    observed: () => watches.observe(NAMESPACE)!,
    answers,
    write: (slot, raw) => {
      stored[slot] = { ...raw, metadata: { ...raw.metadata, resourceVersion: next() } };
      watches.workloads[slot].put(projected(stored[slot]));
    },
    configure: (data) => {
      Object.assign(config.data, data);
      watches.rookConfigs.put(
        projectRookConfig({ ...config, metadata: { ...config.metadata, resourceVersion: next() } }),
      );
    },
    edit: (spec) => {
      assignment.spec = spec;
      assignment.metadata = { ...assignment.metadata, generation: 4 };
    },
    beforeAnswer: (part, happens) => happenings.set(part, happens),
    writes,
  };
}

function fieldsOf(data: object): object {
  return Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}]));
}

export function projected(raw: RawWorkload): ReturnType<typeof projectDeployment> {
  return raw.kind === 'Deployment' ? projectDeployment(raw) : projectDaemonSet(raw);
}
