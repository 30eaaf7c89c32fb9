/** Every reason that a condition or an event can carry. docs/admin/troubleshoot.md has a row for each: what it means and what to do. */
export const READY_REASONS = [
  'PortsAssigned',
  'NothingToAssign',
  'NoRook',
  'RollingOut',
  'RolloutStuck',
  'WaitingForRook',
  'AwaitingPods',
  'PortsDiffer',
  'PortInUse',
  'UpstreamConflict',
  'PatchRejected',
  'DryRun',
  'Paused',
] as const;

export const PROGRESSING_REASONS = [
  'WaitingForRook',
  'AwaitingPods',
  'RollingOut',
  'BackingOff',
  'Retrying',
  'Settled',
] as const;

export const DEGRADED_REASONS = [
  'AsExpected',
  'Contested',
  'PortInUse',
  'PortConflict',
  'RolloutStuck',
  'DriverWithoutWorkloads',
  'PatchRejected',
  'PinRejected',
  'InvalidRookConfig',
  'LivenessConflict',
  'UpstreamConflict',
  'HostNetworkLost',
  'ClashingRookConfig',
  'RookConfigAbsent',
] as const;

export const EVENT_REASONS = [
  'PortAssigned',
  'Reasserted',
  'Contested',
  'ConflictDetected',
  'ConflictResolved',
  'RookConfigPinned',
  'PatchRejected',
  'Forbidden',
] as const;

export type ReadyReason = (typeof READY_REASONS)[number];
export type ProgressingReason = (typeof PROGRESSING_REASONS)[number];
export type DegradedReason = (typeof DEGRADED_REASONS)[number];
export type EventReason = (typeof EVENT_REASONS)[number];
