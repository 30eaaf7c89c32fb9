/** An object of a dump as far as it is used: its kind, with what the API server would have added to a hand-made one. */
import { sanitize } from '../../domain/report/sanitize.js';
import { isRecord } from '../../kube/validate.js';

export interface RawDumpObject {
  /** "" for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface Completion {
  /** Of objects without one. */
  readonly namespace: string;
  /** Of objects that have no time. */
  readonly creationTimestamp: string;
}

/** Names stand in commands that are printed. A dump may hold what no API server has checked. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9A-Z]([-a-z0-9A-Z.:_]{0,251}[a-z0-9A-Z])?$/;
const MAX_TOLD = 60;

/** @throws TypeError for a name that stands for none. @returns undefined if it is no object of the API, or none that can be told */
export function rawDumpObject(
  value: unknown,
  listKind: string | undefined,
  completion: Completion,
): RawDumpObject | undefined {
  if (!isRecord(value) || !isRecord(value.metadata)) return undefined;
  const { metadata } = value;
  const kind = typeof value.kind === 'string' ? value.kind : (listKind ?? guessedKind(value));
  if (kind === undefined || typeof metadata.name !== 'string') return undefined;
  const group = typeof value.apiVersion === 'string' ? groupOf(value.apiVersion) : guessedGroup(kind);
  const namespace = textOr(metadata.namespace, completion.namespace);
  if (!NAMESPACE.test(namespace) || !NAME.test(metadata.name)) {
    throw new TypeError(`${sanitize(kind, MAX_TOLD)}: its name or namespace is none that an API server takes`);
  }
  return {
    ...value,
    group,
    kind,
    metadata: {
      ...metadata,
      namespace,
      name: metadata.name,
      uid: textOr(metadata.uid, `${kind} ${namespace}/${metadata.name}`),
      // A number if it was written by hand without quotes.
      resourceVersion: textOr(metadata.resourceVersion, '0'),
      creationTimestamp: textOr(metadata.creationTimestamp, completion.creationTimestamp),
    },
  };
}

/** Items of a typed list may have no kind, and the list's own may come after them. */
function guessedKind({ spec, data, type }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isRecord(spec)) return isRecord(data) && type === undefined ? 'ConfigMap' : undefined;
  if (Array.isArray(spec.containers)) return 'Pod';
  if (!isRecord(spec.template) || !isRecord(spec.selector)) return undefined;
  if (spec.updateStrategy !== undefined && spec.serviceName === undefined) return 'DaemonSet';
  return spec.strategy === undefined ? undefined : 'Deployment';
}

function guessedGroup(kind: string): string {
  return kind === 'Pod' || kind === 'ConfigMap' ? '' : 'apps';
}

function groupOf(apiVersion: string): string {
  const [group = '', version] = apiVersion.split('/');
  return version === undefined ? '' : group;
}

function textOr(value: unknown, otherwise: string): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
