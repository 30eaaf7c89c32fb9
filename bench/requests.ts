/** What a candidate asked of the API server, by the audit log. */
import type { AuditEntry } from '../test/support/control-plane/audit-log.js';

export class Requests {
  readonly #entries: readonly AuditEntry[];

  /** The renewals of the Lease are left out: one every two seconds, whatever else happens. */
  constructor(entries: readonly AuditEntry[]) {
    this.#entries = entries.filter(({ resource }) => resource !== 'leases');
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Those up to the last write of a status, and that write. */
  upToStatus(): Requests {
    const last = this.#entries.findLastIndex(({ subresource, verb }) => subresource === 'status' && verb === 'patch');
    return new Requests(this.#entries.slice(0, last + 1));
  }

  /** How often each was sent, as "verb resource[/subresource]". */
  byKind(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { verb, resource, subresource, requestUri } of this.#entries) {
      const target = resource === '' ? requestUri.split('?')[0]! : [resource, subresource].filter(Boolean).join('/');
      const kind = `${verb} ${target}`;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return counts;
  }
}
