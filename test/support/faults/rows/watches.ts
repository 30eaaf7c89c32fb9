/** Streams that say the wrong thing, or nothing. */
import type { ApiRequest } from '../api-request.js';
import { errorEvent, MALFORMED, reject, WITHOUT_VERSION, type Fault, type What } from '../fault.js';
import { BAD_GATEWAY } from './answers.js';
import { row, striking, type Obstacle, type Row } from '../row.js';

const LISTS_OF_DAEMONSETS = { moment: 'list', resource: 'daemonsets' } as const;
const RESUMED = 'resumed from the last good version';
const LOST = 'listed anew, as the API server may be back with an older backup';

const REFUSE_STREAMED_LIST: Fault = {
  matching: { ...LISTS_OF_DAEMONSETS, where: ({ query }) => query.watch === 'true' },
  times: 1,
  what: reject(422),
};

/** Whoever resumes from the version that was asked for first is told so, however often. */
function expired(what: What): Obstacle {
  let version: string | undefined;
  const where = ({ query }: ApiRequest): boolean => (version ??= query.resourceVersion) === query.resourceVersion;
  return { faults: [{ matching: { moment: 'watch', resource: 'daemonsets', where }, what }] };
}

export const WATCH_ROWS: readonly Row[] = [
  row('malformed line', 'watch', { obstacle: striking('watch', MALFORMED, 2), expected: RESUMED, boundS: 20 }),
  row('malformed line', 'list', { obstacle: striking('list', MALFORMED, 2), expected: 'listed anew', boundS: 30 }),
  row('event without resourceVersion', 'watch', {
    obstacle: striking('watch', WITHOUT_VERSION, 2),
    expected: RESUMED,
    boundS: 20,
  }),
  row('ends at once', 'watch', { obstacle: striking('watch', { kind: 'end' }, 3), expected: RESUMED, boundS: 30 }),
  row('ends at once', 'list', { obstacle: striking('list', { kind: 'end' }, 2), expected: 'listed anew', boundS: 30 }),
  row('ERROR event 410', 'watch', { obstacle: expired(errorEvent(410)), expected: 'listed anew', boundS: 20 }),
  row('410', 'watch', { obstacle: expired(reject(410)), expected: 'listed anew', boundS: 20 }),
  row('reset, not processed', 'watch', {
    obstacle: striking('watch', { kind: 'reset' }, 1),
    expected: LOST,
    boundS: 25,
  }),
  row("a proxy's page, 502", 'watch', { obstacle: striking('watch', BAD_GATEWAY, 1), expected: LOST, boundS: 25 }),
  row('ERROR event 500', 'watch', { obstacle: striking('watch', errorEvent(500), 2), expected: RESUMED, boundS: 20 }),
  row('ERROR event 500', 'list', {
    obstacle: striking('list', errorEvent(500), 2),
    expected: 'listed anew',
    boundS: 30,
  }),
  row('silent', 'watch', {
    obstacle: striking('watch', { kind: 'silence' }, 1),
    expected: 'given up after 90 s of silence, and listed anew',
    boundS: 110,
  }),
  row('silent', 'list', {
    obstacle: striking('list', { kind: 'silence' }, 1),
    expected: 'given up after 10 s of silence, and asked for pages from then on',
    boundS: 30,
  }),
  row('one byte at a time', 'watch', {
    obstacle: striking('watch', { kind: 'pieces', bytes: 1 }, 1),
    expected: 'put together',
    boundS: 30,
  }),
  row('gzip, not asked for', 'watch', {
    obstacle: striking('watch', { kind: 'gzip' }, 1),
    expected: 'no JSON: resumed from the last good version',
    boundS: 20,
  }),
  row('stale list', 'rest', {
    obstacle: striking('rest', { kind: 'stale' }, 1),
    expected: 'the patch that it asks for is rejected by its guards, and counts as no revert',
    boundS: 20,
    writes: { status: { atMost: 2 } },
  }),
  row('stale list', 'list', {
    obstacle: striking('list', { kind: 'stale' }, 1),
    expected: 'put right where it is reverted, though the list is of before',
    boundS: 20,
    writes: { status: { atMost: 2 } },
  }),
  row('next page expired', 'list', {
    obstacle: {
      faults: [
        REFUSE_STREAMED_LIST,
        {
          matching: { ...LISTS_OF_DAEMONSETS, where: ({ query }) => query.limit !== undefined && !query.continue },
          times: 1,
          what: { kind: 'another page' },
        },
        {
          matching: { ...LISTS_OF_DAEMONSETS, where: ({ query }) => query.continue !== undefined },
          times: 1,
          what: reject(410),
        },
      ],
    },
    expected: 'listed anew from the first page',
    boundS: 30,
  }),
];
