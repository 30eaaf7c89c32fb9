/** What an admin reads and greps for. That no log tells a secret is checked of every operator that the tests start. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { LogLine, Operator } from '../support/operator.js';

const cluster = useCluster({ nodes: 0 });

function said({ log }: Operator, message: string): LogLine[] {
  return log.filter(({ msg }) => msg === message);
}

test('what one reconcile did has one id, and the next one another', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  const patches = (): LogLine[] => said(operator, 'Patched workload');
  const ids = (lines: readonly LogLine[]): unknown[] => lines.map(({ reconcileID }) => reconcileID);
  await rook.rewrite('rbdNodePlugin');
  const { reconcileID: repair } = await operator.waitForLine(
    'the repair',
    ({ revertedBy }) => revertedBy !== undefined,
  );
  const [first, , third] = ids(patches());
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(repair).not.toBe(first);
  expect(third).toBe(repair);
  await assignment.edit({ ports: { rbdNodePlugin: 9172 } });
  await operator.waitForLine('the status of what was patched for the edit', ({ msg, reconcileID }) => {
    return msg === 'Updated status' && ids(patches()).indexOf(reconcileID) >= 3;
  });
  expect(ids(patches().filter(({ revertedBy }) => revertedBy !== undefined))).toEqual([repair]);
  for (const line of patches()) expect(line.namespace).toBe(rook.namespace);
});

test('SIGUSR1 makes it say more, the next one makes it stop, and no debugger opens', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator({ args: ['--log-level=info'] });
  await assignment.waitForReason('Ready', 'RollingOut');
  const levels = (): string[] => operator.log.map(({ level }) => level);
  expect(levels()).not.toContain('debug');

  const toggled = async (times: number): Promise<void> => {
    process.kill(operator.pid, 'SIGUSR1');
    await waitFor('the level to change', () => Promise.resolve(said(operator, 'Log level changed').length === times));
  };
  await toggled(1);
  // A reconcile that has nothing to write says so in debug.
  await cluster().controlPlane.api.delete(rook.workloadPath('cephfsProvisioner'));
  await operator.waitForMessage('Reconciled');
  await toggled(2);
  expect(said(operator, 'Log level changed').map(({ to }) => to)).toEqual(['debug', 'info']);
  expect(operator.warnings).toEqual([]);
});

test('pretty is for people: one readable line, its fields below', async () => {
  const { assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator({ args: ['--log-format=pretty'] });
  await assignment.waitForReason('Ready', 'RollingOut');
  const line = await operator.waitForLine('a patch', ({ msg }) => /INFO.*: Patched workload$/.test(msg));
  await waitFor('its fields', () => Promise.resolve(operator.log.indexOf(line) + 1 < operator.log.length));
  expect(operator.messages[operator.log.indexOf(line) + 1]).toMatch(/^ {4}namespace: "rook-\d+"$/);
});
