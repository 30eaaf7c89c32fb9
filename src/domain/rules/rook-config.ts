/** The ConfigMap rook-ceph-operator-config: what its port keys mean to Rook and to the operator, and who owns them. */
import { FIELD_MANAGER, type ObjectMeta } from './api.js';
import { SLOT_SPECS, isAssignable, type ConfigKey, type Slot } from './slots.js';
import type { Manager } from './workload.js';

export const ROOK_CONFIG_NAME = 'rook-ceph-operator-config';

/** One port key as stored. */
export interface RookConfigEntry {
  readonly value: string;
  /** Field managers that own the key (managedFields); empty if the object has none. */
  readonly managers: readonly string[];
}

export interface RookConfig extends ObjectMeta {
  readonly deleting: boolean;
  readonly keys: Readonly<Partial<Record<ConfigKey, RookConfigEntry>>>;
  /** Differs if any of the data does: that, and no label or annotation, makes Rook write. */
  readonly fingerprint: string;
  /** Of any part of the object. */
  readonly managers: readonly Manager[];
}

/** What a key's value means to Rook and to the operator. */
export type ParsedPortKey =
  | { readonly kind: 'Unset' }
  | { readonly kind: 'Port'; readonly port: number }
  | { readonly kind: 'Invalid'; readonly stopsRook: boolean; readonly consequence: string };

/** A ConfigMap has room for a megabyte, which every reconcile would parse. No port needs as much. */
export const MAX_VALUE_LENGTH = 1000;

/** Go's strings.TrimSpace leaves nothing of it: it takes U+0085 for a space, and U+FEFF for none, unlike trim(). */
const BLANK = /^[\t-\r \u0085\p{Z}]*$/u;

/**
 * Rook parses a value as an unsigned decimal of at most 65535 and takes blank as unset; anything else fails its whole
 * CSI reconcile (Rook 1.16.4, 1.17.9 and 1.19.10, as run). It does take 0, and aborts half-way through its pass.
 */
export function parsePortKey(value: string | undefined): ParsedPortKey {
  const stops = (consequence: string): ParsedPortKey => ({ kind: 'Invalid', stopsRook: true, consequence });
  if (value === undefined) return { kind: 'Unset' };
  if (value.length > MAX_VALUE_LENGTH) {
    return stops(`it is longer than ${MAX_VALUE_LENGTH} characters, which no port is`);
  }
  if (BLANK.test(value)) return { kind: 'Unset' };
  const port = /^[0-9]+$/.test(value) ? Number(value) : NaN;
  if (!(port <= 65535)) return stops('Rook cannot parse it and stops managing all CSI workloads');
  if (port === 0) return stops('the API server rejects what Rook renders from it');
  if (isAssignable(port)) return { kind: 'Port', port };
  const consequence = 'it is below 1024 or one of the CSI liveness ports 9080 and 9081';
  return { kind: 'Invalid', stopsRook: false, consequence };
}

/** The valid keys that are the user's. */
export function userKeys(config: RookConfig | undefined): Partial<Record<Slot, number>> {
  const ports: Partial<Record<Slot, number>> = {};
  for (const { slot, configKey } of SLOT_SPECS) {
    const entry = config?.keys[configKey];
    const meaning = parsePortKey(entry?.value);
    if (meaning.kind === 'Port' && !isOwnPin(entry)) ports[slot] = meaning.port;
  }
  return ports;
}

/** Whether the operator's field manager alone owns the key. */
function isOwnPin(entry: RookConfigEntry | undefined): boolean {
  return entry !== undefined && entry.managers.length > 0 && entry.managers.every((name) => name === FIELD_MANAGER);
}

export interface InvalidKey {
  readonly key: ConfigKey;
  readonly value: string;
  readonly consequence: string;
}

export function invalidKeys(config: RookConfig | undefined): InvalidKey[] {
  return SLOT_SPECS.flatMap(({ configKey: key }) => {
    const value = config?.keys[key]?.value;
    const meaning = parsePortKey(value);
    return value !== undefined && meaning.kind === 'Invalid' ? [{ key, value, consequence: meaning.consequence }] : [];
  });
}
