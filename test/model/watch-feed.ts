/**
 * The watches: of each object the events in order, those of different objects in any order, each as late as it likes. A
 * watch may break: then the operator lists again, and what was on its way is lost.
 */
import type { Watches } from '../../src/controller/watches.js';
import type { HostNetworkPod } from '../../src/domain/rules/host-network-pods.js';
import { projectHostNetworkPod } from '../../src/kube/pod-projection.js';
import { projectAssignment, projectRookConfig, projectRookOperator } from '../../src/kube/projections.js';
import { projectDaemonSet, projectDeployment } from '../../src/kube/workload-projection.js';
import type { ObjectSink, Store, StoredObject as Projected } from '../../src/kube/store.js';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import type { ApiServer, Change } from './api-server.js';
import { ASSIGNMENT, CONFIG, ROOK, keyOf, type StoredObject } from './objects.js';
import type { PodEvent, RawPod } from './pod-objects.js';

interface Event {
  readonly isDeleted: boolean;
  readonly object: StoredObject;
}

interface Channel {
  readonly put: (raw: StoredObject) => void;
  readonly delete: (raw: StoredObject) => void;
  readonly list: (raws: readonly StoredObject[]) => void;
  readonly events: Event[];
  last: Event | undefined;
  /** False until the first list. */
  synced: boolean;
}

export const PODS = 'pods';

export interface FeedOptions {
  readonly server: ApiServer;
  readonly watches: Watches;
  readonly namespaces: readonly string[];
  /** Absent: they may not be listed. */
  readonly pods: PodChannelOptions | undefined;
}

export interface PodChannelOptions {
  readonly listed: () => readonly RawPod[];
  readonly store: Store<HostNetworkPod>;
  /** Called when the first list is stored. */
  readonly onSynced: () => void;
}

export class WatchFeed {
  readonly #server: ApiServer;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #pods: PodChannel | undefined;

  constructor({ server, watches, namespaces, pods }: FeedOptions) {
    this.#server = server;
    this.#channels = new Map(namespaces.flatMap((namespace) => channelsIn(namespace, watches)));
    this.#pods = pods && new PodChannel(pods);
  }

  get isSynced(): boolean {
    return this.#pods?.synced !== false && [...this.#channels.values()].every(({ synced }) => synced);
  }

  get knowsPods(): boolean {
    return this.#pods?.synced === true;
  }

  /** Names of which something is still to be told. */
  get waiting(): string[] {
    const waiting = [...this.#channels]
      .filter(([, { synced, events }]) => !synced || events.length > 0)
      .map(([name]) => name);
    return this.#pods?.isWaiting === true ? [...waiting, PODS] : waiting;
  }

  takePods(events: readonly PodEvent[]): void {
    this.#pods?.take(events);
  }

  take({ name, before, after }: Change): void {
    const object = after ?? before;
    const { synced, events } = this.#of(name);
    if (synced && object !== undefined) events.push({ isDeleted: after === undefined, object });
  }

  /** The next event, or the first list. @returns what was told */
  deliver(name: string): string {
    if (name === PODS) return this.#pods?.deliver() ?? 'nothing';
    const channel = this.#of(name);
    if (!channel.synced) return this.list(name);
    const event = channel.events.shift();
    if (event === undefined) return 'nothing';
    channel.last = event;
    return tell(channel, event);
  }

  /** The last event once more, as after a watch that was resumed from a bookmark. */
  repeat(name: string): string {
    if (name === PODS) return 'nothing';
    const channel = this.#of(name);
    if (!channel.synced || channel.last === undefined) return 'nothing';
    return `${tell(channel, channel.last)} once more`;
  }

  /** The watch broke, and what it had not told yet is lost. */
  list(name: string): string {
    if (name === PODS) return this.#pods?.list() ?? 'nothing';
    const channel = this.#of(name);
    const found = this.#server.get(name);
    channel.events.length = 0;
    channel.last = undefined;
    channel.synced = true;
    channel.list(found === undefined ? [] : [found]);
    return `a list with ${found === undefined ? 'nothing' : `version ${found.metadata.resourceVersion}`}`;
  }

  #of(name: string): Channel {
    const channel = this.#channels.get(name);
    if (channel === undefined) throw new Error(`nobody watches ${name}`);
    return channel;
  }
}

/** One watch for the pods of all namespaces: what happens at once is told at once. */
class PodChannel {
  synced = false;
  readonly #options: PodChannelOptions;
  readonly #batches: (readonly PodEvent[])[] = [];

  constructor(options: PodChannelOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return !this.synced || this.#batches.length > 0;
  }

  take(events: readonly PodEvent[]): void {
    if (this.synced) this.#batches.push(events);
  }

  deliver(): string {
    if (!this.synced) return this.list();
    const batch = this.#batches.shift() ?? [];
    const { store } = this.#options;
    for (const { isDeleted, raw } of batch) {
      const pod = projectHostNetworkPod(raw);
      // A pod that is known without a port is not stored.
      if (isDeleted) store.delete(raw.metadata);
      else if (pod !== undefined) store.put(pod);
    }
    return `${batch.length} events`;
  }

  list(): string {
    const { listed, store, onSynced } = this.#options;
    const pods = listed().flatMap((raw) => projectHostNetworkPod(raw) ?? []);
    this.#batches.length = 0;
    store.replace(pods);
    const isFirst = !this.synced;
    this.synced = true;
    if (isFirst) onSynced();
    return `a list of ${pods.length}`;
  }
}

function channelsIn(namespace: string, watches: Watches): (readonly [string, Channel])[] {
  const at = <T extends Projected>(
    name: string,
    sink: ObjectSink<T>,
    project: (raw: unknown) => T,
  ): readonly [string, Channel] => [keyOf(namespace, name), channel(namespace, sink, project)];
  return [
    at(ASSIGNMENT, watches.assignments, projectAssignment),
    at(CONFIG, watches.rookConfigs, projectRookConfig),
    at(ROOK, watches.rookOperators, projectRookOperator),
    ...SLOT_SPECS.map(({ slot, workload, kind }) =>
      at(workload, watches.workloads[slot], kind === 'Deployment' ? projectDeployment : projectDaemonSet),
    ),
  ];
}

function channel<T extends Projected>(namespace: string, sink: ObjectSink<T>, project: (raw: unknown) => T): Channel {
  return {
    put: (raw) => sink.put(project(raw)),
    delete: ({ metadata: { namespace, name, uid } }) => sink.delete({ namespace, name, uid }),
    list: (raws) => sink.replace(raws.map(project), namespace),
    events: [],
    last: undefined,
    synced: false,
  };
}

function tell(channel: Channel, { isDeleted, object }: Event): string {
  if (isDeleted) channel.delete(object);
  else channel.put(object);
  return `${isDeleted ? 'the deletion of' : ''} version ${object.metadata.resourceVersion}`.trim();
}
