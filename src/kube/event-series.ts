/** The requests that create an event (events.k8s.io/v1), and that write the count of its series. */
import type { EventSpec } from '../domain/report/events.js';
import { sanitize } from '../domain/report/sanitize.js';
import { microTime } from '../domain/report/time.js';
import type { Call } from './transport.js';

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What every event of one process names as its source. */
export interface Reporter {
  readonly controller: string;
  readonly instance: string;
}

/** One event, and how often it has happened. */
export interface EventSeries {
  /** What makes two events one series; the note is no part of it. */
  readonly identity: string;
  readonly name: string;
  readonly regarding: ObjectReference;
  /** The first occurrence's: the note of a later one may differ. */
  readonly event: EventSpec;
  readonly related: ObjectReference | undefined;
  readonly first: Date;
  last: Date;
  count: number;
  /** How many occurrences the last request has reported; 0 before the first one. */
  written: number;
  writtenAt: Date;
}

/** Limits that the API server enforces, in bytes of UTF-8. */
const MAX_NOTE = 1024;
const MAX_INSTANCE = 128;

export function createCall(series: EventSeries, { controller, instance }: Reporter): Call {
  const { name, regarding, event, related, count, first } = series;
  return {
    method: 'POST',
    path: collectionPath(series),
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace: regarding.namespace },
      eventTime: microTime(first),
      ...(count === 1 ? {} : seriesField(series)),
      reportingController: controller,
      reportingInstance: instance.slice(0, MAX_INSTANCE),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: shortened(event.note),
      regarding,
      ...(related === undefined ? {} : { related }),
    },
  };
}

export function countCall(series: EventSeries): Call {
  return {
    method: 'PATCH',
    path: `${collectionPath(series)}/${series.name}`,
    contentType: 'application/merge-patch+json',
    body: seriesField(series),
  };
}

function collectionPath({ regarding }: EventSeries): string {
  return `/apis/events.k8s.io/v1/namespaces/${regarding.namespace}/events`;
}

function seriesField({ count, last }: EventSeries): object {
  return { series: { count, lastObservedTime: microTime(last) } };
}

function shortened(note: string): string {
  // A byte is at least what a code unit takes.
  const plain = sanitize(note, MAX_NOTE);
  const bytes = Buffer.from(plain);
  if (bytes.length <= MAX_NOTE) return plain;
  // A cut inside a character leaves U+FFFD at the end.
  const kept = bytes.subarray(0, MAX_NOTE - Buffer.byteLength('…')).toString();
  return `${kept.replace(/\uFFFD$/, '')}…`;
}
