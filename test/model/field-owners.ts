/** metadata.managedFields, as the API server keeps them (run on 1.36): who wrote which field last. */
import { isDeepStrictEqual } from 'node:util';
import { SIDECAR_CONTAINER } from '../../src/domain/rules/slots.js';
import { sidecarOf, type ManagedFields, type StoredObject, type StoredWorkload, type Written } from './objects.js';

export interface Writing {
  readonly manager: string;
  readonly time: string;
  /** Server-side apply: what is applied as it is already gets one owner more. */
  readonly applies?: readonly string[];
  readonly subresource?: 'status';
}

/** Whatever two owners are told apart by: of a ConfigMap its keys, of a workload where its port stands, and the rest. */
type Fields = ReadonlyMap<string, unknown>;

/**
 * A field that an update changes goes to who changed it; one that it leaves as it is stays with its owners; one that is
 * gone is nobody's. The time moves only with a field that was taken.
 */
export function ownersAfter(
  before: StoredObject | undefined,
  after: Written,
  { manager, time, applies, subresource }: Writing,
): readonly ManagedFields[] {
  const entries = before?.metadata.managedFields ?? [];
  const ofStatus = entries.filter((entry) => entry.subresource !== undefined);
  if (subresource !== undefined) {
    const entry: ManagedFields = { manager, operation: 'Update', time, subresource, fieldsV1: {} };
    return [...entries.filter((other) => !ofStatus.includes(other)), entry];
  }
  const [was, is] = [before === undefined ? new Map<string, unknown>() : fieldsOf(before), fieldsOf(after)];
  const taken = [...is.keys()].filter((field) => !was.has(field) || !isDeepStrictEqual(was.get(field), is.get(field)));
  const shared = [...is.keys()].filter((field) => applies?.includes(field) === true && !taken.includes(field));
  const others = entries
    .filter((entry) => !ofStatus.includes(entry))
    .map((entry) => {
      const kept = ownedBy(entry).filter((field) => is.has(field) && !taken.includes(field));
      return entryOf(entry, kept);
    });
  if (taken.length + shared.length === 0) return [...others.filter(ownsAny), ...ofStatus];
  const mine = others.find((entry) => entry.manager === manager);
  const all = new Set([...(mine === undefined ? [] : ownedBy(mine)), ...taken, ...shared]);
  const operation = applies === undefined ? 'Update' : 'Apply';
  return [
    ...others.filter((entry) => entry !== mine && ownsAny(entry)),
    entryOf({ manager, operation, time }, [...all]),
    ...ofStatus,
  ];
}

function fieldsOf(object: Written): Fields {
  if (object.data !== undefined) return new Map(Object.entries(object.data));
  if (object.kind !== 'Deployment' && object.kind !== 'DaemonSet') return new Map([['spec', object.spec]]);
  const { template } = (object as StoredWorkload).spec;
  const sidecar = sidecarOf(template);
  return new Map<string, unknown>([
    ...(sidecar?.args === undefined ? [] : [['f:args', sidecar.args] as const]),
    ...(sidecar?.ports === undefined ? [] : [['f:ports', sidecar.ports] as const]),
    ['f:annotations', object.metadata.annotations],
    ['f:hostNetwork', template.spec.hostNetwork],
    ['f:image', template.spec.containers.map(({ image }) => image)],
  ]);
}

/** Beside the entry, not in it: what the API server sends has the one form only. */
const OWNED = new WeakMap<ManagedFields, readonly string[]>();

function ownedBy(entry: ManagedFields): readonly string[] {
  return OWNED.get(entry) ?? [];
}

function ownsAny(entry: ManagedFields): boolean {
  return ownedBy(entry).length > 0;
}

function entryOf(entry: Omit<ManagedFields, 'fieldsV1'>, owned: readonly string[]): ManagedFields {
  const { manager, operation, time } = entry;
  const made = { manager, operation, time, fieldsV1: fieldsV1(owned) };
  OWNED.set(made, owned);
  return made;
}

function fieldsV1(owned: readonly string[]): object {
  const ofSidecar = {
    ...(owned.includes('f:args') ? { 'f:args': {} } : {}),
    ...(owned.includes('f:ports') ? { 'f:ports': { 'k:{"containerPort":0,"protocol":"TCP"}': {} } } : {}),
  };
  const containers = { 'f:containers': { [`k:{"name":"${SIDECAR_CONTAINER}"}`]: ofSidecar } };
  const data = owned.filter((field) => !field.startsWith('f:')).map((key) => [`f:${key}`, {}]);
  return { 'f:data': Object.fromEntries(data) as object, 'f:spec': { 'f:template': { 'f:spec': containers } } };
}
