/** What the kernel says of a process and of all that it has started. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

export interface Memory {
  /** All in MiB. */
  readonly resident: number;
  readonly proportional: number;
  readonly anonymous: number;
}

const TCP_ESTABLISHED = '01';

/** The process and its descendants. */
function tree(pid: number): number[] {
  const children = tasks(pid).flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return [pid, ...children.flatMap((child) => tree(Number(child)))];
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty where the process or thread has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Of all threads, to the microsecond; in milliseconds. */
export function cpuMs(pid: number): number {
  const times = tree(pid).flatMap((process) =>
    tasks(process).map((task) => Number(read(`/proc/${process}/task/${task}/schedstat`).split(' ')[0])),
  );
  return sum(times) / 1e6;
}

export function memory(pid: number): Memory {
  const rollups = tree(pid).map((process) => read(`/proc/${process}/smaps_rollup`));
  return {
    resident: sum(tree(pid).map((process) => mebibytes(read(`/proc/${process}/status`), 'VmRSS'))),
    proportional: sum(rollups.map((rollup) => mebibytes(rollup, 'Pss'))),
    anonymous: sum(rollups.map((rollup) => mebibytes(rollup, 'Anonymous'))),
  };
}

/** From here on peakMemory tells of what comes. */
export function forgetPeak(pid: number): void {
  for (const process of tree(pid)) writeFileSync(`/proc/${process}/clear_refs`, '5');
}

/** The largest resident memory since forgetPeak, MiB. */
export function peakMemory(pid: number): number {
  return sum(tree(pid).map((process) => mebibytes(read(`/proc/${process}/status`), 'VmHWM')));
}

/** How many established connections lead to that port. */
export function connectionsTo(pid: number, port: number): number {
  const sockets = new Set(tree(pid).flatMap(socketsOf));
  const tables = read(`/proc/${pid}/net/tcp`) + read(`/proc/${pid}/net/tcp6`);
  return establishedSockets(tables, port).filter((inode) => sockets.has(inode)).length;
}

/** How many file descriptors a process has open, and how many of them are sockets. */
export function descriptors(pid: number): { readonly all: number; readonly sockets: number } {
  return { all: readdirSync(`/proc/${pid}/fd`).length, sockets: socketsOf(pid).length };
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? [];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}

/** Inodes of the sockets, in the text of /proc/net/tcp, that are connected to a remote port. */
function establishedSockets(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, , remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === TCP_ESTABLISHED && remote.endsWith(`:${wanted}`) ? [inode] : [];
  });
}

/** A field of /proc/PID/status or smaps_rollup, which are in kB. */
export function mebibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
