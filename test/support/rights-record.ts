/**
 * Which rights the operator used in all cluster tests together: each file leaves a record, and test/rights compares them
 * all with what config/ grants. `npm test` names the folder; where a file runs alone there is nothing to compare.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import type { AuditEntry, AuditLog } from './control-plane/audit-log.js';

const FOLDER = process.env.RIGHTS_RECORD;

export interface RightsRecord {
  /** As rightsOf() writes them. */
  readonly used: readonly string[];
  /** Each with the file of tests in which it was asked for. */
  readonly forbidden: readonly string[];
}

export async function recordRights(audit: AuditLog, options: { readonly withholdsRights: boolean }): Promise<void> {
  if (FOLDER === undefined) return;
  const file = basename(expect.getState().testPath ?? '');
  const requests = await audit.since({ offset: 0 }, { userAgent: /^(csi-port-operator\/|in-process$)/ });
  const ofAnAccount = requests.filter(
    ({ user, resource }) => user.startsWith('system:serviceaccount:') && resource !== '',
  );
  const rights = (entries: readonly AuditEntry[]): string[] => [...new Set(entries.map(rightOf))];
  const record: RightsRecord = {
    used: rights(ofAnAccount.filter(({ forbidden }) => !forbidden)),
    forbidden: options.withholdsRights
      ? []
      : rights(ofAnAccount.filter(({ forbidden }) => forbidden)).map((right) => `${file}: ${right}`),
  };
  await writeFile(join(FOLDER, `${randomUUID()}.json`), JSON.stringify(record));
}

/** All records together; undefined where there are none. */
export async function recordedRights(): Promise<RightsRecord | undefined> {
  if (FOLDER === undefined) return undefined;
  const files = await readdir(FOLDER);
  const records = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(FOLDER, file), 'utf8')) as RightsRecord),
  );
  if (records.length === 0) return undefined;
  return {
    used: [...new Set(records.flatMap(({ used }) => used))].sort(),
    forbidden: [...new Set(records.flatMap(({ forbidden }) => forbidden))].sort(),
  };
}

/** What no rule can name: an event's name is made up when it is created, a Driver's holds its namespace and its type. */
const UNNAMED = ['events', 'drivers', 'tokenreviews', 'subjectaccessreviews'];

function rightOf({ verb, group, resource, subresource, name }: AuditEntry): string {
  const target = subresource === undefined ? resource : `${resource}/${subresource}`;
  const named = name === undefined || UNNAMED.includes(resource) ? '(any)' : name;
  return `${verb} ${group}/${target} ${named}`;
}
