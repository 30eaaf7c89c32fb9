/** What the admin is told of contested objects: who reverts what, when it is written again, and how to end it. */
import type { RookKeys, RevertedObject } from '../rules/api.js';
import { isContested } from '../rules/contested.js';
import type { Plan } from '../rules/plan.js';
import type { Ports } from '../rules/assignment.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../rules/rook-config.js';
import { SLOT_SPECS, slotOf } from '../rules/slots.js';
import { ROOK_MANAGER, otherWriters } from '../rules/writers.js';

/** Empty where nothing is contested, and in the modes in which nothing is written anyway. */
export function describeContested(
  recent: readonly RevertedObject[],
  { mode, assignment: { ports }, rookConfig }: Plan,
  rookKeys: RookKeys | undefined,
): string {
  const contested = mode === 'Enforce' ? recent.filter(isContested) : [];
  if (contested.length === 0) return '';
  const told = contested.map((object) => describeObject(object, rookConfig));
  const remedies = new Set(contested.map((object) => remedy(object, rookKeys)));
  return `${told.join('; ')}; ${[...remedies].join('; ')}; the ports are: ${settings(ports)}`;
}

export function describeObject(object: RevertedObject, rookConfig: RookConfig | undefined): string {
  const { kind, name, keys, times, backoffSeconds = 0 } = object;
  const manager = object.manager ?? unnamed(kind, rookConfig);
  const which = keys === undefined ? '' : ` (${keys.join(', ')})`;
  return `${kind} ${name}${which} is changed back again and again by ${manager} (last seen ${times.at(-1) ?? ''}), so it is written again only ${backoffSeconds} s after each time`;
}

/** An object may have had thousands, and what follows is the remedy. */
const MAX_WRITERS = 8;

/** Taking a key out leaves no trace in managedFields. */
function unnamed(kind: RevertedObject['kind'], rookConfig: RookConfig | undefined): string {
  const writers = kind === 'ConfigMap' && rookConfig !== undefined ? otherWriters(rookConfig) : [];
  if (writers.length === 0) return 'a writer that left no name';
  const more = writers.length > MAX_WRITERS ? ` or ${writers.length - MAX_WRITERS} more` : '';
  return `a writer that left no name (one of ${writers.slice(0, MAX_WRITERS).join(', ')}${more}?)`;
}

function remedy({ kind, name, manager = 'that writer' }: RevertedObject, rookKeys: RookKeys | undefined): string {
  if (kind === 'ConfigMap') {
    return `have ${manager} set the keys below to these values or leave them alone, or set spec.rookConfig: Leave`;
  }
  if (manager !== ROOK_MANAGER) {
    return `stop ${manager} from writing the port, or set spec.ports.${slotOf(name) ?? ''} to the port that it writes`;
  }
  if (rookKeys === 'One') {
    return `this Rook reads CSIADDONS_PORT alone, for all three workloads: upgrade it to 1.16.5 or later, or end what makes it write so often (each change of ${ROOK_CONFIG_NAME} and each start of rook-ceph-operator)`;
  }
  return `have Rook render the ports itself, by the keys below in ${ROOK_CONFIG_NAME} (spec.rookConfig: Pin sets them) or the Helm values of the chart`;
}

/** As `KEY=port (Helm value)`, for every slot. */
function settings(ports: Ports): string {
  return SLOT_SPECS.map(({ slot, configKey, helmValue }) => `${configKey}=${ports[slot]} (Helm ${helmValue})`).join(
    ', ',
  );
}
