/** The state of an informer, and the events that it reports. */
import type { Projection } from './object-reader.js';

/** API group ("" for core), resource and name, as in an RBAC rule. Without a name all objects are watched. */
export interface WatchedRule {
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
  /** The folder with the ClusterRole that has this rule alone, if there is one. */
  readonly folder?: string;
}

/** By which requests a complete list came; `absence` if the API server does not know the resource. */
export type ListedBy = 'stream' | 'pages' | 'absence';

export type InformerEvent =
  /** A list or a watch failed and is tried again after this wait. */
  | { readonly type: 'Failed'; readonly error: unknown; readonly retryInMs: number }
  /** The store is complete, for the first time or again after a failure. */
  | { readonly type: 'Synced' }
  /** A complete list replaced the store: at the start, and if a watch could not be resumed. */
  | { readonly type: 'Listed'; readonly by: ListedBy }
  /** The server closed a watch in order, as it does after a few minutes. The watch is resumed at once. */
  | { readonly type: 'Closed' }
  /** An object, as namespace/name, is not of the API's shape, and counts as absent. Reported once per object. */
  | { readonly type: 'Unreadable'; readonly object: string; readonly error: unknown };

/** Receives every event of an informer, in order. Must not throw. */
export type OnInformerEvent = (informer: InformerState, event: InformerEvent) => void;

/** What to watch. */
export interface WatchTarget<T> {
  /** For people, e.g. "Deployment csi-rbdplugin-provisioner". */
  readonly title: string;
  readonly rule: WatchedRule;
  /**
   * The operator can do without these objects. If the API server does not know the resource, there are none, and that is no
   * fault. No namespace waits for an optional informer that fails.
   */
  readonly optional?: boolean;
  /** Undefined: across all namespaces. */
  readonly namespace?: string;
  readonly path: string;
  /** Which objects the API server sends. Default: those of the rule's name, if it has one. */
  readonly fieldSelector?: string;
  /** Keeps only what is used, so that memory does not grow with the objects. */
  readonly project: Projection<T>;
}

/** All times are in milliseconds of performance.now(). */
export interface InformerState extends Pick<WatchTarget<unknown>, 'title' | 'rule'> {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly optional: boolean;
  readonly synced: boolean;
  /** Failures in a row, by which the waits grow. The count begins anew after a watch that lasted; see informer.ts. */
  readonly failures: number;
  /** The failure that it is waiting out; undefined while it is healthy. */
  readonly lastError: unknown;
  /** Since when it fails; undefined while it is healthy. */
  readonly failingSince: number | undefined;
  /** When its loop last did anything. */
  readonly lastActivity: number;
  /** When it last received something from the API server: a list, a watch that was resumed, or an event. */
  readonly lastEventAt: number;
}
