/**
 * What an API server does to objects (run on 1.36): versions, generations, field managers, and one
 * event for each change. A write that changes nothing leaves no trace.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from './clock.js';
import { ownersAfter } from './field-owners.js';
import { placeOf, type Metadata, type StoredObject, type Written } from './objects.js';

export interface Change {
  /** The object's key. */
  readonly name: string;
  readonly by: string;
  readonly before: StoredObject | undefined;
  /** Undefined: it was deleted. */
  readonly after: StoredObject | undefined;
}

/** Whose write it is. */
export interface Author {
  readonly manager: string;
  /** The fields of a server-side apply; absent for an update. */
  readonly applies?: readonly string[];
  /** A policy changed what this one wrote: managedFields were made before it did (API server 1.36, as run). */
  readonly leavesOwners?: boolean;
  /** It writes the status alone. */
  readonly subresource?: 'status';
}

export class ApiServer {
  readonly #clock: Clock;
  readonly #objects = new Map<string, StoredObject>();
  readonly #onChange: ((change: Change) => void)[] = [];
  #version = 100;
  #uids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Told of each change as it is stored, in order. */
  onChange(told: (change: Change) => void): void {
    this.#onChange.push(told);
  }

  get(name: string): StoredObject | undefined {
    return this.#objects.get(name);
  }

  create(name: string, written: Written, author: Author): void {
    if (this.#objects.has(name)) throw new Error(`${name} exists`);
    this.#uids += 1;
    const identity = { ...placeOf(name), uid: `${name}-${this.#uids}`, creationTimestamp: this.time };
    this.#store(name, written, author, { ...identity, generation: 1 });
  }

  /** The object as it would be, with what whoever wrote it may not set; the same where nothing changes. */
  preview(before: StoredObject, written: Written, author: Author): StoredObject {
    const metadata = { ...before.metadata, ...withAnnotations(written.metadata.annotations) };
    if (written.metadata.annotations === undefined) delete (metadata as { annotations?: unknown }).annotations;
    const isSame = isDeepStrictEqual(
      [before.metadata.annotations, before.spec, before.data, before.status],
      [metadata.annotations, written.spec, written.data, written.status],
    );
    const managedFields =
      author.leavesOwners === true
        ? before.metadata.managedFields
        : ownersAfter(before, written, { ...author, time: this.time });
    // An apply may only add an owner.
    if (isSame && (author.applies === undefined || isDeepStrictEqual(managedFields, before.metadata.managedFields)))
      return before;
    const isCounted =
      !isDeepStrictEqual(before.spec, written.spec) ||
      (before.kind === 'Deployment' && !isDeepStrictEqual(before.metadata.annotations, metadata.annotations));
    const generation = before.metadata.generation + (isCounted ? 1 : 0);
    return { ...written, kind: before.kind, metadata: { ...metadata, managedFields, generation } };
  }

  /** PUT, or the end of a PATCH. */
  update(name: string, written: Written, author: Author): StoredObject {
    const before = this.#objects.get(name);
    if (before === undefined) throw new Error(`${name} is not there`);
    const after = this.preview(before, written, author);
    return after === before ? before : this.#keep(name, after, author);
  }

  delete(name: string, by: string): void {
    const before = this.#objects.get(name);
    if (before === undefined) return;
    this.#objects.delete(name);
    // The event of a deletion has a version of its own.
    const after = { ...before, metadata: { ...before.metadata, resourceVersion: this.nextVersion() } };
    this.#tell({ name, by, before: after, after: undefined });
  }

  #store(name: string, written: Written, author: Author, identity: Partial<Metadata>): void {
    const managedFields = ownersAfter(undefined, written, { ...author, time: this.time });
    const metadata = { ...written.metadata, ...identity, managedFields, resourceVersion: '' } as Metadata;
    this.#keep(name, { ...written, metadata }, author);
  }

  #keep(name: string, object: StoredObject, { manager }: Author): StoredObject {
    const before = this.#objects.get(name);
    const after = { ...object, metadata: { ...object.metadata, resourceVersion: this.nextVersion() } };
    this.#objects.set(name, after);
    this.#tell({ name, by: manager, before, after });
    return after;
  }

  #tell(change: Change): void {
    for (const told of this.#onChange) told(change);
  }

  nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  /** RFC 3339, whole seconds. */
  get time(): string {
    return this.#clock.wall.toISOString().replace(/\.\d{3}Z$/, 'Z');
  }
}

function withAnnotations(annotations: Metadata['annotations']): Partial<Metadata> {
  return annotations === undefined ? {} : { annotations };
}
