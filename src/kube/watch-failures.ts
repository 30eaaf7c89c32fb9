/** Decides what follows a failed watch: a list, pages instead of a streamed list, or only a wait. */
import { ApiError, isConnectionLost } from './errors.js';
import type { InformerState } from './informer-state.js';
import { WatchIdleError } from './watch-events.js';

/**
 * A server that was lost may come back with an older backup. It does not reject a watch from a version ahead of it. The watch
 * is silent until the server has reached that version, and misses all events before it (API server 1.36, as run).
 */
export function isListDue(error: unknown): boolean {
  if (!(error instanceof ApiError)) return error instanceof WatchIdleError || isConnectionLost(error);
  // A proxy that cannot reach the API server responds without a Status.
  return error.isVersionUnusable || (error.status >= 500 && error.reason === '');
}

/**
 * Servers before 1.32, or with the feature gate WatchList off, reject the parameters of a streamed list. A server whose watch
 * cache lags never ends one. Both get requests for pages from then on.
 */
export function isStreamedListRejected(error: unknown): boolean {
  return error instanceof ApiError ? [400, 422].includes(error.status) : error instanceof WatchIdleError;
}

/** Whether the right to what the operator can do without is missing: only an admin ends that, and may not mean to. */
export function isWithheld({ optional }: Pick<InformerState, 'optional'>, error: unknown): boolean {
  return optional && error instanceof ApiError && error.isForbidden;
}

/** The error in an ERROR event. @param path that is watched */
export function errorOf(status: unknown, path: string): ApiError {
  const code = (status as { code?: unknown } | null | undefined)?.code;
  return new ApiError(`WATCH ${path}`, typeof code === 'number' ? code : 500, JSON.stringify(status ?? null));
}
