import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { MAPPING_KINDS, residentByKind, type MappingKind } from '../../../bench/profile/mappings.js';

/** Each with 1 MiB resident, and with the lines around Rss that the kernel writes. */
function smaps(...headings: string[]): string {
  return headings.map((heading) => `${heading}\nSize:  4096 kB\nRss:  1024 kB\nPss:  10 kB\n`).join('');
}

const NODE = '/folder/node';

it.each<[MappingKind, string[]]>([
  ['program: code', [`00400000-00746000 r-xp 00000000 fe:00 5366653                            ${NODE}`]],
  ['program: read-only data', [`03201000-06b51000 r--p 02e01000 fe:00 5366653                            ${NODE}`]],
  ['program: written data', [`06b56000-06b7d000 rw-p 06755000 fe:00 5366653                            ${NODE}`]],
  ['libraries', ['7fdd21444000-7fdd2159a000 r-xp 00026000 fe:00 326269               /usr/lib/libc.so.6']],
  ['malloc', ['17895000-17adf000 rw-p 00000000 00:00 0                                  [heap]']],
  ['V8: heap', ['8a528240000-8a528280000 rw-p 00000000 00:00 0 ']],
  ['V8: machine code', ['7fdce6a80000-7fdd06a80000 rwxp 00000000 00:00 0 ']],
  ['stacks and other anonymous memory', ['7fdd1eb0a000-7fdd1f30a000 rw-p 00000000 00:00 0 ']],
  ['stacks and other anonymous memory', ['7ffc1eb0a000-7ffc1f30a000 rw-p 00000000 00:00 0                  [stack]']],
])('%s', (kind, headings) => {
  const expected = Object.fromEntries(MAPPING_KINDS.map((each) => [each, each === kind ? 1 : 0]));
  expect(residentByKind(smaps(...headings), NODE)).toEqual(expected);
});

it('takes a mapping without a name that follows right after data for their zeroed part', () => {
  const found = residentByKind(
    smaps(
      `06b56000-06b7d000 rw-p 06755000 fe:00 5366653                            ${NODE}`,
      '06b7d000-06bb6000 rw-p 00000000 00:00 0 ',
      '06bb7000-06bb8000 rw-p 00000000 00:00 0 ',
    ),
    NODE,
  );
  expect(found).toMatchObject({ 'program: written data': 2, 'V8: heap': 1 });
});

it.runIf(process.platform === 'linux')('leaves nothing of a real process out', async () => {
  const text = await readFile('/proc/self/smaps', 'utf8');
  const found = residentByKind(text, process.execPath);
  const all = [...text.matchAll(/^Rss: +(\d+) kB/gm)].reduce((sum, [, kB]) => sum + Number(kB) / 1024, 0);
  expect(Object.values(found).reduce((sum, value) => sum + value, 0)).toBeCloseTo(all, 5);
  for (const kind of ['program: code', 'V8: heap', 'malloc'] as const) expect(found[kind]).toBeGreaterThan(1);
});
