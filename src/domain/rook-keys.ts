/**
 * Which port keys the running Rook reads, learnt from the ports that it renders and never from its version: a mirrored
 * or patched image may be anything.
 */
import type { RookKeys } from './api.js';
import { KEY_FOR_ALL, ROOK_DEFAULT_PORT, portIn } from './rook-config.js';
import type { Plan, StoredStatus, WorkloadPlan } from './plan.js';
import { isInPlay } from './workload.js';
import { isRooksPort } from './writers.js';

/** What is known after a reconcile: what Rook's writes show now, else what the status says of the same Rook. */
export function knownRookKeys(found: Plan, previous: StoredStatus | undefined): RookKeys | undefined {
  const isSameRook = previous?.rookVersion === found.rookVersion;
  return shownRookKeys(found, previous) ?? (isSameRook ? previous?.rookKeys : undefined);
}

function shownRookKeys({ workloads, rookConfig }: Plan, previous: StoredStatus | undefined): RookKeys | undefined {
  const shown = workloads
    .filter(({ layout }) => layout.configKey !== KEY_FOR_ALL)
    .map((provisioner) => {
      const own = portIn(rookConfig, provisioner.layout.configKey);
      const all = portIn(rookConfig, KEY_FOR_ALL);
      if (own === undefined || all === undefined || own === all || !isTelling(provisioner, previous)) return undefined;
      if (provisioner.currentPort === own) return 'Three';
      return provisioner.currentPort === all ? 'One' : undefined;
    });
  return shown.find((keys) => keys !== undefined);
}

/** Rook's default tells nothing, as it may be from before the keys were set, unless Rook went back to it since. */
function isTelling(provisioner: WorkloadPlan, previous: StoredStatus | undefined): boolean {
  const { workload, currentPort } = provisioner;
  if (!isInPlay(workload) || !isRooksPort(workload)) return false;
  return currentPort !== ROOK_DEFAULT_PORT || wasOnPinnedPort(provisioner, previous);
}

function wasOnPinnedPort({ layout, currentPort }: WorkloadPlan, previous: StoredStatus | undefined): boolean {
  const before = previous?.workloads?.find(({ slot }) => slot === layout.slot)?.currentPort;
  const pinned = previous?.pinned?.[layout.configKey];
  return before !== undefined && String(before) === pinned && before !== currentPort;
}
