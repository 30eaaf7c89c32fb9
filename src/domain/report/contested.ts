/** What the status and the events say of contested objects: who reverts what, when it is written again, how to end it. */
import { otherWriters, ROOK_MANAGER } from '../rules/field-managers.js';
import type { Plan } from '../rules/plan.js';
import type { Ports } from '../rules/assignment.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../rules/rook-config.js';
import { SLOT_SPECS } from '../rules/slots.js';
import { readsOneKey } from './compatibility.js';
import { portsInForce } from './held-ports.js';
import { rfc3339Seconds } from './time.js';
import type { Contest, WriteResult } from './write-result.js';

export type Contested = WriteResult & { readonly contest: Contest };

/** An object may have had thousands of writers, and what follows is the remedy. */
const MAX_WRITERS = 8;

export function contestedOf(results: readonly WriteResult[]): Contested[] {
  return results.filter((result): result is Contested => result.contest !== undefined);
}

/** Empty if nothing is contested. */
export function describeContested(results: readonly WriteResult[], plan: Plan): string {
  const contested = contestedOf(results);
  if (contested.length === 0) return '';
  const found = contested.map((result) => describeContest(result, plan.rookConfig));
  const remedies = new Set(contested.map((result) => remedy(result, plan.rookVersion)));
  return `${found.join('; ')}; ${[...remedies].join('; ')}; the ports are: ${settings(portsInForce(plan.assignment))}`;
}

export function describeContest({ kind, name, contest }: Contested, rookConfig: RookConfig | undefined): string {
  const manager = contest.manager ?? unnamed(kind, rookConfig);
  const which = contest.keys === undefined ? '' : ` (${contest.keys.join(', ')})`;
  return `${kind} ${name}${which} is changed back again and again by ${manager}, so it is written again no sooner than ${contest.backoffSeconds} s after the last write at ${contest.lastWriteTime}`;
}

/** When it may be written again; RFC 3339, whole seconds. */
export function retryTime({ lastWriteTime, backoffSeconds }: Contest): string {
  return rfc3339Seconds(new Date(Date.parse(lastWriteTime) + backoffSeconds * 1000));
}

/** Removing a key leaves no trace in managedFields, so the candidates are listed. */
function unnamed(kind: WriteResult['kind'], rookConfig: RookConfig | undefined): string {
  const writers = kind === 'ConfigMap' && rookConfig !== undefined ? otherWriters(rookConfig) : [];
  if (writers.length === 0) return 'a writer that left no name';
  const more = writers.length > MAX_WRITERS ? ` or ${writers.length - MAX_WRITERS} more` : '';
  return `a writer that left no name (one of ${writers.slice(0, MAX_WRITERS).join(', ')}${more}?)`;
}

function remedy({ kind, slot, contest }: Contested, rookVersion: string | undefined): string {
  const { manager = 'that writer' } = contest;
  if (kind === 'ConfigMap') {
    return `have ${manager} set the keys below to these values or leave them alone, or set spec.rookConfig: Leave`;
  }
  if (manager !== ROOK_MANAGER) {
    return `stop ${manager} from writing the port, or set spec.ports.${slot ?? ''} to the port that it writes`;
  }
  if (readsOneKey(rookVersion)) {
    return `this Rook reads CSIADDONS_PORT alone, for all three workloads: upgrade it to 1.16.5 or later, or end what makes it write so often (each change of ${ROOK_CONFIG_NAME} and each start of rook-ceph-operator)`;
  }
  return `have Rook render the ports itself, by the keys below in ${ROOK_CONFIG_NAME} (spec.rookConfig: Pin sets them) or the Helm values of the chart`;
}

/** As `KEY=port (Helm value)`, for every slot in play. */
function settings(ports: Ports): string {
  return SLOT_SPECS.filter(({ slot }) => ports[slot] !== undefined)
    .map(({ slot, configKey, helmValue }) => `${configKey}=${ports[slot]} (Helm ${helmValue})`)
    .join(', ');
}
