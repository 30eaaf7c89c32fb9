/** Every metric of the operator's own: the registry and docs/metrics.md are made from this one table. */

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What it says, as one sentence. */
  readonly help: string;
  /** When to look at it, as one sentence; for docs/metrics.md alone. */
  readonly look: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

/** Work in memory and a few requests: from a millisecond to what a slow API server makes of it. */
const WORK_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
/** Up to the 15 s after which the operator gives a request up. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
/** A DaemonSet may take a minute for each node. */
const ROLLOUT_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

const QUEUE_LABELS = ['name', 'controller'] as const;

export const DEFINITIONS = {
  csiports_ready: {
    type: 'gauge',
    labels: ['namespace'],
    help: '1 where the condition Ready of the CSIPortAssignment is True (each sidecar on its port in every pod), else 0.',
    look: 'Alert where it stays 0: storage may not work; the message of the condition says what to do.',
  },
  csiports_degraded: {
    type: 'gauge',
    labels: ['namespace', 'reason'],
    help: '1 for the reason of the condition Degraded while that is True; no series otherwise.',
    look: 'Alert where there is one: it needs somebody, and docs/status.md has the remedy for each reason.',
  },
  csiports_conflicts: {
    type: 'gauge',
    labels: ['namespace'],
    help: 'Host ports that more than one workload holds, as status.conflicts of the CSIPortAssignment has them.',
    look: 'When pods are Pending for want of a port; above 0 for long, csiports_degraded has the reason.',
  },
  csiports_patches_total: {
    type: 'counter',
    labels: ['namespace', 'kind', 'result'],
    help: 'Writes of workloads and of the ConfigMap rook-ceph-operator-config by kind, without dry runs; result is applied, rejected (by the API server, or changed by a policy), outdated (the object had changed) or error.',
    look: 'To see what the operator restarts and when; rejected asks for an admin.',
  },
  csiports_reverts_total: {
    type: 'counter',
    labels: ['namespace'],
    help: 'Ports and pinned keys that somebody else reverted, one for each object reverted.',
    look: 'When it climbs: status.reverts of the assignment names who does it.',
  },
  csiports_rollout_seconds: {
    type: 'histogram',
    labels: ['kind'],
    buckets: ROLLOUT_SECONDS,
    help: 'Time from a patch of a workload until it is Ready, with its port in every pod.',
    look: 'Before you change ports: how long the restart of the node plugins takes in this cluster.',
  },
  csiports_watch_restarts_total: {
    type: 'counter',
    labels: ['resource', 'cause'],
    help: 'Watches that ended and were opened again; cause is closed (in order, every few minutes), expired, idle, forbidden, unauthorized, unavailable, protocol or not_found.',
    look: 'When the operator reacts late: any cause but closed that climbs says what is wrong between it and the API server.',
  },
  csiports_watch_lists_total: {
    type: 'counter',
    labels: ['resource', 'by'],
    help: 'Complete lists, which a watch begins with and cannot always be resumed without; by is stream, pages (where the server rejected the stream, or did not end it) or absence (the server does not know the resource).',
    look: 'When the API server is busy: a list is dearer than a watch that is resumed, and is to come at the start, and with a cause of expired, idle or unavailable, alone.',
  },
  csiports_watch_syncs_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Times that all objects of a watch became known: at the start, and again after each failure.',
    look: 'When csiports_watch_restarts_total climbs: failures that end have as many of these behind them, but for those in a row.',
  },
  csiports_watch_unreadable_objects_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Objects that are not of the shape that the API has, each counted once while it is so; they count as absent.',
    look: 'When a namespace is not served: the log names the object and the field.',
  },
  csiports_watch_up: {
    type: 'gauge',
    labels: ['resource'],
    help: '1 where all objects of a watch are known and it has not failed since, else 0; of several namespaces the worst.',
    look: 'Where it stays 0: the log and /readyz say why. Of drivers.csi.ceph.io it may be 0 because a right is missing that the operator can do without.',
  },
  csiports_watch_last_event_age_seconds: {
    type: 'gauge',
    labels: ['resource'],
    help: 'Time since a watch last heard anything of the API server; the longest of several namespaces.',
    look: 'Above 120 the operator is blind for that resource: the log and /readyz say why. Drivers that are not installed are asked for every five minutes.',
  },
  csiports_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    help: '1, with the versions of the operator and of Node.js.',
    look: 'To see what runs after an upgrade.',
  },
  leader_election_master_status: {
    type: 'gauge',
    labels: ['name'],
    help: '1 on the replica that leads, 0 on one that stands by; no series without --leader-elect.',
    look: 'Alert where the sum is not 1 for a minute: nobody, or more than one, writes.',
  },
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    help: 'Reconciles by result: success, error (tried again), requeue_after (looks again by itself after a time).',
    look: 'For how busy it is; a steady rate in a cluster that rests says that somebody rewrites objects.',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciles that a passing fault kept from finishing.',
    look: 'When it climbs: the log has each with its cause.',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    buckets: WORK_SECONDS,
    help: 'Time that one reconcile takes, its requests included.',
    look: 'When repairs are slow: compare with rest_client_request_duration_seconds.',
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Namespaces that are reconciled at once at most, from --max-concurrent-reconciles.',
    look: 'Beside controller_runtime_active_workers.',
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Namespaces that are being reconciled now.',
    look: 'At its maximum for long while workqueue_depth grows: allow more at once.',
  },
  workqueue_depth: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Namespaces that wait to be reconciled now.',
    look: 'Above 0 for long says that the reconciles do not keep up.',
  },
  workqueue_adds_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Namespaces added to the queue; one that waits already is not counted again.',
    look: 'For how much changes in the cluster.',
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time that a namespace waits in the queue.',
    look: 'When repairs are slow though each reconcile is fast.',
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    labels: QUEUE_LABELS,
    buckets: WORK_SECONDS,
    help: 'Time that the work on one namespace takes.',
    look: 'As controller_runtime_reconcile_time_seconds; named as other controllers name it.',
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time that the reconciles in hand have taken so far, summed up.',
    look: 'When it only grows: a reconcile is stuck.',
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    labels: QUEUE_LABELS,
    help: 'Time that the longest of the reconciles in hand has taken so far.',
    look: 'When it only grows: a reconcile is stuck.',
  },
  workqueue_retries_total: {
    type: 'counter',
    labels: QUEUE_LABELS,
    help: 'Reconciles that come again after a failure.',
    look: 'When it climbs: the log has the failures.',
  },
  rest_client_requests_total: {
    type: 'counter',
    labels: ['code', 'host', 'method'],
    help: 'HTTP requests to the API server by status code, <error> where there was no answer.',
    look: 'For what the operator asks of the API server, and what is rejected: 403 is a missing right, 429 a busy server.',
  },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    labels: ['verb', 'host'],
    buckets: REQUEST_SECONDS,
    help: 'Time of a call until its answer is whole; verb WATCH: until the answer begins.',
    look: 'When repairs are slow: whether it is the API server or its webhooks.',
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
