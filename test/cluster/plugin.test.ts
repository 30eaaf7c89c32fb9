/** kubectl csiports on a cluster, as an admin meets it: before anything is installed, by hand, and with the operator. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { Holder } from '../support/holders.js';
import { Operator } from '../support/operator.js';
import { commandsOf, Plugin } from '../support/plugin.js';
import { RookInstallation, type InstallOptions } from '../support/rook/installation.js';
import { CONFLICT_LAYOUT, keysOf, layoutOf, PROVISIONERS, SLOTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useCluster({ installed: false });
const NODES = ['node-1', 'node-2', 'node-3'];

let plugin: Plugin;
beforeAll(() => {
  plugin = new Plugin(cluster().controlPlane);
});

/** Rook with the conflict: its node plugins run, its provisioners are Pending for want of the port; gone after the test. */
async function installConflict(options: Partial<InstallOptions> = {}): Promise<RookInstallation> {
  const { controlPlane } = cluster();
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-ceph', version: '1.17.9', ...options });
  onTestFinished(async () => {
    await controlPlane.kubectl(['-n', rook.namespace, 'delete', 'deployments,daemonsets', '--all', '--wait=false']);
    await waitFor('the pods to be gone', async () => (await rook.pods()).length === 0);
  });
  await waitFor(
    'all provisioner pods to be Pending',
    async () => {
      const pods = (await rook.pods()) as { status?: { phase?: string } }[];
      const count = (phase: string): number => pods.filter(({ status }) => status?.phase === phase).length;
      return count('Pending') === 2 * PROVISIONERS.length && count('Running') === 2 * NODES.length;
    },
    { lastSeen: () => rook.pods() },
  );
  return rook;
}

describe('nothing is installed', () => {
  test('kubectl lists the plugin, and without Rook there is no conflict', async () => {
    const { stdout } = await plugin.shell('kubectl plugin list');
    expect(stdout).toContain('kubectl-csiports');
    expect(await plugin.run(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
    const { code, document } = await plugin.document('check');
    expect({ code, verdict: document.verdict }).toEqual({ code: 0, verdict: 'NoRook' });
  });

  test('check names the port, its holders and the nodes, and exits with 1', async () => {
    const rook = await installConflict();
    const { code, stdout, stderr } = await plugin.run(['check']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    for (const word of ['9070', 'csi-rbdplugin-provisioner', 'csi-cephfsplugin-provisioner', ...NODES])
      expect(stdout).toContain(word);
    expect(stdout).not.toContain('\x1b');
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);

    const { document } = await plugin.document('check');
    expect(document).toMatchObject({
      apiVersion: 'csiports.io/cli/v1',
      kind: 'CheckReport',
      verdict: 'Conflict',
      gaps: [],
    });
    const [conflict] = document.rooks[0]!.conflicts;
    expect(conflict).toMatchObject({ port: 9070, nodes: NODES, nodeCount: 3 });
    expect(conflict!.holders.map(({ name }) => name)).toContain('csi-rbdplugin');
    // It has only read.
    expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
  });

  test('another namespace has no conflict; status and doctor say what is missing', async () => {
    await installConflict();
    expect((await plugin.run(['check', '-n', 'default'])).code).toBe(0);
    const status = await plugin.document('status');
    expect(status.document).toMatchObject({ assignments: [], unassigned: ['rook-ceph'] });
    const doctor = await plugin.document('doctor');
    expect(doctor.code).toBe(1);
    const failed = doctor.document.checks.filter(({ verdict }) => verdict === 'fail').map(({ title }) => title);
    expect(failed).toEqual(expect.arrayContaining([expect.stringContaining('CustomResourceDefinition'), 'Operator']));
  });

  test('the commands of plan, run as they are printed, end the conflict', async () => {
    const rook = await installConflict();
    const { code, stdout } = await plugin.run(['plan', '-n', rook.namespace]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *- --controller-port=9070\n *\+ --controller-port=9071$/m);
    const patches = commandsOf(stdout).filter((command) => command.includes(' patch '));
    expect(patches.length).toBeGreaterThan(2);
    for (const patch of patches) {
      const result = await plugin.shell(patch);
      expect({ patch, ...result }).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await rook.layout()).toEqual(layoutOf());
    await rook.podsAtRest();
    expect((await plugin.run(['check'])).code).toBe(0);
    expect((await plugin.document('plan')).document.rooks[0]).toMatchObject({ workloads: [], keys: [], byHand: [] });
    // And for good: Rook renders the same by its settings.
    expect(await rook.config()).toMatchObject(
      keysOf({ rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 }),
    );
    await rook.writePass(await rook.config());
    expect(await rook.layout()).toEqual(layoutOf());
  });

  test('plan has the Helm values that make it permanent', async () => {
    await installConflict();
    const { stdout } = await plugin.run(['plan']);
    expect(stdout).toMatch(/csiAddonsPort: 9072/);
    expect(stdout).toMatch(/csiAddonsRBDProvisionerPort: 9070/);
    expect(stdout).toMatch(/csiAddonsCephFSProvisionerPort: 9071/);
  });
});

describe('the operator is installed', () => {
  beforeAll(async () => {
    const { controlPlane } = cluster();
    await controlPlane.kubectl(['apply', '-k', 'config/default']);
    await controlPlane.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
    await controlPlane.kubectl(['-n', OPERATOR_NAMESPACE, 'rollout', 'status', 'deployment/csi-port-operator']);
  });

  /** The pods of the Deployment run in name only. */
  async function startOperator(): Promise<Operator> {
    const args = ['--leader-elect', `--leader-elect-namespace=${OPERATOR_NAMESPACE}`];
    const operator = await Operator.start({ kubeconfig: await cluster().operatorKubeconfig(), args });
    onTestFinished(async () => {
      await operator.stop();
    });
    await operator.waitUntilReady();
    return operator;
  }

  test('without an assignment check still exits with 1, and with one it ends with 0; all is right for doctor', async () => {
    const rook = await installConflict();
    await startOperator();
    expect((await plugin.run(['check'])).code).toBe(1);
    const step = commandsOf((await plugin.run(['check'])).stdout);
    expect(step.join('\n')).toContain('kubectl');

    const assignment = cluster().assignment(rook.namespace);
    await assignment.create();
    onTestFinished(() => assignment.delete());
    await assignment.waitUntilAssigned();
    await rook.podsAtRest();
    await assignment.waitUntilSettled();
    await assignment.waitUntilAssigned();

    expect(await plugin.run(['check'])).toMatchObject({ code: 0, stderr: '' });
    const { code, document } = await plugin.document('status');
    expect(code).toBe(0);
    expect(document.assignments).toHaveLength(1);
    expect(document.assignments[0]).toMatchObject({ namespace: rook.namespace, operator: 'UpToDate' });
    const conditions = document.assignments[0]!.conditions.map(({ type, reason, message }) => ({
      type,
      reason,
      message,
    }));
    const stored = (await assignment.status()).conditions.map(({ type, reason, message }) => ({
      type,
      reason,
      message,
    }));
    expect(conditions).toEqual(stored);
    const doctor = await plugin.document('doctor');
    // kwok runs no sidecar, so none has made its CSIAddonsNode.
    expect(doctor.document.checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([
      expect.objectContaining({ title: `csi-addons in ${rook.namespace}`, verdict: 'warn' }),
    ]);
    expect(doctor.code).toBe(0);
  });

  test('a held port of the spec is a conflict, in the words of the operator', async () => {
    const holder = await Holder.start(cluster().controlPlane, { kind: 'DaemonSet', port: 9075 });
    onTestFinished(() => holder.remove());
    const rook = await installConflict();
    await startOperator();
    const assignment = cluster().assignment(rook.namespace);
    await assignment.create({ ports: { cephfsProvisioner: 9075 } });
    onTestFinished(() => assignment.delete());
    await assignment.waitForReason('Ready', 'PortInUse');
    const { code, document } = await plugin.document('check');
    expect({ code, verdict: document.verdict }).toEqual({ code: 1, verdict: 'Held' });
    expect(document.summary).toContain(holder.title);
    const status = await plugin.document('status');
    const { message } = await assignment.condition('Ready');
    expect(status.document.assignments[0]!.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', reason: 'PortInUse', message }) as object,
    );
  });
});

test('plan and check agree on every slot', async () => {
  await installConflict({ version: '1.16.4' });
  const check = await plugin.document('check');
  const plan = await plugin.document('plan');
  const assigned = Object.fromEntries(
    check.document.rooks[0]!.workloads.map(({ slot, assignedPort }) => [slot, assignedPort]),
  );
  expect(plan.document.rooks[0]!.ports).toEqual(assigned);
  expect(Object.keys(assigned).sort()).toEqual([...SLOTS].sort());
});

test('how long it takes, for docs/results/performance.md', async () => {
  await installConflict();
  for (const args of [['--help'], ['check'], ['doctor']]) {
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const begun = performance.now();
      await plugin.run(args);
      times.push(performance.now() - begun);
    }
    const [median] = times.toSorted((a, b) => a - b).slice(2);
    console.log(`measured | kubectl csiports ${args.join(' ')} | median of 5: ${Math.round(median!)} ms`);
  }
});
