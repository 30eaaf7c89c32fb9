/** Objects behind an API server double that answers lists and watches of them as the real one would. */
import type { ApiServerDouble, Exchange, Received } from '../../support/api-server-double.js';

export interface RawObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Watcher {
  readonly plural: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly exchange: Exchange;
}

export class WatchedObjects {
  /** How requests of this plural, name or namespace/name are rejected; 'never': they get no response. */
  readonly rejections = new Map<string, 403 | 404 | 500 | 'never'>();
  readonly #objects = new Map<string, Map<string, RawObject>>();
  readonly #watchers = new Set<Watcher>();
  #version = 100;

  constructor(server: ApiServerDouble) {
    server.handler = (request, exchange) => this.#answer(request, exchange);
  }

  /** What is watched now, as "plural name", or the plural alone. */
  get watched(): string[] {
    return [...this.#watchers].map(({ plural, name }) => (name === undefined ? plural : `${plural} ${name}`)).sort();
  }

  put(plural: string, { namespace, name, ...metadata }: Partial<RawObject['metadata']>, rest: object = {}): void {
    this.#version += 1;
    const object: RawObject = {
      metadata: {
        ...metadata,
        namespace: namespace!,
        name: name!,
        uid: `uid-${namespace}-${name}`,
        resourceVersion: String(this.#version),
      },
      ...rest,
    };
    const objects = this.#objects.get(plural) ?? new Map<string, RawObject>();
    const type = objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(plural, objects.set(keyOf(object), object));
    this.#tell(plural, type, object);
  }

  remove(plural: string, namespace: string, name: string): void {
    const object = this.#objects.get(plural)?.get(`${namespace}/${name}`);
    if (object === undefined) throw new Error(`there is no ${plural} ${namespace}/${name}`);
    this.#objects.get(plural)?.delete(keyOf(object));
    this.#version += 1;
    this.#tell(plural, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    });
  }

  #answer({ path, query }: Received, exchange: Exchange): void {
    const plural = path.split('/').at(-1)!;
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    const name = /^metadata\.name=(.*)/.exec(query.fieldSelector ?? '')?.[1];
    const names = [plural, name ?? '', `${namespace}/${name}`];
    const rejection = names.flatMap((of) => this.rejections.get(of) ?? []).at(0);
    if (rejection === 'never') return;
    if (rejection !== undefined) {
      exchange.reject(rejection, 'Rejected');
      return;
    }
    const watcher: Watcher = { plural, namespace, name, exchange };
    const found = [...(this.#objects.get(plural)?.values() ?? [])].filter((object) =>
      concerns(watcher, plural, object),
    );
    const end = { resourceVersion: String(this.#version), annotations: { 'k8s.io/initial-events-end': 'true' } };
    exchange.events(...found.map((object) => ({ type: 'ADDED', object })), {
      type: 'BOOKMARK',
      object: { metadata: end },
    });
    this.#watchers.add(watcher);
    void exchange.closed.then(() => this.#watchers.delete(watcher));
  }

  #tell(plural: string, type: string, object: RawObject): void {
    for (const watcher of this.#watchers) {
      if (concerns(watcher, plural, object)) watcher.exchange.events({ type, object });
    }
  }
}

function keyOf({ metadata: { namespace, name } }: RawObject): string {
  return `${namespace}/${name}`;
}

function concerns(watcher: Watcher, plural: string, { metadata }: RawObject): boolean {
  return (
    watcher.plural === plural &&
    (watcher.namespace ?? metadata.namespace) === metadata.namespace &&
    (watcher.name ?? metadata.name) === metadata.name
  );
}
