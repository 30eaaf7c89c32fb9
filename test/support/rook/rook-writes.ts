/** What a Rook, program or binary, wrote: from the audit log, as a PUT that changes nothing shows nowhere else. */
import { writesOf, type AuditEntry, type AuditLog, type Mark } from '../control-plane/audit-log.js';
import { waitFor } from '../control-plane/wait-for.js';
import { CSI_WORKLOAD_NAMES } from './names.js';

const WORKLOADS: readonly string[] = Object.values(CSI_WORKLOAD_NAMES);

export class RookWrites {
  readonly #audit: AuditLog;
  readonly #namespace: string;

  constructor(audit: AuditLog, namespace: string) {
    this.#audit = audit;
    this.#namespace = namespace;
  }

  mark(): Promise<Mark> {
    return this.#audit.mark();
  }

  /** Its requests to write one of its workloads, rejected ones included. */
  async #since(mark: Mark): Promise<AuditEntry[]> {
    const entries = writesOf(await this.#audit.since(mark, { userAgent: /^rook\// }));
    return entries.filter(
      ({ namespace, resource, name }) =>
        namespace === this.#namespace &&
        ['daemonsets', 'deployments'].includes(resource) &&
        WORKLOADS.includes(name ?? ''),
    );
  }

  /** As "verb code name". */
  async requestsSince(mark: Mark): Promise<string[]> {
    return (await this.#since(mark)).map(({ verb, code, name }) => `${verb} ${code} ${name!}`);
  }

  /** The workloads that were replaced, in the order in which they were. */
  async putsSince(mark: Mark): Promise<string[]> {
    const entries = await this.#since(mark);
    return entries.filter(({ verb, code }) => verb === 'update' && code === 200).map(({ name }) => name!);
  }

  /** Waits for so many PUTs; more are for the test to find out. */
  async waitForPuts(mark: Mark, count: number): Promise<string[]> {
    return waitFor(`${count} PUTs of Rook in ${this.#namespace}`, async () => {
      const puts = await this.putsSince(mark);
      return puts.length >= count && puts;
    });
  }

  /** Waits until it has written nothing for so long. */
  async waitForSilence(silenceMs: number): Promise<void> {
    const start = await this.mark();
    let seen = 0;
    let since = performance.now();
    await waitFor(`Rook to write nothing for ${silenceMs} ms`, async () => {
      const { length } = await this.#since(start);
      if (length > seen) since = performance.now();
      seen = length;
      return performance.now() - since >= silenceMs;
    });
  }
}
