/** What the operator writes, by the audit log: nothing but what it is there for, and a contested object no oftener than it may. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOT_SPECS } from '../src/domain/rules/slots.js';
import { writesOf, type AuditEntry, type AuditLog, type Mark } from '../test/support/control-plane/audit-log.js';
import type { Journal } from './journal.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../test/support/operator-account.js';

const EVERY_MS = 20_000;

const ITS_OWN: readonly {
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly names?: readonly string[];
}[] = [
  ...SLOT_SPECS.map(({ kind, workload }) => ({
    resource: `${kind.toLowerCase()}s`,
    verbs: ['patch'],
    names: [workload],
  })),
  { resource: 'configmaps', verbs: ['patch'], names: ['rook-ceph-operator-config'] },
  { resource: 'csiportassignments/status', verbs: ['patch'], names: ['default'] },
  { resource: 'events', verbs: ['create', 'patch'] },
  { resource: 'leases', verbs: ['create', 'patch'], names: ['csi-port-operator'] },
  // It asks what it may: nothing is stored.
  { resource: 'selfsubjectaccessreviews', verbs: ['create'] },
];

export function isTrespass({ verb, resource, subresource, namespace = '', name = '' }: AuditEntry): boolean {
  const kind = [resource, subresource].filter(Boolean).join('/');
  if (namespace !== '' && !namespace.startsWith('rook-') && namespace !== OPERATOR_NAMESPACE) return true;
  return !ITS_OWN.some(
    (own) => own.resource === kind && own.verbs.includes(verb) && (own.names === undefined || own.names.includes(name)),
  );
}

export interface Contested {
  readonly namespace: string;
  readonly name: string;
}

/** Reads the log piece by piece until `over`, and once more then. @param contested of which the stored writes are counted */
export async function watchWrites(
  audit: AuditLog,
  journal: Journal,
  contested: Contested,
  over: AbortSignal,
): Promise<void> {
  let mark: Mark = { offset: 0 };
  for (let isLast = false; !isLast;) {
    isLast = over.aborted;
    if (!isLast) await sleep(EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    const next = await audit.mark();
    const writes = writesOf(await audit.since(mark, { user: OPERATOR_USER }));
    journal.contestedWrites += writes.filter(({ namespace, name, resource, code }) => {
      const isIt = namespace === contested.namespace && name === contested.name;
      return isIt && resource !== 'events' && code < 300;
    }).length;
    for (const entry of writes.filter(isTrespass)) {
      const { verb, resource, namespace = '', name = '', code } = entry;
      journal.trespasses.push(`${verb} ${resource} ${namespace}/${name} (${code})`);
    }
    mark = next;
  }
}
