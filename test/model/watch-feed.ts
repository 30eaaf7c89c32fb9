/**
 * The watches: of each object the events in order, those of different objects in any order, each as late as it likes. A
 * watch may break: then the operator lists again, and what was on its way is lost.
 */
import type { Watches } from '../../src/controller/watches.js';
import {
  projectAssignment,
  projectDaemonSet,
  projectDeployment,
  projectRookConfig,
  projectRookOperator,
} from '../../src/kube/projections.js';
import type { ObjectSink, StoredObject as Projected } from '../../src/kube/store.js';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import type { ApiServer, Change } from './api-server.js';
import { ASSIGNMENT, CONFIG, NAMES, NAMESPACE, ROOK, type StoredObject } from './objects.js';

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

export class WatchFeed {
  readonly #server: ApiServer;
  readonly #channels: ReadonlyMap<string, Channel>;

  constructor(server: ApiServer, watches: Watches) {
    this.#server = server;
    this.#channels = new Map([
      [ASSIGNMENT, channel(watches.assignments, projectAssignment)],
      [CONFIG, channel(watches.rookConfigs, projectRookConfig)],
      [ROOK, channel(watches.rookOperators, projectRookOperator)],
      ...SLOT_SPECS.map(({ slot, workload, kind }) => {
        const project = kind === 'Deployment' ? projectDeployment : projectDaemonSet;
        return [workload, channel(watches.workloads[slot], project)] as const;
      }),
    ]);
  }

  get isSynced(): boolean {
    return [...this.#channels.values()].every(({ synced }) => synced);
  }

  /** Names of which something is still to be told. */
  get waiting(): string[] {
    return NAMES.filter((name) => !this.#of(name).synced || this.#of(name).events.length > 0);
  }

  take({ name, before, after }: Change): void {
    const object = after ?? before;
    const { synced, events } = this.#of(name);
    if (synced && object !== undefined) events.push({ isDeleted: after === undefined, object });
  }

  /** The next event, or the first list. @returns what was told */
  deliver(name: string): string {
    const channel = this.#of(name);
    if (!channel.synced) return this.list(name);
    const event = channel.events.shift();
    if (event === undefined) return 'nothing';
    channel.last = event;
    return tell(channel, event);
  }

  /** The last event once more, as after a watch that was resumed from a bookmark. */
  repeat(name: string): string {
    const channel = this.#of(name);
    if (!channel.synced || channel.last === undefined) return 'nothing';
    return `${tell(channel, channel.last)} once more`;
  }

  /** The watch broke, and what it had not told yet is lost. */
  list(name: string): string {
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

function channel<T extends Projected>(sink: ObjectSink<T>, project: (raw: unknown) => T): Channel {
  return {
    put: (raw) => sink.put(project(raw)),
    delete: ({ metadata: { namespace, name, uid } }) => sink.delete({ namespace, name, uid }),
    list: (raws) => sink.replace(raws.map(project), NAMESPACE),
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
