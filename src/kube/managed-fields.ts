/**
 * Reads from metadata.managedFields who wrote which field. Sets of fields are nested maps, e.g. `{"f:data": {"f:KEY": {}}}`.
 * The API server keeps them valid, but an old backup may hold any shape: no function here ever throws.
 */
import type { FieldManager, Manager } from '../domain/rules/workload.js';
import { SIDECAR_CONTAINER } from '../domain/rules/slots.js';
import { isRecord } from './validate.js';

/** The used part of an entry. */
export interface ManagedFieldsEntry {
  readonly manager?: unknown;
  readonly time?: unknown;
  readonly subresource?: unknown;
  readonly fieldsV1?: unknown;
}

type Entries = readonly ManagedFieldsEntry[] | undefined;

const CONTAINERS = ['f:spec', 'f:template', 'f:spec', 'f:containers'];
const SIDECAR = `k:{"name":${JSON.stringify(SIDECAR_CONTAINER)}}`;

export function managersOf(entries: Entries): Manager[] {
  return named(entries).map(({ manager: name, time }) => ({ name, ...(typeof time === 'string' ? { time } : {}) }));
}

/** The managers of the workload itself. Its status, which has entries of its own, is left out. */
export function workloadManagers(entries: Entries): FieldManager[] {
  const own = named(entries).filter(({ subresource }) => (subresource ?? '') === '');
  return managersOf(own).map((manager, index) => ({ ...manager, ownsPort: ownsPort(own[index]?.fieldsV1) }));
}

/** When the status was last changed, in milliseconds since 1970: the API server moves the time of no equal write. */
export function lastStatusChange(entries: Entries): number | undefined {
  const times = named(entries)
    .filter(({ subresource }) => subresource === 'status')
    .map(({ time }) => Date.parse(String(time)))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The managers of one key of a ConfigMap's data. */
export function keyManagers(entries: Entries, key: string): string[] {
  return named(entries)
    .filter(({ fieldsV1 }) => at(fieldsV1, ['f:data', `f:${key}`]) !== undefined)
    .map(({ manager }) => manager);
}

function ownsPort(fields: unknown): boolean {
  const sidecar = at(fields, [...CONTAINERS, SIDECAR]);
  if (['f:args', 'f:command'].some((list) => at(sidecar, [list]) !== undefined)) return true;
  // The list as such (".") belongs to the manager that made it, each item ("k:...") to the one that added it.
  const ports = at(sidecar, ['f:ports']);
  return isRecord(ports) && Object.keys(ports).some((item) => item.startsWith('k:'));
}

type NamedEntry = ManagedFieldsEntry & { readonly manager: string };

function named(entries: Entries): NamedEntry[] {
  if (!Array.isArray(entries)) return [];
  return entries.filter((entry): entry is NamedEntry => isRecord(entry) && typeof entry.manager === 'string');
}

/** The value at the end of a path of keys; undefined if there is no such path. */
function at(fields: unknown, path: readonly string[]): unknown {
  let found = fields;
  for (const key of path) {
    if (!isRecord(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}
