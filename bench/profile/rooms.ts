/** Whose a CPU profile's time is: the operator's rooms, its libraries, the parts of Node, V8 itself. */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** As V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Before each sample, in microseconds. */
  readonly timeDeltas: readonly number[];
}

const BUNDLE = 'dist/main.js';
/** The file that a position is in, or '' for what has none. */
export type SourceOf = (frame: CallFrame) => string;

/** Nothing runs. */
const IDLE = '(idle)';

/** Room and microseconds, the most expensive first. */
export function timeByRoom(profile: CpuProfile, source: SourceOf): [string, number][] {
  const room = roomOf(source);
  return sums(profile, ({ callFrame }, parentRoom) => room(callFrame, parentRoom));
}

/** The function with its file, and microseconds of its own, the most expensive first. */
export function timeByFunction(profile: CpuProfile, source: SourceOf): [string, number][] {
  return sums(profile, ({ callFrame }) => `${callFrame.functionName || '(anonymous)'} ${source(callFrame)}`.trim());
}

function sums(
  profile: CpuProfile,
  nameOf: (node: CpuProfile['nodes'][number], parent: string) => string,
): [string, number][] {
  const names = new Map<number, string>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  // Iterative: a profile is deep.
  const pending: [number, string][] = [[profile.nodes[0]!.id, '']];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const node = byId.get(next[0])!;
    const name = nameOf(node, next[1]);
    names.set(node.id, name);
    for (const child of node.children ?? []) pending.push([child, name]);
  }
  const times = new Map<string, number>();
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id)!;
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[index]!);
  }
  times.delete(IDLE);
  return [...times].sort(([, one], [, other]) => other - one);
}

/** What is V8's own and has no file, as JSON.parse, is its caller's. */
function roomOf(source: SourceOf): (frame: CallFrame, parent: string) => string {
  return (frame, parent) => {
    if (frame.functionName.startsWith('(')) return frame.functionName === '(root)' ? '' : frame.functionName;
    const file = source(frame);
    if (file === '') return parent === '' ? '(native)' : parent;
    return roomOfFile(file);
  };
}

const PARTS_OF_NODE = [
  { name: 'Node: HTTP', modules: /^(_?http|https|url|querystring)/ },
  { name: 'Node: sockets, TLS and streams', modules: /^(_?stream|_?tls|net|buffer|crypto|string_decoder)/ },
  { name: 'Node: events, timers, promises', modules: /./ },
] as const;

function roomOfFile(file: string): string {
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file);
  if (library) return library[1]!;
  const ours = /src\/(domain\/(?:rules|report)|[\w-]+)/.exec(file);
  if (ours) return `src/${ours[1]!}`;
  const module = /^node:(?:internal\/)?(\w+)/.exec(file)?.[1];
  return PARTS_OF_NODE.find(({ modules }) => module !== undefined && modules.test(module))?.name ?? 'other';
}

/** By the source map of the bundle as it was built last. */
export function bundleSource(): SourceOf {
  const map = new SourceMap(JSON.parse(readFileSync(`${BUNDLE}.map`, 'utf8')) as SourceMapPayload);
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.endsWith(BUNDLE)) return url;
    const entry = map.findEntry(lineNumber, columnNumber);
    return 'originalSource' in entry ? entry.originalSource : 'bundle';
  };
}
