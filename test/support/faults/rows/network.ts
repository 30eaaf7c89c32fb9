/** Connections that break as networks break them. */
import { row, type Obstacle, type Row, type RowMoment } from '../row.js';
import type { Toxic } from '../toxiproxy.js';

/** A write may fail and be told of, and be told to be well again. */
const TOLD_OFTEN = { status: { atMost: 4 } };

function broken(network: Toxic | 'rejected', forS: number): Obstacle {
  return { network, forMs: forS * 1000 };
}

interface Breakage {
  readonly fault: string;
  readonly obstacle: Obstacle;
  readonly expected: string;
  /** How long after its begin all is right, by moment, in seconds. */
  readonly boundS: Partial<Record<RowMoment, number>>;
  readonly restarts?: number;
}

const BACK = 'at work again after the back-off';

const BREAKAGES: readonly Breakage[] = [
  {
    fault: 'connections rejected for 4 s',
    obstacle: broken('rejected', 4),
    expected: BACK,
    boundS: { start: 25, work: 25, lease: 25 },
  },
  {
    fault: 'every connection reset for 4 s',
    obstacle: broken({ type: 'reset_peer', attributes: { timeout: 0 } }, 4),
    expected: BACK,
    boundS: { start: 25, work: 25, lease: 25 },
  },
  {
    fault: 'connections reset after 1 s, for 8 s',
    obstacle: broken({ type: 'reset_peer', attributes: { timeout: 1_000 } }, 8),
    expected: BACK,
    boundS: { start: 30, work: 30 },
  },
  {
    fault: 'blackhole of answers for 8 s',
    obstacle: broken({ type: 'timeout', attributes: { timeout: 0 } }, 8),
    expected: BACK,
    boundS: { work: 30 },
  },
  {
    fault: 'blackhole of answers for 3 s',
    obstacle: broken({ type: 'timeout', attributes: { timeout: 0 } }, 3),
    expected: BACK,
    boundS: { lease: 25 },
  },
  {
    fault: 'blackhole of answers for 20 s',
    obstacle: broken({ type: 'timeout', attributes: { timeout: 0 } }, 20),
    expected: BACK,
    boundS: { start: 45, work: 45 },
  },
  {
    fault: 'blackhole of requests for 20 s',
    obstacle: broken({ type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } }, 20),
    expected: BACK,
    boundS: { start: 45, work: 45 },
  },
  {
    fault: 'blackhole of answers for 20 s',
    obstacle: broken({ type: 'timeout', attributes: { timeout: 0 } }, 20),
    expected: 'the Lease is lost after 10 s; the process starts anew, and leads 15 s after it has seen the Lease',
    boundS: { lease: 70 },
    restarts: 1,
  },
  {
    fault: 'connections rejected for 15 s',
    obstacle: broken('rejected', 15),
    expected: 'the Lease is lost after 10 s; the process starts anew, and leads 15 s after it has seen the Lease',
    boundS: { lease: 70 },
    restarts: 1,
  },
  {
    fault: 'latency of 1 s ± 0.5 s for 10 s',
    obstacle: broken({ type: 'latency', attributes: { latency: 1_000, jitter: 500 } }, 10),
    expected: 'waited for',
    boundS: { start: 40, work: 40, lease: 40 },
  },
  {
    fault: '8 KB/s for 10 s',
    obstacle: broken({ type: 'bandwidth', attributes: { rate: 8 } }, 10),
    expected: 'waited for',
    boundS: { start: 40, work: 40, lease: 40 },
  },
  {
    fault: 'closed 3 s late, for 10 s',
    obstacle: broken({ type: 'slow_close', attributes: { delay: 3_000 } }, 10),
    expected: 'not noticed',
    boundS: { start: 30, work: 30 },
  },
  {
    fault: 'pieces of about 20 bytes for 10 s',
    obstacle: broken({ type: 'slicer', attributes: { average_size: 20, size_variation: 10, delay: 200 } }, 10),
    expected: 'put together',
    boundS: { start: 30, work: 30, lease: 30 },
  },
  {
    fault: 'cut after 3,000 bytes, for 8 s',
    obstacle: broken({ type: 'limit_data', attributes: { bytes: 3_000 } }, 8),
    expected: BACK,
    boundS: { start: 30, work: 30 },
  },
];

export const NETWORK_ROWS: readonly Row[] = BREAKAGES.flatMap(({ fault, obstacle, expected, boundS, restarts = 0 }) =>
  Object.entries(boundS).map(([moment, bound]) =>
    row(fault, moment as RowMoment, { obstacle, expected, boundS: bound, restarts, writes: TOLD_OFTEN }),
  ),
);
