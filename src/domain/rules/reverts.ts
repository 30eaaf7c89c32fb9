/**
 * What somebody reverted of the operator's own writes, told from the stored status alone, so that a restart of the operator
 * loses none: a patch of a workload, or the pin of keys in rook-ceph-operator-config.
 */
import type { Reverts, RevertedObject } from './api.js';
import type { Plan, StoredStatus } from './plan.js';
import { ROOK_CONFIG_NAME, isOwnPin } from './rook-config.js';
import type { ConfigKey } from './slots.js';
import { ROOK_MANAGER, isOwnPort, keyWriter, portWriter } from './writers.js';

/** One object reverted, once. */
export type Revert = Pick<RevertedObject, 'kind' | 'name' | 'keys' | 'manager'>;

/** What else the operator knows of who may have written. */
export interface Circumstances {
  /** Rook is being given time after a pin: what it writes to the workloads then answers the operator, and is no revert. */
  readonly isAfterPin: boolean;
  /**
   * The operator may have written what the status does not tell: a process before this one may have been killed. Then what
   * nobody else owns is its own doing. At any other time it is not: where a policy changes what somebody else writes, the
   * API server leaves the fields with their owner.
   */
  readonly mayBeUntold: boolean;
}

/** Only in mode Enforce: in the others nothing is held. */
export function reverts(
  previous: StoredStatus | undefined,
  plan: Plan,
  { isAfterPin, mayBeUntold }: Circumstances,
): Revert[] {
  if (plan.mode !== 'Enforce') return [];
  const mayBeRooks = ({ manager }: Revert): boolean => manager === undefined || manager === ROOK_MANAGER;
  const patches = revertedPatches(previous, plan, mayBeUntold).filter(
    (reverted) => !(isAfterPin && mayBeRooks(reverted)),
  );
  return [...patches, ...revertedPins(previous, plan, mayBeUntold)];
}

/**
 * A patch was reverted where the status says that the workload had its assigned port, and now it has another one than
 * that, or declares another one beside it. A port that only the assignment moved away from is no revert.
 */
function revertedPatches(previous: StoredStatus | undefined, { workloads }: Plan, mayBeUntold: boolean): Revert[] {
  return (
    workloads
      // Also a sidecar that has become too long to be read: behind that its port could be moved uncounted.
      .filter(({ state }) => state === 'Drifted')
      .filter(({ slotSpec, currentPort, assignedPort }) => {
        const row = previous?.workloads?.find(({ slot }) => slot === slotSpec.slot);
        const wasRight = row !== undefined && (row.state === 'Ready' || row.state === 'RollingOut');
        if (!wasRight || row.currentPort !== row.assignedPort) return false;
        return row.currentPort !== currentPort || row.assignedPort === assignedPort;
      })
      .filter(({ workload }) => !(mayBeUntold && workload !== undefined && isOwnPort(workload)))
      .map(({ slotSpec, workload }) => revert(slotSpec.kind, slotSpec.workload, workload && portWriter(workload)))
  );
}

/** A key that was pinned and is to be pinned to the same value again. Several keys at once are one revert. */
function revertedPins(previous: StoredStatus | undefined, { pin, rookConfig }: Plan, mayBeUntold: boolean): Revert[] {
  if (rookConfig === undefined) return [];
  const keys = (Object.keys(pin) as ConfigKey[]).filter(
    (key) => previous?.pinned?.[key] === pin[key] && !(mayBeUntold && isOwnPin(rookConfig.keys[key])),
  );
  if (keys.length === 0) return [];
  const writer = keys.map((key) => keyWriter(rookConfig, key)).find((name) => name !== undefined);
  return [{ ...revert('ConfigMap', ROOK_CONFIG_NAME, writer), keys }];
}

function revert(kind: Revert['kind'], name: string, manager: string | undefined): Revert {
  return { kind, name, ...(manager === undefined ? {} : { manager }) };
}

/** The counters after these reverts. */
export function countReverts(
  previous: StoredStatus | undefined,
  reverted: readonly Revert[],
  now: string,
): Omit<Reverts, 'recent'> {
  const { count = 0, pins = 0, lastTime } = previous?.reverts ?? {};
  const revertedPins = reverted.filter(({ kind }) => kind === 'ConfigMap').length;
  const allPins = pins + revertedPins;
  const last = reverted.length === 0 ? lastTime : now;
  return {
    count: count + reverted.length - revertedPins,
    ...(allPins === 0 ? {} : { pins: allPins }),
    ...(last === undefined ? {} : { lastTime: last }),
  };
}
