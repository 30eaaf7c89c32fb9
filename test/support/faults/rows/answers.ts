/** The answer comes late, comes to harm or does not come. */
import type { What } from '../fault.js';
import { row, striking, TOLD, type Row, type StruckMoment } from '../row.js';

const ALL: readonly StruckMoment[] = ['start', 'list', 'watch', 'patch', 'pin', 'status', 'event', 'lease'];
const WRITING: readonly StruckMoment[] = ['patch', 'pin', 'status', 'event', 'lease'];
const CALLS: readonly StruckMoment[] = ['list', ...WRITING];

interface Harm {
  readonly fault: string;
  readonly what: What;
  readonly times: number;
  readonly moments: readonly StruckMoment[];
  readonly expected: string;
  readonly boundS: number;
}

export const BAD_GATEWAY: What = {
  kind: 'answer',
  status: 502,
  headers: { 'Content-Type': 'text/html' },
  body: '<html>Bad gateway</html>\n',
};
const PAGE = { 'Content-Type': 'text/html' };
const AGAIN = 'tried again after the back-off';

const HARMS: readonly Harm[] = [
  {
    fault: 'answered after 3 s',
    what: { kind: 'delay', ms: 3_000 },
    times: 1,
    moments: ALL,
    expected: 'waited for',
    boundS: 20,
  },
  {
    fault: 'reached after 20 s',
    what: { kind: 'delay', ms: 20_000 },
    times: 1,
    moments: ['patch', 'pin', 'status', 'event'],
    expected: 'sent again after 15 s; what comes late is rejected by its guards or its version',
    boundS: 35,
  },
  {
    fault: 'reset, not processed',
    what: { kind: 'reset' },
    times: 2,
    moments: ['start', 'list', ...WRITING],
    expected: AGAIN,
    boundS: 25,
  },
  {
    fault: 'processed, answer lost',
    what: { kind: 'lose' },
    times: 1,
    moments: WRITING,
    expected: 'sent again at once; the second is rejected by its guards or its version, and the object is read',
    boundS: 15,
  },
  {
    fault: 'processed, answer lost twice',
    what: { kind: 'lose' },
    times: 2,
    moments: WRITING,
    expected: 'the object is read again, or seen to be done',
    boundS: 15,
  },
  {
    fault: 'answer cut after 40 bytes',
    what: { kind: 'cut', bytes: 40 },
    times: 1,
    moments: CALLS,
    expected: AGAIN,
    boundS: 20,
  },
  {
    fault: 'processed, headers and then nothing',
    what: { kind: 'silence' },
    times: 1,
    moments: ['patch', 'pin', 'status', 'event'],
    expected: 'done at once; given up after 15 s, and rejected by its guards or its version where it is sent again',
    boundS: 30,
  },
  {
    fault: 'gzip, not asked for',
    what: { kind: 'gzip' },
    times: 1,
    moments: CALLS,
    expected: 'no JSON: tried again after the back-off',
    boundS: 20,
  },
  {
    fault: 'one byte at a time',
    what: { kind: 'pieces', bytes: 1 },
    times: 1,
    // Not the Lease: on a busy machine so many pieces take longer than it has.
    moments: ['start', 'list', 'patch', 'pin', 'status', 'event'],
    expected: 'put together',
    boundS: 60,
  },
  {
    fault: "a proxy's page, 200",
    what: { kind: 'answer', status: 200, headers: PAGE, body: '<html>Sign in</html>\n' },
    times: 2,
    moments: ['start', 'list', 'watch', ...WRITING],
    expected: 'no JSON: tried again after the back-off',
    boundS: 25,
  },
  {
    fault: "a proxy's page, 502",
    what: BAD_GATEWAY,
    times: 2,
    moments: ['list', 'patch', 'pin', 'status'],
    expected: AGAIN,
    boundS: 25,
  },
  {
    fault: 'nothing, 200',
    what: { kind: 'answer', status: 200, body: '' },
    times: 1,
    moments: ['list', 'watch', 'patch', 'pin', 'status'],
    expected: AGAIN,
    boundS: 20,
  },
];

/** Between one renewal and the next that can be answered lie 9.6 s at most, of the 10 s that there are. */
const LATE_RENEWAL = row('reached after 20 s', 'lease', {
  obstacle: striking('lease', { kind: 'delay', ms: 20_000 }, 1),
  expected: 'renewed after 5 s, on another connection; where that is late by half a second, the process starts anew',
  boundS: 60,
  restarts: { atMost: 1 },
});

/** Where it is not what the others do. */
const ASIDE: Partial<Record<StruckMoment, string>> = {
  event: 'nothing waits for it; an event may be lost, and none is there twice',
  lease: 'renewed late, and led on',
};

const harmed = HARMS.flatMap(({ fault, what, times, moments, expected, boundS }) =>
  moments.map((moment) => {
    const writes = moment === 'patch' || moment === 'pin' ? { writes: TOLD } : {};
    const told = ASIDE[moment] ?? expected;
    // On a machine that is busy for seconds a renewal that comes late may be too late.
    const anew = moment === 'lease' ? { restarts: { atMost: 1 } } : {};
    return row(fault, moment, { obstacle: striking(moment, what, times), expected: told, boundS, ...writes, ...anew });
  }),
);

export const ANSWER_ROWS: readonly Row[] = [...harmed, LATE_RENEWAL];
