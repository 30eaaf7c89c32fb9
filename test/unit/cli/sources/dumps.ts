/** Dumps as the tests write them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { readDump, type DumpOptions } from '../../../../src/cli/sources/dump.js';
import { SourceError } from '../../../../src/cli/sources/source-error.js';
import type { Gap, RookSurvey, Survey } from '../../../../src/cli/survey.js';
import { scratch } from '../../kube/connections.js';
import { READ_AT, type Raw } from './raw-objects.js';

export const listOf = (objects: readonly Raw[], kind = 'List'): Raw => ({
  apiVersion: 'v1',
  items: objects,
  kind,
  metadata: { resourceVersion: '' },
});

/** kubectl writes no aliases. */
const PLAIN = { aliasDuplicateObjects: false };

export const FORMS = {
  'YAML documents': (objects: readonly Raw[]) => objects.map((object) => stringify(object, PLAIN)).join('---\n'),
  'a YAML list': (objects: readonly Raw[]) => stringify(listOf(objects), { ...PLAIN, indentSeq: false }),
  'a JSON list': (objects: readonly Raw[]) => JSON.stringify(listOf(objects), null, 4),
  'JSON values': (objects: readonly Raw[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join(''),
} as const;

async function* bytesOf(content: Uint8Array | string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
}

export function readText(content: Uint8Array | string, more: Partial<DumpOptions> = {}): Promise<Survey> {
  return readDump({ paths: ['-'], stdin: bytesOf(content), clock: () => READ_AT, ...more });
}

export function readObjects(objects: readonly Raw[], more: Partial<DumpOptions> = {}): Promise<Survey> {
  return readText(JSON.stringify(listOf(objects)), more);
}

/** A folder with these files, by their paths; returns its own path. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const { path } = scratch();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

export function rookIn({ rooks }: Survey, namespace = 'rook-ceph'): RookSurvey {
  const found = rooks.find((rook) => rook.namespace === namespace);
  if (found === undefined)
    throw new Error(`no Rook in ${namespace}, but in ${rooks.map((rook) => rook.namespace).join(', ')}`);
  return found;
}

export function reasonsOf({ status }: RookSurvey): Readonly<Record<string, string>> {
  return Object.fromEntries(status.conditions.map(({ type, reason }) => [type, reason]));
}

export function missing(gaps: readonly Gap[]): string[] {
  return gaps.map(
    ({ what, namespace, reason }) => `${reason} ${what}${namespace === undefined ? '' : ` of ${namespace}`}`,
  );
}

/** As expect.stringContaining, of a known type. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** The error with which a reading rejects. */
export async function sourceError(reading: Promise<unknown>): Promise<SourceError> {
  const outcome: unknown = await reading.catch((error: unknown) => error);
  if (outcome instanceof SourceError) return outcome;
  throw new Error('it was read, or failed otherwise', { cause: outcome });
}
