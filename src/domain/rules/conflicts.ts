/** Host ports that two workloads hold, and who can part them: this operator, or only the admin. */
import type { PortConflict } from './api.js';
import { sharedPorts, workloadCount, type PortHolder } from './host-ports.js';
import { SIDECAR_CONTAINER, SLOT_SPECS, slotOf, type SlotSpec } from './slots.js';
import type { Workload } from './workload.js';

export interface Conflicts {
  /** Among Rook's csi-addons sidecars: the ones that the operator ends. */
  readonly sidecars: readonly PortConflict[];
  /** With a workload of ceph-csi-operator in it, which reverts foreign changes. */
  readonly upstream: readonly PortConflict[];
  /** Among Rook's workloads, with another container than csi-addons in it: the liveness sidecars. */
  readonly liveness: readonly PortConflict[];
}

/** The schema's limit. */
const MAX_HOLDERS = 64;

export function findConflicts(rooks: readonly Workload[], upstream: readonly Workload[]): Conflicts {
  const shared = sharedPorts([...rooks, ...upstream]);
  const conflicts = (choose: (holders: readonly PortHolder[]) => readonly PortHolder[]): PortConflict[] =>
    shared.flatMap(({ port, holders }) => {
      const chosen = choose(holders);
      return workloadCount(chosen) < 2 ? [] : [{ port, holders: chosen.slice(0, MAX_HOLDERS).map(describeHolder) }];
    });
  return {
    sidecars: conflicts((holders) => holders.filter(isRooksSidecar)),
    upstream: conflicts((holders) => (holders.some(({ workload }) => workload.driverOwned) ? holders : [])),
    liveness: conflicts((holders) => {
      const rooksOwn = holders.filter(({ workload }) => !workload.driverOwned);
      return rooksOwn.every(isRooksSidecar) ? [] : rooksOwn;
    }),
  };
}

function isRooksSidecar({ workload, container }: PortHolder): boolean {
  return !workload.driverOwned && container === SIDECAR_CONTAINER;
}

/** As long as the API server lets one be. */
const MAX_CONTAINER_NAME = 63;

function describeHolder({ workload: { kind, name, driverOwned }, container }: PortHolder): string {
  // The names of Rook's own workloads stand for Rook's own: see isAmongSidecars.
  const owner = driverOwned && slotOf(name) !== undefined ? ['of a Driver'] : [];
  const notes = [...owner, ...(container === SIDECAR_CONTAINER ? [] : [container.slice(0, MAX_CONTAINER_NAME)])];
  return notes.length === 0 ? `${kind} ${name}` : `${kind} ${name} (${notes.join(', ')})`;
}

/** Whether a conflict, as told, is one among Rook's csi-addons sidecars. */
export function isAmongSidecars({ holders }: PortConflict): boolean {
  return holders.every((holder) => SLOT_SPECS.some((slotSpec) => holder === sidecarOf(slotSpec)));
}

/** How a slot's sidecar is told of as a holder. */
export function sidecarOf({ kind, workload }: SlotSpec): string {
  return `${kind} ${workload}`;
}

/** Of many the first few: the status has them all, and the remedy that follows must not be cut off. */
export function describeConflicts(conflicts: readonly PortConflict[]): string {
  const told = firstOf(conflicts).map(({ port, holders }) => {
    return `host port ${port} is shared by ${firstOf(holders).join(', ')}${more(holders)}`;
  });
  return `${told.join('; ')}${more(conflicts)}`;
}

const MAX_TOLD = 8;

function firstOf<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, MAX_TOLD);
}

function more({ length }: readonly unknown[]): string {
  return length <= MAX_TOLD ? '' : ` and ${length - MAX_TOLD} more`;
}
