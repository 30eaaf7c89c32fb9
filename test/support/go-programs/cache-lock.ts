import { mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_EVERY_MS = 2_000;
/** A holder this silent is dead. Judged by the file's age, not by a pid: a shared cache may have users in other containers. */
const STALE_AFTER_MS = 30_000;

/**
 * Runs `work` while holding the lock file, so that two processes do not both spend minutes on the same build. It only
 * saves work: what keeps the cache right is that every file enters it by a rename.
 */
export async function withCacheLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  for (let waits = 0; !(await acquire(file)); waits++) {
    if (waits === 0) onWait();
    await sleep(500);
  }
  const touching = setInterval(() => {
    const now = new Date();
    // A lock that was taken for stale and removed is no reason to stop building.
    utimes(file, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(file, { force: true });
  }
}

async function acquire(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs < STALE_AFTER_MS) return false;
    // By rename, so that of two waiters only one removes the stale file.
    const removed = `${file}.stale-${process.pid}`;
    await rename(file, removed);
    await rm(removed, { force: true });
  } catch (error) {
    // The holder finished, or another waiter was first: the next attempt tells.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  return false;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
