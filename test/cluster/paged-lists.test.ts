/** An API server that does not stream lists, as before Kubernetes 1.32: list first, watch from there. */
import { expect, test } from 'vitest';
import { CephCsiOperator } from '../support/ceph-csi-operator/ceph-csi-operator.js';
import { OPERATOR_USER, useCluster } from '../support/cluster.js';

const cluster = useCluster({ nodes: 0, streamedLists: false });

test('the conflict is solved, a revert is repaired, and what is listed is watched', async () => {
  const { controlPlane } = cluster();
  await new CephCsiOperator(controlPlane).installCrd();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  await rook.rewrite('rbdNodePlugin');
  await assignment.waitForReverts(1);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);

  // By then the workloads of ceph-csi-operator are watched as well: Rook's own are not all there.
  await controlPlane.api.delete(rook.workloadPath('cephfsProvisioner'));
  await assignment.waitForState('cephfsProvisioner', 'Absent');
  await operator.waitUntilReady();
  expect(operator.warnings).toEqual([]);
  const requests = await controlPlane.audit.since(mark, { user: OPERATOR_USER });
  const names = (verb: string): string[] => [
    ...new Set(requests.filter((entry) => entry.verb === verb && entry.code === 200).map(({ name }) => name ?? '')),
  ];
  const listed = names('list').sort();
  expect(listed).toContain(`${rook.namespace}.rbd.csi.ceph.com-ctrlplugin`);
  expect(names('watch').sort()).toEqual(listed);
});
