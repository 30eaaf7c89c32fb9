/** What of the contested objects is not written for now: just that which somebody reverted. */
import type { RevertedObject } from './api.js';
import { heldForMs } from './contested.js';
import type { Plan, StoredStatus } from './plan.js';
import { SLOT_SPECS, type ConfigKey } from './slots.js';

export interface Held {
  /** Names of workloads. */
  readonly workloads: ReadonlySet<string>;
  /** Keys of rook-ceph-operator-config; the others are pinned all the same, as a bad one would stop Rook. */
  readonly keys: ReadonlySet<ConfigKey>;
}

export const NOTHING_HELD: Held = { workloads: new Set(), keys: new Set() };

/**
 * The reverted objects that still say something: an object that is gone is a new one when it comes back, a ConfigMap that
 * is left alone is none of the operator's, and a port that is new is the admin's word, which nobody has reverted yet.
 */
export function contestable(previous: StoredStatus | undefined, plan: Plan): RevertedObject[] {
  const { workloads, rookConfig, rookConfigPolicy, assignment } = plan;
  const moved = SLOT_SPECS.filter(({ slot }) => previous?.ports?.[slot] !== assignment.ports[slot]);
  return (previous?.reverts?.recent ?? []).flatMap((object) => {
    if (object.kind !== 'ConfigMap') {
      const isThere = workloads.some(({ workload }) => workload?.name === object.name);
      return isThere && !moved.some(({ workload }) => workload === object.name) ? [object] : [];
    }
    if (rookConfig === undefined || rookConfigPolicy === 'Leave') return [];
    const keys = object.keys?.filter((key) => !moved.some(({ configKey }) => configKey === key)) ?? [];
    return keys.length === 0 ? [] : [{ ...object, keys }];
  });
}

/** Only in mode Enforce: in the others nothing is written that could be reverted. */
export function heldBack({ mode }: Plan, recent: readonly RevertedObject[], nowMs: number): Held {
  if (mode !== 'Enforce') return NOTHING_HELD;
  const held = recent.filter((object) => heldForMs(object, nowMs) > 0);
  return {
    workloads: new Set(held.filter(({ kind }) => kind !== 'ConfigMap').map(({ name }) => name)),
    keys: new Set(held.flatMap(({ keys = [] }) => keys)),
  };
}
