/**
 * What the API server, a proxy before it or the network may do to the operator, as a table: each row has a namespace, an
 * operator and a way to the API server of its own, so they run beside each other.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { allowRows } from '../support/faults/world.js';
import { ANSWER_ROWS } from '../support/faults/rows/answers.js';
import { NETWORK_ROWS } from '../support/faults/rows/network.js';
import { REFUSAL_ROWS } from '../support/faults/rows/rejections.js';
import { WATCH_ROWS } from '../support/faults/rows/watches.js';
import { runRow } from '../support/faults/run-row.js';
import { recorded, textTable, violations, type Recorded } from '../support/faults/table.js';
import { Toxiproxy } from '../support/faults/toxiproxy.js';
import { toolProblem } from '../support/tools/tools.js';

const ROWS = [...REFUSAL_ROWS, ...ANSWER_ROWS, ...WATCH_ROWS, ...NETWORK_ROWS].map((row, index) => ({ row, index }));
/** So that none of them is the last to begin. */
const MAX_FIRST = ROWS.toSorted((a, b) => b.row.boundS - a.row.boundS);

const cluster = useCluster({ nodes: 0 });
const noToxiproxy = await toolProblem('toxiproxy');
/** A run of CI that leaves rows out looks like one in which they held. */
const maySkip = (process.env.CI ?? '') === '';
if (noToxiproxy !== undefined && maySkip) console.log(`skipped: the faults of the network, as ${noToxiproxy}`);
const results: (Recorded | undefined)[] = [];
/** Of rows, second attempts included: each has a namespace of its own. */
let attempts = 0;
let toxiproxy: Toxiproxy | undefined;

beforeAll(async () => {
  await allowRows(cluster());
  if (noToxiproxy === undefined) toxiproxy = await Toxiproxy.start();
});

afterAll(async () => {
  await toxiproxy?.stop();
  const rows = results.filter((result) => result !== undefined);
  console.log(textTable(rows));
  const { FAULTS_RECORD: file } = process.env;
  if (file !== undefined) await writeFile(file, `${JSON.stringify(rows, undefined, 2)}\n`);
});

test.concurrent.for(MAX_FIRST)('$row.moment: $row.fault', async ({ row, index }, { skip }) => {
  if ('network' in row.obstacle && noToxiproxy !== undefined) {
    skip(maySkip, noToxiproxy);
    throw new Error(`${noToxiproxy}; in CI set up Go before the tests, as .github/workflows/ci.yml does`);
  }
  const measured = await runRow(cluster(), row, `row-${attempts++}`, toxiproxy);
  results[index] = recorded(row, measured);
  expect(violations(row, measured)).toEqual([]);
  expect(measured.foreign.after).toEqual(measured.foreign.before);
});
