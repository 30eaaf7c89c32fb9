/** What a request to the API server is about, read from its URL. */
import type { IncomingMessage } from 'node:http';

/** What the operator does with it: a streamed list is a list, though its request is that of a watch. */
export type Moment = 'list' | 'watch' | 'read' | 'patch' | 'pin' | 'status' | 'lease' | 'event' | 'other';

export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Plural, with the subresource, e.g. csiportassignments/status; empty for a path that is no resource. */
  readonly resource: string;
  readonly moment: Moment;
}

const RESOURCE = /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?/;

const WRITES: Readonly<Record<string, Moment>> = {
  deployments: 'patch',
  daemonsets: 'patch',
  configmaps: 'pin',
  'csiportassignments/status': 'status',
  events: 'event',
};

export function apiRequest({ method = '', url = '' }: Pick<IncomingMessage, 'method' | 'url'>): ApiRequest {
  const { pathname: path, searchParams } = new URL(url, 'https://gateway');
  const query = Object.fromEntries(searchParams);
  const [, plural = '', name, subresource] = RESOURCE.exec(path) ?? [];
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const reading = readingMoment(query, name !== undefined);
  const moment = resource === 'leases' ? 'lease' : method === 'GET' ? reading : (WRITES[resource] ?? 'other');
  return { method, path, query, resource, moment };
}

function readingMoment(query: ApiRequest['query'], isOfOneObject: boolean): Moment {
  if (query.watch === 'true') return query.sendInitialEvents === 'true' ? 'list' : 'watch';
  return isOfOneObject ? 'read' : 'list';
}
