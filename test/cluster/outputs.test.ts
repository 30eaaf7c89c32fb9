/** docs/results/outputs.md: what an admin sees in each state, made anew and compared. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { OUTPUTS_PAGE, outputsPage } from '../support/outputs/page.js';

const cluster = useCluster({ installed: false });

test(`${OUTPUTS_PAGE} is what npm run outputs writes`, async () => {
  expect(await outputsPage(cluster().controlPlane)).toBe(readFileSync(OUTPUTS_PAGE, 'utf8'));
});
