/** The table of the operator's own metrics, from which the registry and the tables of docs/admin/monitor.md are made. */

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Its meaning, as one sentence. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

/** Work in memory and a few requests, also to a slow API server. */
const WORK_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
/** Up to the operator's own time-out of 15 s. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
/** A DaemonSet may take a minute for each node. */
const ROLLOUT_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

const QUEUE_LABELS = ['name', 'controller'] as const;

export const DEFINITIONS = {
  csiports_ready: {
    type: 'gauge',
    labels: ['namespace'],
    help: '1 if the condition Ready of the CSIPortAssignment is True (each sidecar on its port in every pod), else 0.',
  },
  csiports_degraded: {
    type: 'gauge',
    labels: ['namespace', 'reason'],
    help: '1 for the reason of the condition Degraded while that is True; no series otherwise.',
  },
  csiports_conflicts: {
    type: 'gauge',
    labels: ['namespace'],
    help: 'Host ports that several containers take, of CSI pods or of other pods on their nodes, as in status.conflicts of the CSIPortAssignment.',
  },
  csiports_reconcile_forbidden: {
    type: 'gauge',
    labels: ['namespace'],
    help: '1 if the last reconcile of the namespace lacked the right to a write (of a workload, of the ConfigMap rook-ceph-operator-config, or of the status), else 0; no series before the first one.',
  },
  csiports_patches_total: {
    type: 'counter',
    labels: ['namespace', 'kind', 'result'],
    help: 'Writes of workloads and of the ConfigMap rook-ceph-operator-config by kind, without dry runs; result is applied, rejected (by the API server, or changed by a policy), outdated (the object had changed) or error.',
  },
  csiports_reverts_total: {
    type: 'counter',
    labels: ['namespace'],
    help: 'Ports and pinned keys that another writer had reverted and the operator wrote again, one for each object.',
  },
  csiports_rollout_seconds: {
    type: 'histogram',
    labels: ['kind'],
    buckets: ROLLOUT_SECONDS,
    help: 'Time from a patch of a workload until it is Ready, with its port in every pod.',
  },
  csiports_watch_restarts_total: {
    type: 'counter',
    labels: ['resource', 'cause'],
    help: 'Watches that ended and were opened again; cause is closed (in order, every few minutes), expired, idle, forbidden, unauthorized, unavailable, protocol or not_found.',
  },
  csiports_watch_lists_total: {
    type: 'counter',
    labels: ['resource', 'by'],
    help: 'Complete lists, at the start of a watch or if it cannot be resumed; by is stream, pages (the server rejected the stream, or did not end it) or absence (the server does not know the resource).',
  },
  csiports_watch_syncs_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Times that all objects of a watch became known: at the start, and again after each failure.',
  },
  csiports_watch_unreadable_objects_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Objects of another shape than the API has, each counted once while it lasts; they are treated as absent.',
  },
  csiports_watch_up: {
    type: 'gauge',
    labels: ['resource'],
    help: '1 if all objects of a watch are known and it has not failed since, else 0; the worst of several namespaces.',
  },
  csiports_watch_last_event_age_seconds: {
    type: 'gauge',
    labels: ['resource'],
    help: 'Time since a watch last received anything from the API server; the longest of several namespaces.',
  },
  csiports_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    help: '1, with the versions of the operator and of Node.js.',
  },
  leader_election_master_status: {
    type: 'gauge',
    labels: ['name'],
    help: '1 on the replica that leads, 0 on one that stands by; no series without --leader-elect.',
  },
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    help: 'Reconciles by result: success, error (tried again), requeue_after (runs again after a time).',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciles that a temporary fault kept from finishing.',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    buckets: WORK_SECONDS,
    help: 'Time that one reconcile takes, its requests included.',
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Namespaces that are reconciled at once at most, from --max-concurrent-reconciles.',
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Namespaces that are being reconciled now.',
  },
  workqueue_depth: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Namespaces that wait to be reconciled now.',
  },
  workqueue_adds_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Namespaces added to the queue; one that waits already is not counted again.',
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time that a namespace waits in the queue.',
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time that the work on one namespace takes.',
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time that the reconciles in hand have taken so far, summed up.',
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time that the longest of the reconciles in hand has taken so far.',
  },
  workqueue_retries_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Reconciles that are tried again after a failure.',
  },
  rest_client_requests_total: {
    type: 'counter',
    labels: ['code', 'host', 'method'],
    help: 'HTTP requests to the API server by status code, <error> if there was no response.',
  },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    labels: ['verb', 'host'],
    buckets: REQUEST_SECONDS,
    help: 'Time of a call until the end of its response; verb WATCH: until the response begins.',
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricName = keyof typeof DEFINITIONS;
/** The names of one type of metric. */
export type NameOf<T extends Definition['type']> = {
  [N in MetricName]: (typeof DEFINITIONS)[N]['type'] extends T ? N : never;
}[MetricName];
/** A value for each label of a metric. */
export type Labels<N extends MetricName> = Readonly<Record<(typeof DEFINITIONS)[N]['labels'][number], string>>;

export const METRIC_NAMES = Object.keys(DEFINITIONS) as MetricName[];
