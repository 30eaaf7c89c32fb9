/** When an admin looks at each metric of the operator's own; for docs/admin/monitor.md only. */
import type { MetricName } from '../src/ops/metrics/definitions.js';

type OwnMetric = Extract<MetricName, `csiports_${string}` | `leader_election_${string}`>;

const OWN: Readonly<Record<OwnMetric, string>> = {
  csiports_ready: 'alert if it stays 0',
  csiports_degraded: 'alert if there is one: [the reason](troubleshoot.md#conditions)',
  csiports_conflicts: 'pods are Pending for a port',
  csiports_reconcile_forbidden: 'alert if 1: [Forbidden](troubleshoot.md#forbidden)',
  csiports_patches_total: 'pods restart; rejected needs an admin',
  csiports_reverts_total: 'it climbs: [Reverts](troubleshoot.md#reverts)',
  csiports_rollout_seconds: 'before you change ports',
  csiports_watch_restarts_total: 'the operator reacts late: any cause but closed climbs',
  csiports_watch_lists_total: 'the API server is busy',
  csiports_watch_syncs_total: 'a sync ends a failure',
  csiports_watch_unreadable_objects_total: 'a namespace is not served; the log names the object and the field',
  csiports_watch_up:
    'if it stays 0, the log and /readyz say why; drivers.csi.ceph.io and pods stay 0 without that right',
  csiports_watch_last_event_age_seconds:
    'above 120 the operator misses changes; Drivers that are not installed are requested every five minutes; no series without the right',
  csiports_build_info: 'after an upgrade',
  leader_election_master_status: 'alert if the sum is not 1 for a minute',
};

export const WHEN_TO_LOOK: Readonly<Partial<Record<MetricName, string>>> = OWN;
