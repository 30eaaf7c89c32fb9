/** The state of an informer, and the events that it reports. */
import type { Projection } from './object-reader.js';

/** API group ("" for core), resource and name, as an RBAC rule names them; without a name all objects are watched. */
export interface WatchedRule {
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
}

/** By which requests a complete list came; `absence` where the API server does not know the resource. */
export type ListedBy = 'stream' | 'pages' | 'absence';

export type InformerEvent =
  /** A list or a watch failed and is tried again after this wait. */
  | { readonly type: 'Failed'; readonly error: unknown; readonly retryInMs: number }
  /** The store is complete, for the first time or again after a failure. */
  | { readonly type: 'Synced' }
  /** A complete list replaced the store: at the start, and when a watch could not be resumed. */
  | { readonly type: 'Listed'; readonly by: ListedBy }
  /** The server closed a watch in order, as it does after a few minutes. The watch is resumed at once. */
  | { readonly type: 'Closed' }
  /** An object, as namespace/name, is not of the API's shape. It counts as absent until it is. Reported once per object. */
  | { readonly type: 'Unreadable'; readonly object: string; readonly error: unknown };

/** Receives every event of an informer, in order. Must not throw. */
export type OnInformerEvent = (informer: InformerState, event: InformerEvent) => void;

/** What to watch. */
export interface WatchTarget<T> {
  /** For people, e.g. "Deployment csi-rbdplugin-provisioner". */
  readonly title: string;
  readonly rule: WatchedRule;
  /**
   * What the operator can do without. Where the API server does not know the resource there are no such objects, and
   * that is no fault; and nobody waits for an optional informer that is failing.
   */
  readonly optional?: boolean;
  /** Undefined: across all namespaces. */
  readonly namespace?: string;
  readonly path: string;
  /** Keeps only what is used, so that memory does not grow with the objects. */
  readonly project: Projection<T>;
}

export interface InformerState {
  readonly title: string;
  readonly rule: WatchedRule;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly optional: boolean;
  readonly synced: boolean;
  /** Failures in a row, by which the waits grow: it begins anew where a watch ended in order, or was open for longer than the longest wait. */
  readonly failures: number;
  /** The failure that it is waiting out; undefined while all is well. */
  readonly lastError: unknown;
  /** Since when, in milliseconds of performance.now(); undefined as well while all is well. */
  readonly failingSince: number | undefined;
  /** When its loop last did anything, in milliseconds of performance.now(). */
  readonly lastActivity: number;
  /** When the API server last told it anything (a list, a watch that it resumed, an event), in milliseconds of performance.now(). */
  readonly lastEventAt: number;
}
