/**
 * `make bench ARGS=--profile`: where the time of a start goes, from the exec to the answer of the first patch, and of what
 * kinds the memory is. The operator is the same bundle; a script that Node loads before it takes the notes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../test/support/control-plane/wait-for.js';
import { OPERATOR, preloaded } from '../candidates.js';
import { startInConflict } from '../phases/start.js';
import type { Plan } from '../plan.js';
import type { Program } from '../../test/support/measure/program.js';
import { markdown } from '../report.js';
import { DEFAULT_PORTS } from '../../test/support/slots.js';
import { RookNamespace } from '../rook-namespace.js';
import type { Site } from '../site.js';
import { summarise } from '../../test/support/measure/statistics.js';
import { FigureLog } from '../turn.js';
import { MAPPING_KINDS, residentByKind, type MappingKind } from './mappings.js';

const PRELOAD = join(import.meta.dirname, 'preload.cjs');
const STARTS = 10;
const MIB = 2 ** 20;

/** What preload.cjs tells. */
interface Notes {
  /** In ms, by the machine's monotonic clock. */
  readonly marks: Readonly<Record<string, number | undefined>>;
  readonly afterStart: NodeMemory;
  readonly afterCollection: NodeMemory;
}

/** In bytes. */
type NodeMemory = Readonly<Record<(typeof NODE_MEMORY)[number][0], number>> & {
  readonly spaces: Readonly<Record<string, number>>;
};

interface Profile extends Notes {
  /** By the same clock. */
  readonly exec: number;
  readonly fixed: number;
  readonly mappingsAfterStart: Readonly<Record<MappingKind, number>>;
  readonly mappingsAfterCollection: Readonly<Record<MappingKind, number>>;
}

const STEPS = [
  ['nodeStart', 'the file is loaded and linked: Node begins'],
  ['v8Start', 'V8 begins'],
  ['environment', "Node's environment is there, from its snapshot"],
  ['bootstrapComplete', 'Node is up'],
  ['bundleRead', 'the bundle is read'],
  ['bundleRun', 'the bundle is compiled and has run, up to its first wait'],
  ['firstRequest', 'flags and credentials are read: the first request is made'],
  ['connected', 'the first TLS connection is there'],
  ['firstAnswer', 'the first answer begins'],
  ['listsComplete', 'the lists that the patch needs are complete'],
  ['patchSent', 'the first patch is sent'],
  ['patchAnswered', 'it is answered'],
  ['fixed', 'all ports are distinct, as an observer sees it'],
] as const;

const NODE_MEMORY = [
  ['rss', 'resident'],
  ['heapTotal', 'V8 heap, reserved'],
  ['heapUsed', 'V8 heap, used'],
  ['code_and_metadata_size', 'of it machine code'],
  ['bytecode_and_metadata_size', 'of it bytecode'],
  ['external_script_source_size', 'sources of scripts, outside of the heap'],
  ['external', 'held by objects outside of the heap'],
  ['arrayBuffers', 'of it buffers'],
] as const;

/** @returns Markdown */
export async function profile(site: Site, plan: Plan): Promise<string> {
  const namespace = await RookNamespace.create(site.controlPlane, 'rook-ceph', DEFAULT_PORTS);
  const notes = join(site.controlPlane.directory, 'profile.json');
  await site.serve(OPERATOR);
  const profiles: Profile[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    profiles.push(await profileStart(site, plan, namespace, notes));
  }
  return `${timeline(profiles)}\n\n${memoryTable(profiles)}`;
}

async function profileStart(site: Site, plan: Plan, namespace: RookNamespace, file: string): Promise<Profile> {
  const candidate = preloaded(PRELOAD, file);
  const turn = { site, candidate, plan, figures: new FigureLog() };
  const { program, startedAt, fixedAfterMs } = await startInConflict(turn, [namespace], {});
  try {
    const exec = startedAt + monotonicOffset();
    // Until what is loaded late is there.
    await sleep(3_000);
    const mappingsAfterStart = mappingsOf(program);
    process.kill(program.pid, 'SIGUSR2');
    const notes = await waitFor('the notes', () => Promise.resolve(existsSync(file) && readNotes(file)));
    return {
      ...notes,
      exec,
      fixed: exec + fixedAfterMs,
      mappingsAfterStart,
      mappingsAfterCollection: mappingsOf(program),
    };
  } finally {
    await program.stop();
    await rm(file, { force: true });
  }
}

/** From performance.now() to the machine's monotonic clock. */
function monotonicOffset(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

/** Undefined while they are being written. */
function readNotes(file: string): Notes | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Notes;
  } catch {
    return undefined;
  }
}

function mappingsOf(program: Program): Record<MappingKind, number> {
  return residentByKind(readFileSync(`/proc/${program.pid}/smaps`, 'utf8'), program.executable);
}

function timeline(profiles: readonly Profile[]): string {
  let before = 0;
  const rows = STEPS.map(([key, label]) => {
    const times = profiles.flatMap((start) => timeOf(key, start) ?? []);
    if (times.length === 0) return [label, 'not seen', ''];
    const { median, min, max } = summarise(times);
    const step = median - before;
    before = median;
    return [label, `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`, step.toFixed(1)];
  });
  return markdown([`start to first patch, ${profiles.length} starts`, 'ms since the exec', 'step, ms'], rows);
}

/** Since the exec. */
function timeOf(key: (typeof STEPS)[number][0], { marks, exec, fixed }: Profile): number | undefined {
  const at = key === 'fixed' ? fixed : marks[key];
  return at === undefined ? undefined : at - exec;
}

function memoryTable(profiles: readonly Profile[]): string {
  const median = (read: (profile: Profile) => number): string => summarise(profiles.map(read)).median.toFixed(1);
  const { spaces } = profiles[0]!.afterStart;
  const spacesInUse = Object.keys(spaces).filter((space) => spaces[space]! > 0);
  const rows = [
    ...NODE_MEMORY.map(([key, label]) => [
      `Node: ${label}`,
      median(({ afterStart }) => afterStart[key] / MIB),
      median(({ afterCollection }) => afterCollection[key] / MIB),
    ]),
    ...spacesInUse.map((space) => [
      `V8 space, resident: ${space}`,
      median(({ afterStart }) => afterStart.spaces[space]! / MIB),
      median(({ afterCollection }) => afterCollection.spaces[space]! / MIB),
    ]),
    ...MAPPING_KINDS.map((kind) => [
      `kernel, resident: ${kind}`,
      median(({ mappingsAfterStart }) => mappingsAfterStart[kind]),
      median(({ mappingsAfterCollection }) => mappingsAfterCollection[kind]),
    ]),
  ];
  return markdown(['memory, MiB', 'after the start', 'after a collection'], rows);
}
