/**
 * Which port keys the running Rook reads, learnt from the ports that it renders and never from its version: a mirrored
 * or patched image may be anything.
 */
import type { RookKeys } from './api.js';
import { KEY_FOR_ALL, ROOK_DEFAULT_PORT, portIn } from './rook-config.js';
import type { Plan, StoredStatus, WorkloadPlan } from './plan.js';
import { isInPlay } from './workload.js';
import { isRooksPort } from './writers.js';

/**
 * What is known after a reconcile: what Rook's writes show now, else what the status says of the same Rook.
 *
 * @param passSeen whether Rook has had its time after a pin, and used it to write its provisioners; without that, its
 *   default port tells nothing, as it may be from before
 */
export function knownRookKeys(
  found: Plan,
  previous: StoredStatus | undefined,
  passSeen: boolean,
): RookKeys | undefined {
  const isSameRook = previous?.rookVersion === found.rookVersion;
  return shownRookKeys(found, passSeen) ?? (isSameRook ? previous?.rookKeys : undefined);
}

function shownRookKeys({ workloads, rookConfig }: Plan, passSeen: boolean): RookKeys | undefined {
  const shown = workloads
    .filter(({ layout }) => layout.configKey !== KEY_FOR_ALL)
    .map((provisioner) => {
      const own = portIn(rookConfig, provisioner.layout.configKey);
      const all = portIn(rookConfig, KEY_FOR_ALL);
      if (own === undefined || all === undefined || own === all || !isTelling(provisioner, passSeen)) return undefined;
      if (provisioner.currentPort === own) return 'Three';
      return provisioner.currentPort === all ? 'One' : undefined;
    });
  return shown.find((keys) => keys !== undefined);
}

function isTelling({ workload, currentPort }: WorkloadPlan, passSeen: boolean): boolean {
  if (!isInPlay(workload) || !isRooksPort(workload)) return false;
  return passSeen || currentPort !== ROOK_DEFAULT_PORT;
}
