/** When an admin looks at each metric; for docs/admin/metrics.md alone. */
import type { MetricName } from '../src/ops/metrics/definitions.js';

export const WHEN_TO_LOOK: Readonly<Record<MetricName, string>> = {
  csiports_ready: 'Alert if it stays 0: storage may not work; the message of the condition says what to do.',
  csiports_degraded:
    'Alert if there is one: it needs an admin, and docs/admin/troubleshoot.md has the remedy for each reason.',
  csiports_conflicts: 'When pods are Pending for want of a port; above 0 for long, csiports_degraded has the reason.',
  csiports_reconcile_forbidden:
    'Alert if it is 1: the log of the leader and the event Forbidden name the right; config/rbac/rook-namespace has it.',
  csiports_patches_total: 'To see what the operator restarts and when; rejected needs an admin.',
  csiports_reverts_total: 'When it climbs: the event Reasserted and the log name the writer.',
  csiports_rollout_seconds: 'Before you change ports: how long the restart of the node plugins takes in this cluster.',
  csiports_watch_restarts_total:
    'When the operator reacts late: any cause but closed that climbs shows what is wrong between it and the API server.',
  csiports_watch_lists_total:
    'When the API server is busy: a list costs more than a resumed watch, and should come only at the start and after expired, idle or unavailable.',
  csiports_watch_syncs_total:
    'When csiports_watch_restarts_total climbs: a sync follows each failure that ended, or several in a row.',
  csiports_watch_unreadable_objects_total: 'When a namespace is not served: the log names the object and the field.',
  csiports_watch_up:
    'If it stays 0: the log and /readyz say why. It may be 0 for drivers.csi.ceph.io and pods if the operator has no right to watch them; without pods, ports that strangers hold are not known.',
  csiports_watch_last_event_age_seconds:
    'Above 120 the operator is blind for that resource: the log and /readyz say why. Drivers that are not installed are requested every five minutes; what is optional and may not be watched has no age.',
  csiports_build_info: 'To see what runs after an upgrade.',
  leader_election_master_status: 'Alert if the sum is not 1 for a minute: no replica, or more than one, writes.',
  controller_runtime_reconcile_total:
    'For how busy the operator is; a steady rate in an idle cluster means that another writer rewrites objects.',
  controller_runtime_reconcile_errors_total: 'When it climbs: the log has each with its cause.',
  controller_runtime_reconcile_time_seconds:
    'When repairs are slow: compare with rest_client_request_duration_seconds.',
  controller_runtime_max_concurrent_reconciles: 'Beside controller_runtime_active_workers.',
  controller_runtime_active_workers: 'At its maximum for long while workqueue_depth grows: allow more at once.',
  workqueue_depth: 'If it stays above 0: the reconciles do not keep up.',
  workqueue_adds_total: 'For how much changes in the cluster.',
  workqueue_queue_duration_seconds: 'When repairs are slow though each reconcile is fast.',
  workqueue_work_duration_seconds: 'As controller_runtime_reconcile_time_seconds; named as other controllers name it.',
  workqueue_unfinished_work_seconds: 'When it only grows: a reconcile is stuck.',
  workqueue_longest_running_processor_seconds: 'When it only grows: a reconcile is stuck.',
  workqueue_retries_total: 'When it climbs: the log has the failures.',
  rest_client_requests_total:
    'For the load on the API server, and for rejections: 403 is a missing right, 429 a busy server.',
  rest_client_request_duration_seconds: 'When repairs are slow: whether it is the API server or its webhooks.',
};
