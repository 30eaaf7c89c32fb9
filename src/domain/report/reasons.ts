/**
 * Every reason that a condition or an event can carry. docs/status.md has a row for each: what it means and what to do.
 */
export const READY_REASONS = {
  PortsAssigned: 'PortsAssigned',
  NothingToAssign: 'NothingToAssign',
  RollingOut: 'RollingOut',
  WaitingForRook: 'WaitingForRook',
  PortsDiffer: 'PortsDiffer',
  PatchRejected: 'PatchRejected',
  DryRun: 'DryRun',
  Paused: 'Paused',
} as const;

export const PROGRESSING_REASONS = {
  WaitingForRook: 'WaitingForRook',
  RollingOut: 'RollingOut',
  BackingOff: 'BackingOff',
  Retrying: 'Retrying',
  Settled: 'Settled',
} as const;

export const DEGRADED_REASONS = {
  AsExpected: 'AsExpected',
  Contested: 'Contested',
  PortConflict: 'PortConflict',
  PatchRejected: 'PatchRejected',
  PinRejected: 'PinRejected',
  InvalidRookConfig: 'InvalidRookConfig',
  LivenessConflict: 'LivenessConflict',
  ClashingRookConfig: 'ClashingRookConfig',
  RookConfigAbsent: 'RookConfigAbsent',
} as const;

export const EVENT_REASONS = {
  PortAssigned: 'PortAssigned',
  Reasserted: 'Reasserted',
  Contested: 'Contested',
  ConflictDetected: 'ConflictDetected',
  ConflictResolved: 'ConflictResolved',
  RookConfigPinned: 'RookConfigPinned',
  PatchRejected: 'PatchRejected',
} as const;

export type ReadyReason = keyof typeof READY_REASONS;
export type ProgressingReason = keyof typeof PROGRESSING_REASONS;
export type DegradedReason = keyof typeof DEGRADED_REASONS;
export type EventReason = keyof typeof EVENT_REASONS;
