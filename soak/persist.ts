/** What the harness itself asks of an API server that may be away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminApiError, type AdminApi } from '../test/support/control-plane/admin-api.js';

const AGAIN_MS = 200;
const GONE_EVERY_MS = 100;
/** Longer than any fault lasts. */
const MAX_MS = 180_000;

/** Asks again where the API server was away or not quite there yet. @throws what it answers otherwise */
export async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  for (const begun = performance.now(); ;) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || performance.now() - begun > MAX_MS) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

/** Back when it is gone, also where it was not there. */
export async function deleteAndWait(api: AdminApi, path: string): Promise<void> {
  await persistently(async () => {
    if ((await api.getOrUndefined(path)) !== undefined) await api.delete(path);
  });
  while ((await persistently(() => api.getOrUndefined(path))) !== undefined) await sleep(GONE_EVERY_MS);
}

/** Whether the API server was away or not quite there yet. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof AdminApiError) || error.status >= 500 || error.status === 429;
}
