import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { scratch } from '../../kube/connections.js';
import { manifest, podOf, runningRook, workload, type Raw } from './raw-objects.js';

const ROOT = join(import.meta.dirname, '../../../..');
const SIZE = 50_000_000;
const MAX_MIB = 300;

/** As large as the pods of a cluster are, with their environment and their status. */
function largePod(at: number, hostNetwork: boolean): Raw {
  const containers = Array.from({ length: 3 }, (_, index) => ({
    name: `container-${index}`,
    image: `registry.example/team/image-${index}:1.2.3`,
    args: Array.from({ length: 10 }, (_, arg) => `--flag-${arg}=value-${arg}-${'x'.repeat(40)}`),
    env: Array.from({ length: 15 }, (_, env) => ({ name: `VARIABLE_${env}`, value: `value ${env} "quoted"` })),
    ports: [{ containerPort: 20_000 + ((at * 3 + index) % 10_000) }],
  }));
  const spec = { ...(hostNetwork ? { hostNetwork } : {}), containers };
  return podOf(workload('Deployment', `workload-${at}`, `team-${at % 50}-production`, spec), `node-${at % 300}`);
}

function* objects(): Generator<Raw> {
  yield* runningRook();
  for (let at = 0; ; at += 1) {
    yield at % 3 === 2
      ? manifest(['v1', 'ConfigMap'], `config-${at}`, `team-${at % 50}-production`, {
          data: { text: 'line\n'.repeat(1000) },
        })
      : largePod(at, at % 3 === 0);
  }
}

/** @yields the list with its items until it is large enough */
function* listText(head: string, itemText: (object: Raw, isFirst: boolean) => string, end: string): Generator<string> {
  yield head;
  let size = 0;
  for (const object of objects()) {
    const item = itemText(object, size === 0);
    yield item;
    size += item.length;
    if (size > SIZE) break;
  }
  yield end;
}

const LISTS = {
  JSON: () =>
    listText(
      '{"apiVersion": "v1", "items": [',
      (object, isFirst) => `${isFirst ? '' : ',\n'}${JSON.stringify(object, null, 4)}`,
      '], "kind": "List"}',
    ),
  'JSON on one line': () =>
    listText('{"kind":"List","items":[', (object, isFirst) => `${isFirst ? '' : ','}${JSON.stringify(object)}`, ']}'),
  YAML: () =>
    listText(
      'apiVersion: v1\nitems:\n',
      (object) => `- ${cached(object).replaceAll(/\n(?=.)/g, '\n  ')}`,
      'kind: List\n',
    ),
} as const;

/** To write YAML takes longer than to read it, so few pods are written, and then given other names. */
const written = new Map<string, string>();
function cached(object: Raw): string {
  const { name, namespace } = object.metadata as { name: string; namespace: string };
  const alike = `${String(object.kind)} ${namespace.startsWith('team') ? String((object.spec as Raw | undefined)?.hostNetwork) : name}`;
  const known = written.get(alike) ?? stringify(object, { indentSeq: false, aliasDuplicateObjects: false });
  written.set(alike, known);
  return namespace.startsWith('team') ? known.replace(/^ {2}name: .*$/m, `  name: ${name}`) : known;
}

const PROGRAM = `
import { readDump } from './src/cli/sources/dump.js';
const { rooks } = await readDump({ paths: ['-'], stdin: process.stdin });
const pods = rooks[0].observed.pods;
let count = 0;
for (let port = 20_000; port < 30_000; port += 1) count += pods.withPort(port).size;
console.log(JSON.stringify({ conflicts: rooks[0].status.conflicts.length, count, mib: process.resourceUsage().maxRSS / 1024 }));
`;

test.each(Object.entries(LISTS))('a dump of 50 MB is read in less than 300 MiB: %s', async (_, list) => {
  const outfile = join(scratch().path, 'program.mjs');
  await build({
    stdin: { contents: PROGRAM, resolveDir: ROOT, loader: 'ts' },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
  });
  const child = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [output] = await Promise.all([
    text(child.stdout),
    pipeline(Readable.from(list()), child.stdin),
    once(child, 'exit'),
  ]);
  const { conflicts, count, mib } = JSON.parse(output) as { conflicts: number; count: number; mib: number };
  expect(conflicts).toBe(1);
  expect(count).toBeGreaterThan(1_000);
  expect(mib).toBeLessThan(MAX_MIB);
});
