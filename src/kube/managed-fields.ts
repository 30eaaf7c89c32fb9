/**
 * Who wrote what of an object, from metadata.managedFields. Sets of fields are nested maps, e.g.
 * `{"f:data": {"f:KEY": {}}}`. The API server keeps any shape out of other tools' hands, but not out of old backups: none
 * of these ever throws.
 */
import type { FieldManager, Manager } from '../domain/rules/workload.js';
import { SIDECAR_CONTAINER } from '../domain/rules/slots.js';

/** What is used of one entry. */
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

/** Those who wrote the workload itself; its status, which has entries of its own, is left out. */
export function workloadManagers(entries: Entries): FieldManager[] {
  const own = named(entries).filter(({ subresource }) => (subresource ?? '') === '');
  return managersOf(own).map((manager, index) => ({ ...manager, ownsPort: ownsPort(own[index]?.fieldsV1) }));
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
  // The list as such (".") stays with whoever made it, while its items, by number, go to whoever adds them.
  const ports = at(sidecar, ['f:ports']);
  return typeof ports === 'object' && ports !== null && Object.keys(ports).some((item) => item.startsWith('k:'));
}

function named(entries: Entries): (ManagedFieldsEntry & { readonly manager: string })[] {
  if (!Array.isArray(entries)) return [];
  return entries.filter(
    (entry: ManagedFieldsEntry | null): entry is ManagedFieldsEntry & { readonly manager: string } =>
      typeof entry?.manager === 'string',
  );
}

/** What is found at the end of a path of keys; undefined where there is no such path. */
function at(fields: unknown, path: readonly string[]): unknown {
  let found = fields;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}
