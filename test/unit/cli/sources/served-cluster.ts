/** An API server that serves these objects in pages, as far as the account may list them. */
import { onTestFinished } from 'vitest';
import { connect, type ConnectionOptions } from '../../../../src/cli/sources/connection.js';
import { readSurvey, type ReadOptions } from '../../../../src/cli/sources/live.js';
import type { Survey } from '../../../../src/cli/survey.js';
import type { ApiServerDouble, Exchange, Handler, Received } from '../../../support/api-server-double.js';
import { scratch, startDouble } from '../../kube/connections.js';
import type { Raw } from './raw-objects.js';

export interface ServedCluster {
  readonly server: ApiServerDouble;
  readonly kubeconfig: string;
  readonly read: (options?: Partial<ReadOptions>) => Promise<Survey>;
}

export interface ServeOptions {
  /** Whether the account may list these; by default all. */
  readonly mayList?: (resource: string, namespace: string | undefined) => boolean;
  /** Groups whose definitions are installed. */
  readonly definitions?: readonly string[];
  /** Before all else; true if it has responded. */
  readonly intercept?: (request: Received, exchange: Exchange) => boolean;
}

const DEFINED = ['csiports.io', 'csi.ceph.io'];
const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)$/;

export async function serve(objects: readonly Raw[], options: ServeOptions = {}): Promise<ServedCluster> {
  const server = await startDouble();
  server.handler = handlerOf(objects, options);
  const kubeconfig = scratch().write('config', kubeconfigTo(server));
  const read = (more: Partial<ReadOptions> = {}): Promise<Survey> =>
    readCluster({
      kubeconfigs: [kubeconfig],
      userAgent: 'test',
      requestTimeoutMs: 5_000,
      timeLimitMs: 10_000,
      ...more,
    });
  onTestFinished(() => server.cutAll());
  return { server, kubeconfig, read };
}

export async function readCluster(options: ReadOptions & ConnectionOptions): Promise<Survey> {
  const connection = await connect(options);
  try {
    return await readSurvey(connection, options);
  } finally {
    connection.transport.close();
  }
}

export function kubeconfigTo(server: ApiServerDouble): string {
  const authority = Buffer.from(server.identity.cert).toString('base64');
  return JSON.stringify({
    clusters: [{ name: 'one', cluster: { server: server.url.href, 'certificate-authority-data': authority } }],
    users: [{ name: 'admin', user: { token: 'secret' } }],
    contexts: [{ name: 'kind', context: { cluster: 'one', user: 'admin' } }],
    'current-context': 'kind',
  });
}

function handlerOf(
  objects: readonly Raw[],
  { mayList = () => true, definitions = DEFINED, intercept }: ServeOptions,
): Handler {
  return (request, exchange) => {
    if (intercept?.(request, exchange) === true) return;
    const { group = '', namespace, resource } = PATH.exec(request.path)?.groups ?? {};
    const isInstalled = (one: string): boolean => !DEFINED.includes(one) || definitions.includes(one);
    if (resource === undefined) {
      if (isInstalled(request.path.slice('/apis/'.length))) exchange.json(200, { kind: 'APIGroup' });
      else exchange.reject(404, 'NotFound');
    } else if (!mayList(resource, namespace)) {
      const message = `${resource} is forbidden: User "admin" cannot list resource "${resource}" in API group "${group}"`;
      exchange.reject(403, 'Forbidden', { message });
    } else if (!isInstalled(group)) {
      exchange.reject(404, 'NotFound');
    } else {
      const found = objects.filter((object) => isOf(object, resource, namespace) && isSelected(object, request.query));
      exchange.json(200, pageOf(found, request.query));
    }
  };
}

function isOf({ kind, metadata }: Raw, resource: string, namespace: string | undefined): boolean {
  const inNamespace = namespace === undefined || (metadata as Raw).namespace === namespace;
  return inNamespace && `${String(kind).toLowerCase()}s` === resource;
}

function isSelected({ metadata, spec }: Raw, { fieldSelector }: Received['query']): boolean {
  if (fieldSelector === undefined) return true;
  if (fieldSelector === 'spec.hostNetwork=true') return (spec as Raw).hostNetwork === true;
  return fieldSelector === `metadata.name=${String((metadata as Raw).name)}`;
}

function pageOf(found: readonly Raw[], { limit, continue: token = '0' }: Received['query']): Raw {
  const from = Number(token);
  const to = limit === undefined ? found.length : from + Number(limit);
  const more = to < found.length ? { continue: String(to) } : {};
  return { kind: 'List', metadata: { resourceVersion: '9', ...more }, items: found.slice(from, to) };
}
