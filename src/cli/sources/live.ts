/** Reads a cluster: the rows of the watch table are listed at once, and what may not be read is a gap. */
import { ASSIGNMENTS, DRIVERS } from '../../kube/resources.js';
import { Deadline } from '../../kube/deadline.js';
import { ApiError } from '../../kube/errors.js';
import type { WatchTarget } from '../../kube/informer-state.js';
import { ObjectReader } from '../../kube/object-reader.js';
import type { Store, StoredObject } from '../../kube/store.js';
import { messageOf } from '../../log.js';
import { SLOT_SPECS } from '../../domain/rules/slots.js';
import { WATCH_TABLE, watchTarget, type WatchRow } from '../../watched/watch-table.js';
import { WatchedObjects } from '../../watched/watched-objects.js';
import type { Gap, Survey } from '../survey.js';
import type { Connection } from './connection.js';
import { listPages } from './list-pages.js';
import { makeSurvey } from './make-survey.js';
import { SourceError } from './source-error.js';

export interface ReadOptions {
  /** Undefined: all namespaces. If these may not be listed, this one alone is read. */
  readonly namespace?: string | undefined;
  /** For the whole reading, in milliseconds. */
  readonly timeLimitMs: number;
  readonly stop?: AbortSignal | undefined;
  /** Called after each page, with how many objects of the row have come so far. */
  readonly onProgress?: ((title: string, count: number) => void) | undefined;
}

/** @throws SourceError if nothing can be read; the reason of `stop` if aborted */
export async function readSurvey(connection: Connection, options: ReadOptions): Promise<Survey> {
  const deadline = new Deadline(options.timeLimitMs, options.stop);
  try {
    return await new ClusterReading(connection, options, deadline.signal).survey();
  } finally {
    deadline.stopClock();
    deadline.release();
  }
}

/** Of CustomResourceDefinitions. */
const DEFINED_GROUPS: ReadonlySet<string> = new Set([ASSIGNMENTS.group, DRIVERS.group]);

/** A row without what is kept of its objects. */
type RowName = Pick<WatchRow<unknown>, 'title' | 'group' | 'resource'>;

type Outcome =
  | { readonly kind: 'Read' }
  /** Its definition is not there, so there are none. */
  | { readonly kind: 'NotInstalled' }
  /** Only those of the namespace that was asked for. */
  | { readonly kind: 'ReadInOne' }
  | { readonly kind: 'Failed'; readonly error: unknown };

class ClusterReading {
  readonly #connection: Connection;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #gaps: Gap[] = [];
  readonly #objects = new WatchedObjects({ podsKnown: (namespace) => this.#podsKnownIn(namespace) });
  #pods: Outcome | undefined;

  constructor(connection: Connection, options: ReadOptions, signal: AbortSignal) {
    this.#connection = connection;
    this.#options = options;
    this.#signal = signal;
  }

  async survey(): Promise<Survey> {
    const objects = this.#objects;
    const outcomes = await Promise.all([
      this.#read(WATCH_TABLE.assignments, objects.assignments),
      this.#read(WATCH_TABLE.rookConfigs, objects.rookConfigs),
      this.#read(WATCH_TABLE.rookOperators, objects.rookOperators),
      ...SLOT_SPECS.map(({ slot }) => this.#read(WATCH_TABLE.workloads[slot], objects.workloads[slot])),
      this.#read(WATCH_TABLE.drivers, objects.drivers),
      this.#read(WATCH_TABLE.pods, objects.podStore).then((outcome) => (this.#pods = outcome)),
    ]);
    this.#options.stop?.throwIfAborted();
    if (!outcomes.some(({ kind }) => kind === 'Read' || kind === 'ReadInOne')) throw this.#nothingRead(outcomes);
    const { namespace } = this.#options;
    return makeSurvey({ source: this.#connection.source, objects, gaps: this.#gaps, now: Date.now(), namespace });
  }

  /** Never rejects. */
  async #read<T extends StoredObject>(row: WatchRow<T>, store: Store<T>): Promise<Outcome> {
    const { namespace } = this.#options;
    try {
      await this.#list(watchTarget(row, undefined), store);
      return { kind: 'Read' };
    } catch (error) {
      if (await this.#isNotInstalled(row, error)) return { kind: 'NotInstalled' };
      if (namespace === undefined || !isForbidden(error)) return this.#failed(row, error);
    }
    try {
      await this.#list(watchTarget(row, namespace), store);
      this.#gaps.push(readInOneAlone(row, namespace));
      return { kind: 'ReadInOne' };
    } catch (error) {
      return this.#failed(row, error);
    }
  }

  async #list<T extends StoredObject>(target: WatchTarget<T>, store: Store<T>): Promise<void> {
    const { title, path, rule, project } = target;
    const fieldSelector = target.fieldSelector ?? (rule.name === undefined ? undefined : `metadata.name=${rule.name}`);
    const unreadable = new Map<string, string>();
    let objects: T[] = [];
    let count = 0;
    const reader = new ObjectReader(project, (object, error) => unreadable.set(object, messageOf(error)));
    const onStart = (): void => void ((objects = []), (count = 0));
    await listPages(
      this.#connection.transport,
      {
        path,
        selector: fieldSelector === undefined ? {} : { fieldSelector },
        onStart,
        onPage: (items) => {
          objects.push(...items.map((item) => reader.read(item)).filter((object) => object !== undefined));
          count += items.length;
          this.#options.onProgress?.(title, count);
        },
      },
      this.#signal,
    );
    store.replace(objects, target.namespace);
    for (const [object, why] of unreadable) this.#gaps.push(unreadableObject(title, object, why));
  }

  /** A definition that is not installed has no objects. Rights are checked first, and discovery is open to every account. */
  async #isNotInstalled({ group }: RowName, error: unknown): Promise<boolean> {
    if (!(error instanceof ApiError) || !DEFINED_GROUPS.has(group)) return false;
    if (!error.isForbidden) return error.isNotFound;
    const path = `/apis/${group}`;
    const found = this.#connection.transport.call({ method: 'GET', path }, this.#signal);
    return found.then(
      () => false,
      (failure: unknown) => failure instanceof ApiError && failure.isNotFound,
    );
  }

  #failed(row: RowName, error: unknown): Outcome {
    const { namespace } = this.#options;
    if (isForbidden(error)) this.#gaps.push(forbidden(row, namespace));
    else this.#gaps.push({ what: row.title, reason: reasonOf(error), message: messageOf(error) });
    return { kind: 'Failed', error };
  }

  #podsKnownIn(namespace: string): boolean {
    return this.#pods?.kind === 'Read' || (this.#pods?.kind === 'ReadInOne' && namespace === this.#options.namespace);
  }

  /** One line for all rows: they fail for the same cause. */
  #nothingRead(outcomes: readonly Outcome[]): SourceError {
    const { server, source } = this.#connection;
    const errors = outcomes.flatMap((outcome) => (outcome.kind === 'Failed' ? [outcome.error] : []));
    const error = errors.find((one) => !isForbidden(one)) ?? errors[0];
    if (isForbidden(error)) {
      const { namespace } = this.#options;
      const where = namespace === undefined ? 'in all namespaces' : `in all namespaces, nor in ${namespace}`;
      const remedy = namespace === undefined ? 'name a namespace that you may read by -n' : rightsRemedy(namespace);
      return new SourceError(`${source}: you may not list Rook's workloads ${where}: ${messageOf(error)}`, remedy);
    }
    if (error instanceof ApiError && error.isUnauthorized) {
      return new SourceError(`${source}: ${server.origin} rejects the credentials: ${error.message}`, 'log in again');
    }
    const remedy = 'check that kubectl reaches the cluster: kubectl version';
    return new SourceError(`${source}: ${server.origin} cannot be read: ${messageOf(error)}`, remedy);
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.isForbidden;
}

function reasonOf(error: unknown): Gap['reason'] {
  if (!(error instanceof ApiError)) return error instanceof TypeError ? 'Unreadable' : 'Unreachable';
  return error.isNotFound ? 'NotServed' : 'Unreachable';
}

function forbidden(row: RowName, namespace: string | undefined): Gap {
  return {
    what: row.title,
    reason: 'Forbidden',
    message: `you may not list ${resourceName(row)}${namespace === undefined ? ' in all namespaces' : ` in ${namespace}`}`,
    remedy: `kubectl auth can-i list ${resourceName(row)} ${scopeFlag(namespace)}`,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function readInOneAlone(row: RowName, namespace: string): Gap {
  return {
    what: row.title,
    reason: 'Forbidden',
    message: `you may list ${resourceName(row)} in ${namespace} alone, so those of other namespaces are not known`,
    remedy: `kubectl auth can-i list ${resourceName(row)} ${scopeFlag(undefined)}`,
  };
}

function unreadableObject(what: string, object: string, why: string): Gap {
  const [namespace = ''] = object.split('/');
  return { what, namespace, reason: 'Unreadable', message: `${object}: ${why}` };
}

function rightsRemedy(namespace: string): string {
  return `ask for the right to read it: kubectl auth can-i list deployments.apps -n ${namespace}`;
}

/** As kubectl writes it. */
function resourceName({ group, resource }: RowName): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function scopeFlag(namespace: string | undefined): string {
  return namespace === undefined ? '--all-namespaces' : `-n ${namespace}`;
}
