/** The API server goes away and comes back; so does the operator. */
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CONFLICT_LAYOUT, layoutOf, SLOTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });

function waitForLayout(rook: RookInstallation, layout: readonly number[]): Promise<boolean> {
  return waitFor(`ports ${layout.join()}`, async () => (await rook.layout()).join() === layout.join());
}

test('an outage of the API server is sat out: healthy all along, and at work again without a restart', async () => {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();

  await controlPlane.killApiServer();
  await operator.waitForWatchFailures(6);
  expect((await operator.probe('/healthz')).status).toBe(200);
  // It serves from what it knows, as client-go's informers do: stores that were complete once stay so.
  expect((await operator.probe('/readyz')).status).toBe(200);
  await controlPlane.startApiServer();
  await rook.rewrite('rbdNodePlugin');
  await waitForLayout(rook, layoutOf());

  await operator.waitForReverts(1);
  expect(operator.isRunning).toBe(true);
  expect((await operator.probe('/healthz')).status).toBe(200);
  // One line for all six watches; what a starting API server answers (403 until it has read its own roles) is another matter.
  const outages = operator.warnings.filter(({ msg, error }) => {
    return msg !== 'Event not recorded' && !/: \d{3} /.test(String(error));
  });
  expect(outages.map(({ msg }) => msg)).toEqual(['Watch failed']);

  // The second outage is news again.
  await waitFor(
    'every watch to work again',
    () => Promise.resolve(operator.log.some(({ msg }) => msg === 'All watches work again')),
    { lastSeen: () => operator.log.slice(-30) },
  );
  const logged = operator.log.length;
  await controlPlane.killApiServer();
  await waitFor('the second outage in the log', () =>
    Promise.resolve(operator.log.slice(logged).some(({ level, msg }) => level === 'warn' && msg === 'Watch failed')),
  );
  await controlPlane.startApiServer();
});

test('changes made while the API server was away from the operator are not missed', async () => {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  process.kill(operator.pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(operator.pid, 'SIGCONT'));
  await controlPlane.killApiServer();
  await controlPlane.startApiServer();
  await rook.rewrite('rbdNodePlugin');
  await controlPlane.api.delete(rook.workloadPath('cephfsProvisioner'));
  process.kill(operator.pid, 'SIGCONT');

  const status = await assignment.waitForState('cephfsProvisioner', 'Absent');
  await waitFor('the rewrite to be reverted', async () => (await rook.ports('rbdNodePlugin')).argument === 9072);
  expect(status.provider).toBe('Rook');
  await assignment.waitUntilSettled();
  expect(await operator.reverts()).toBe(1);
});

test('started while the API server is away, the operator keeps trying, says so once, and then works', async () => {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, 'csi-port-operator');
  await controlPlane.killApiServer();
  const operator = await Operator.start({ kubeconfig });
  onTestFinished(async () => {
    await operator.stop();
  });

  const failures = await operator.waitForWatchFailures(12);
  expect(operator.warnings).toHaveLength(1);
  expect(failures[0]).toMatchObject({ level: 'warn', error: expect.stringContaining('ECONNREFUSED') as string });
  expect((await operator.probe('/healthz')).status).toBe(200);
  const readiness = await operator.probe('/readyz');
  expect(readiness.status).toBe(503);
  expect(readiness.body.match(/^\[-\] .* not synced: .*ECONNREFUSED/gm)).toHaveLength(SLOTS.length + 3);

  await controlPlane.startApiServer();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  await operator.waitUntilReady();
});

test('what was changed while the operator was down is put right at its start, and is nothing that this process had written', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await operator.stop()).toBe(0);
  await rook.writePass();
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);

  const mark = await cluster().controlPlane.audit.mark();
  const successor = await cluster().startOperator();
  await waitForLayout(rook, layoutOf());
  const writes = await cluster().writesUntilSettled(mark, assignment);
  // The provisioner of RBD has Rook's own port.
  expect(writes.filter((write) => write !== STATUS_WRITE).sort()).toEqual([
    'patch daemonsets csi-rbdplugin',
    'patch deployments csi-cephfsplugin-provisioner',
  ]);
  expect(await successor.reverts()).toBe(0);
});

test('killed without a word and started again, the operator writes nothing where nothing differs', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  await operator.kill();
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  expect(await rook.layout()).toEqual(layoutOf());
});
