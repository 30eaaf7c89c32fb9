/**
 * Which port keys the running Rook reads, learnt from the ports that it renders and never from its version: a mirrored
 * or patched image may be anything.
 */
import type { RookKeys } from './api.js';
import { KEY_FOR_ALL, ROOK_DEFAULT_PORT, keyForPort, portIn, type RookConfig } from './rook-config.js';
import type { Plan, StoredStatus, WorkloadPlan } from './plan.js';
import { isCompeting } from './workload.js';
import { hasRookWrittenSince, isRooksPort } from './writers.js';

/** What is known after a reconcile: what Rook's writes show now, else what the status says of the same Rook. */
export function knownRookKeys(found: Plan, previous: StoredStatus | undefined): RookKeys | undefined {
  const isSameRook = previous?.rookVersion === found.rookVersion;
  return shownRookKeys(found, previous) ?? (isSameRook ? previous?.rookKeys : undefined);
}

function shownRookKeys({ workloads, rookConfig }: Plan, previous: StoredStatus | undefined): RookKeys | undefined {
  const shown = workloads
    .filter(({ slotSpec }) => slotSpec.configKey !== KEY_FOR_ALL)
    .map((provisioner) => {
      const { configKey } = provisioner.slotSpec;
      const [own, all] = [configKey, KEY_FOR_ALL].map((key) => portIn(rookConfig, key));
      if (own === undefined || all === undefined || own === all) return undefined;
      if (!isRenderedSince(provisioner, rookConfig) || !isTelling(provisioner, previous)) return undefined;
      const giving = keyForPort(rookConfig, configKey, provisioner.currentPort);
      return giving && KEYS[giving];
    });
  return shown.find((keys) => keys !== undefined);
}

const KEYS = { OwnKey: 'Three', KeyForAll: 'One' } as const;

/** Whether the port is Rook's making, by the keys as they are: what it wrote by earlier ones may match by chance. */
function isRenderedSince({ workload, slotSpec }: WorkloadPlan, config: RookConfig | undefined): boolean {
  if (!isCompeting(workload) || !isRooksPort(workload)) return false;
  return [slotSpec.configKey, KEY_FOR_ALL].every((key) => hasRookWrittenSince(workload, config, key));
}

/** Rook's default tells nothing, as times are whole seconds and it may be older, unless Rook went back to it since. */
function isTelling(provisioner: WorkloadPlan, previous: StoredStatus | undefined): boolean {
  return provisioner.currentPort !== ROOK_DEFAULT_PORT || wasOnPinnedPort(provisioner, previous);
}

function wasOnPinnedPort({ slotSpec, currentPort }: WorkloadPlan, previous: StoredStatus | undefined): boolean {
  const before = previous?.workloads?.find(({ slot }) => slot === slotSpec.slot)?.currentPort;
  const pinned = previous?.pinned?.[slotSpec.configKey];
  return before !== undefined && String(before) === pinned && before !== currentPort;
}
