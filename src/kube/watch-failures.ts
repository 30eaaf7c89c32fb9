/** What a watch that ended in a failure needs next. */
import { ApiError, isConnectionLost } from './errors.js';
import { WatchIdleError } from './watch-events.js';

/**
 * A server that was lost may come back with an older backup. A watch from a version ahead of it is not rejected: it is silent
 * until the server has come to that version, and nothing before that is ever told (API server 1.36, as run).
 */
export function isListDue(error: unknown): boolean {
  if (error instanceof ApiError) return error.isVersionUnusable || isOfProxy(error);
  return error instanceof WatchIdleError || isConnectionLost(error);
}

/** Of one between here and the API server that cannot reach it either: such an answer is no Status. */
function isOfProxy({ status, reason }: ApiError): boolean {
  return status >= 500 && reason === '';
}

/**
 * Servers before 1.32, or with the feature gate WatchList off, reject the parameters of a streamed list; one whose watch
 * cache lags never comes to its end. Either is asked for pages from then on, for good: names make them short.
 */
export function isStreamedListRejected(error: unknown): boolean {
  return (
    error instanceof WatchIdleError || (error instanceof ApiError && (error.status === 422 || error.status === 400))
  );
}

/** What an ERROR event says. @param path that is watched */
export function errorOf(status: unknown, path: string): ApiError {
  const code = (status as { code?: unknown } | null | undefined)?.code;
  return new ApiError(`WATCH ${path}`, typeof code === 'number' ? code : 500, JSON.stringify(status ?? null));
}
