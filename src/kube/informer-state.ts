/** What an informer shows of itself, and tells of what happens to it. */

/** API group ("" for core), resource and name, as an RBAC rule names them; without a name all objects are watched. */
export interface WatchedRule {
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
}

/** By which requests a complete list came; `absence` where the API server does not know the resource. */
export type ListedBy = 'stream' | 'pages' | 'absence';

export interface InformerObserver {
  failed(informer: InformerState, error: unknown, retryInMs: number): void;
  /** The store is complete, for the first time or again after a failure. */
  synced(informer: InformerState): void;
  /** The store was filled anew by a complete list: at the start, and where a watch could not be resumed. */
  listed(informer: InformerState, by: ListedBy): void;
  /** The server ended a watch in order, as it does after a few minutes; it is resumed at once. */
  closed(informer: InformerState): void;
  /**
   * An object is not of the API's shape: it counts as absent until it is. Said once of each.
   *
   * @param object as namespace/name
   */
  unreadable(informer: InformerState, object: string, error: unknown): void;
  /** It was stopped: nothing more will be heard of it. */
  ended(informer: InformerState): void;
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
