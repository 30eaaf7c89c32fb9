/** The API server rejects: each code, at each moment. */
import { reject, type What } from '../fault.js';
import { row, striking, TOLD, type Row, type RowOptions, type StruckMoment } from '../row.js';

const AGAIN = 'asked again after the back-off';
const SENT_AGAIN = 'sent again after the back-off';
const READ_AGAIN = 'the object is read again, and the write planned anew';
const REFUSED = 'told as rejected, and sent again after 30 s';

/** How often the first of the two tries of each request is rejected: a 401 is asked again once, with the token read anew. */
function timesOf(code: number, tries: number): number {
  return code === 401 ? 2 * tries : tries;
}

function whatOf(code: number): What {
  return reject(code, code === 429 ? { retryAfterSeconds: 2 } : {});
}

function rejected(code: number, moment: StruckMoment, tries: number, options: Omit<RowOptions, 'obstacle'>): Row {
  return row(String(code), moment, { obstacle: striking(moment, whatOf(code), timesOf(code, tries)), ...options });
}

const WATCHES = 6;
const OF_ANY_REQUEST = [401, 403, 429, 500, 503];
const OF_A_WRITE = [401, 409, 410, 422, 429, 500, 503];
const OUTDATED = [409, 422];

const reading: Row[] = OF_ANY_REQUEST.flatMap((code) => [
  rejected(code, 'start', 2 * WATCHES, { expected: AGAIN, boundS: 20 }),
  rejected(code, 'list', 2, { expected: AGAIN, boundS: 30 }),
  rejected(code, 'watch', 2, { expected: AGAIN, boundS: 20 }),
]);

const writing: Row[] = OF_A_WRITE.flatMap((code) => {
  const expected = OUTDATED.includes(code) ? READ_AGAIN : SENT_AGAIN;
  return [
    rejected(code, 'patch', 2, { expected, boundS: 15, writes: TOLD }),
    rejected(code, 'pin', 2, { expected, boundS: 15, writes: TOLD }),
    rejected(code, 'status', 2, { expected: code === 409 ? READ_AGAIN : SENT_AGAIN, boundS: 15 }),
  ];
});

const CAUSES = { details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec', message: 'by policy' }] } };

const byPolicy: Row[] = (['patch', 'pin'] as const).flatMap((moment) => [
  rejected(403, moment, 1, { expected: REFUSED, boundS: 50, writes: TOLD }),
  row('422 with causes', moment, {
    obstacle: striking(moment, reject(422, CAUSES), 1),
    expected: REFUSED,
    boundS: 50,
    writes: TOLD,
  }),
]);

const aside: Row[] = [401, 403, 409, 429, 503].flatMap((code) => [
  rejected(code, 'event', 2, {
    expected: 'nothing waits for it; an event may be lost, and none is there twice',
    boundS: 10,
  }),
  // On a machine that is busy for seconds two renewals that come late may be too late.
  rejected(code, 'lease', 2, { expected: 'renewed 2 s later, and led on', boundS: 20, restarts: { atMost: 1 } }),
]);

const others: Row[] = [
  rejected(403, 'status', 2, { expected: SENT_AGAIN, boundS: 15 }),
  rejected(422, 'list', 1, { expected: 'asked for pages instead, from then on', boundS: 15 }),
  row('503 for 15 s', 'lease', {
    obstacle: { faults: [{ matching: { moment: 'lease' }, forMs: 15_000, what: reject(503) }] },
    expected: 'the port is put back before; then the Lease is lost, and the process starts anew',
    boundS: 60,
    restarts: 1,
  }),
];

export const REFUSAL_ROWS: readonly Row[] = [...reading, ...writing, ...byPolicy, ...aside, ...others];
