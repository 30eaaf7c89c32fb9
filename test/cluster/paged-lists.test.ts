/** An API server that does not stream lists, as before Kubernetes 1.32: list first, watch from there. */
import { expect, test } from 'vitest';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { layoutOf } from '../support/slots.js';
import { OPERATOR_USER } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, streamedLists: false });

test('the conflict is solved, a revert is repaired, and what is listed is watched', async () => {
  const { controlPlane } = cluster();
  await new CephCsiOperator(controlPlane).installCrd();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  await rook.rewrite('rbdNodePlugin');
  await operator.waitForReverts(1);
  expect(await rook.layout()).toEqual(layoutOf());

  await operator.waitUntilReady();
  expect(operator.warnings).toEqual([]);
  const objects = async (verb: string): Promise<string[]> => {
    const requests = await controlPlane.audit.since(mark, { user: OPERATOR_USER });
    const answered = requests.filter((entry) => entry.verb === verb && entry.code === 200);
    return [...new Set(answered.map(({ resource, name = '' }) => `${resource} ${name}`))].sort();
  };
  await waitFor(
    'a watch of all that is listed',
    async () => (await objects('watch')).length === (await objects('list')).length,
    { lastSeen: async () => [await objects('list'), await objects('watch')] },
  );
  expect(await objects('list')).toHaveLength(8);
  expect(await objects('watch')).toEqual(await objects('list'));
});
