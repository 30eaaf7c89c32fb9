/** What the resident memory of a Node process consists of, by its mappings. */

export const MAPPING_KINDS = [
  'program: code',
  'program: read-only data',
  'program: written data',
  'libraries',
  'V8: heap',
  'V8: machine code',
  'malloc',
  'stacks and other anonymous memory',
] as const;

export type MappingKind = (typeof MAPPING_KINDS)[number];

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly permissions: string;
  /** Empty: anonymous. */
  readonly name: string;
}

/** V8 asks for random addresses below this one; what the kernel or malloc choose lies far above. */
const V8_ADDRESSES_END = 2 ** 46;

/**
 * Resident MiB of each kind.
 * @param smaps the text of /proc/PID/smaps
 * @param program the path of the program's file
 */
export function residentByKind(smaps: string, program: string): Record<MappingKind, number> {
  const totals = Object.fromEntries(MAPPING_KINDS.map((kind) => [kind, 0])) as Record<MappingKind, number>;
  let kind: MappingKind | undefined;
  let before: Mapping | undefined;
  for (const line of smaps.split('\n')) {
    const mapping = mappingOf(line);
    if (mapping !== undefined) {
      kind = kindOf(mapping, before, program);
      before = { ...mapping, name: continues(mapping, before) ? before!.name : mapping.name };
    }
    const resident = /^Rss: +(\d+) kB/.exec(line)?.[1];
    if (resident !== undefined && kind !== undefined) totals[kind] += Number(resident) / 1024;
  }
  return totals;
}

function mappingOf(line: string): Mapping | undefined {
  const [, start, end, permissions, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)$/.exec(line) ?? [];
  if (start === undefined) return undefined;
  return { start: parseInt(start, 16), end: parseInt(end!, 16), permissions: permissions!, name: name! };
}

/** The zeroed part of a file's data has no name, and follows right after it. */
function continues({ start, name }: Mapping, before: Mapping | undefined): boolean {
  return name === '' && before?.end === start && before.name.startsWith('/');
}

function kindOf(mapping: Mapping, before: Mapping | undefined, program: string): MappingKind {
  const name = continues(mapping, before) ? before!.name : mapping.name;
  if (name === program) return programKind(mapping.permissions);
  if (name.startsWith('/')) return 'libraries';
  if (name === '[heap]') return 'malloc';
  return name === '' ? anonymousKind(mapping) : 'stacks and other anonymous memory';
}

function programKind(permissions: string): MappingKind {
  if (permissions.includes('x')) return 'program: code';
  return permissions.includes('w') ? 'program: written data' : 'program: read-only data';
}

function anonymousKind({ start, permissions }: Mapping): MappingKind {
  if (permissions.includes('x')) return 'V8: machine code';
  return start < V8_ADDRESSES_END ? 'V8: heap' : 'stacks and other anonymous memory';
}
