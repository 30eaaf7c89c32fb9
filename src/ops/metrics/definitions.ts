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
    help: '1 if the condition Ready is True, else 0.',
  },
  csiports_degraded: {
    type: 'gauge',
    labels: ['namespace', 'reason'],
    help: '1 for the reason of the condition Degraded if that is True; else no series.',
  },
  csiports_conflicts: {
    type: 'gauge',
    labels: ['namespace'],
    help: 'Shared host ports in status.conflicts.',
  },
  csiports_reconcile_forbidden: {
    type: 'gauge',
    labels: ['namespace'],
    help: '1 if the last reconcile lacked the right to write a workload, rook-ceph-operator-config or the status, else 0; no series before the first.',
  },
  csiports_patches_total: {
    type: 'counter',
    labels: ['namespace', 'kind', 'result'],
    help: 'Writes of workloads and of rook-ceph-operator-config, without dry runs; result is applied, rejected (by the API server, or changed by a policy), outdated (the object had changed) or error.',
  },
  csiports_reverts_total: {
    type: 'counter',
    labels: ['namespace'],
    help: 'Reverted ports and pinned keys that the operator wrote again, one for each object.',
  },
  csiports_rollout_seconds: {
    type: 'histogram',
    labels: ['kind'],
    buckets: ROLLOUT_SECONDS,
    help: 'Time from a patch of a workload until it is Ready.',
  },
  csiports_watch_restarts_total: {
    type: 'counter',
    labels: ['resource', 'cause'],
    help: 'Watches opened again; cause is closed (in order, every few minutes), expired, idle, forbidden, unauthorized, unavailable, protocol or not_found.',
  },
  csiports_watch_lists_total: {
    type: 'counter',
    labels: ['resource', 'by'],
    help: 'Complete lists, at the start of a watch or if it cannot be resumed; by is stream, pages (the server rejected or did not end the stream) or absence (it does not know the resource).',
  },
  csiports_watch_syncs_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Times that all objects of a watch became known: at the start and after each failure.',
  },
  csiports_watch_unreadable_objects_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Objects of an unknown shape, each counted once while it lasts; they count as absent.',
  },
  csiports_watch_up: {
    type: 'gauge',
    labels: ['resource'],
    help: '1 if all objects of a watch are known and it has not failed since, else 0; the worst of several namespaces.',
  },
  csiports_watch_last_event_age_seconds: {
    type: 'gauge',
    labels: ['resource'],
    help: 'Time since a watch last received anything; the longest of several namespaces.',
  },
  csiports_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    help: '1, with the versions of operator and Node.js.',
  },
  leader_election_master_status: {
    type: 'gauge',
    labels: ['name'],
    help: '1 on the leader, else 0; no series without --leader-elect.',
  },
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    help: 'Reconciles by result: success, error (tried again), requeue_after (runs again after a time).',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciles that a temporary fault ended.',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    buckets: WORK_SECONDS,
    help: 'Time of a reconcile with its requests.',
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    labels: ['controller'],
    help: 'The value of --max-concurrent-reconciles.',
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Namespaces being reconciled.',
  },
  workqueue_depth: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Namespaces waiting in the queue.',
  },
  workqueue_adds_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Namespaces added to the queue, without those that wait already.',
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time of a namespace in the queue.',
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time of the work on a namespace.',
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time of all running reconciles so far.',
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time of the longest running reconcile so far.',
  },
  workqueue_retries_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Reconciles tried again after a failure.',
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
