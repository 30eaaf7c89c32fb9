/** Lists the objects of a path page by page, so that no list is held as a whole. */
import { ApiError } from '../../kube/errors.js';
import { pause } from '../../kube/backoff.js';
import type { Transport } from '../../kube/transport.js';
import type { RawObject } from '../../kube/watch-events.js';
import { isRecord, list } from '../../kube/validate.js';

const PAGE_SIZE = '500';
/** How often a page is asked for again that the API server was too busy to send. */
const MAX_RETRIES = 3;

export interface ListRequest {
  readonly path: string;
  /** fieldSelector and labelSelector. */
  readonly selector: Readonly<Record<string, string>>;
  /** Called before a list begins, and again if it has to begin anew. */
  readonly onStart: () => void;
  readonly onPage: (items: readonly RawObject[]) => void;
}

/** @throws ApiError, UnreachableError, the reason of `stop` */
export async function listPages(transport: Transport, request: ListRequest, stop: AbortSignal): Promise<void> {
  try {
    await pages(transport, request, PAGE_SIZE, stop);
  } catch (error) {
    // The version of the list was compacted between two pages. Like client-go: the whole list in one response.
    if (!(error instanceof ApiError) || !error.isVersionUnusable) throw error;
    await pages(transport, request, undefined, stop);
  }
}

async function pages(
  transport: Transport,
  { path, selector, onStart, onPage }: ListRequest,
  limit: string | undefined,
  stop: AbortSignal,
): Promise<void> {
  onStart();
  let next: string | undefined;
  do {
    const query = {
      ...selector,
      ...(limit === undefined ? {} : { limit }),
      ...(next === undefined ? {} : { continue: next }),
    };
    const page = await pageOf(transport, path, query, stop);
    onPage(page.items);
    next = page.next;
  } while (next !== undefined);
}

async function pageOf(
  transport: Transport,
  path: string,
  query: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<{ items: readonly RawObject[]; next: string | undefined }> {
  const page = await repeated(() => transport.call({ method: 'GET', path, query }, stop), stop);
  if (!isRecord(page)) throw new TypeError(`GET ${path}: the response is not a list`);
  const metadata = isRecord(page.metadata) ? page.metadata : {};
  const token = metadata.continue;
  const items = list(page.items as readonly RawObject[] | null, `items of ${path}`);
  return { items, next: typeof token === 'string' && token !== '' ? token : undefined };
}

/** A server that is too busy says when to ask again. */
async function repeated<T>(call: () => Promise<T>, stop: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const waitMs = error instanceof ApiError && error.status === 429 ? (error.retryAfterMs ?? 1_000) : undefined;
      if (waitMs === undefined || tries > MAX_RETRIES) throw error;
      await pause(waitMs, stop);
      stop.throwIfAborted();
    }
  }
}
