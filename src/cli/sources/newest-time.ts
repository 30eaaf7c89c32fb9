/** The times of a dump tell when it was taken, about. */

/** Fields that hold a time which has passed, unlike the end of a certificate or of a grace. */
const PAST = [
  'creationTimestamp',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastHeartbeatTime',
  'lastTimestamp',
  'eventTime',
  'renewTime',
  'startedAt',
  'finishedAt',
  'time',
];
const TIMES = new RegExp(
  `(?:${PAST.join('|')})"?: *["']?(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)?Z`,
  'g',
);

/** RFC 3339 without a fraction and without its Z; empty if there is none. */
export function newestTime(text: string): string {
  let newest = '';
  for (const [, time = ''] of text.matchAll(TIMES)) if (time > newest) newest = time;
  return newest;
}
