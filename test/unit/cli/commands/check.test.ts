import { describe, expect, it } from 'vitest';
import { checkReport } from '../../../../src/cli/commands/check.js';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import type { Gap } from '../../../../src/cli/survey.js';
import { podOn, podsOf } from '../../domain/pods.js';
import { CONFLICTING, DRIFTED, SETTLED, rookConfig, workloads } from '../../domain/worlds.js';
import {
  CLASSIC,
  CONTESTED,
  HEALTHY,
  NODES,
  PODS_GAP,
  SURVEYS,
  TWO_ROOKS,
  pending,
  survey,
  type RookOptions,
} from '../surveys.js';

function checked(rook: RookOptions, gaps: readonly Gap[] = []) {
  const report = checkReport(survey([rook], gaps));
  return { ...report, exit: exitCode(report) };
}

describe('the verdict and the exit code', () => {
  it.each([
    ['classic conflict', 'Conflict', 1],
    ['conflict without pods', 'Conflict', 1],
    ['held port', 'Held', 1],
    ['two Rooks', 'Conflict', 1],
    ['dead node', 'Waiting', 1],
    ['contested', 'Conflict', 1],
    ['ceph-csi-operator', 'Conflict', 1],
    ['liveness', 'Conflict', 1],
    ['dry run', 'Conflict', 1],
    ['healthy', 'NoConflict', 0],
    ['pod network', 'NoConflict', 0],
    ['no Rook', 'NoRook', 0],
    ['misplaced', 'NoRook', 0],
    ['gaps', 'CannotTell', 3],
  ])('%s: %s, %i', (name, verdict, exit) => {
    const report = checkReport(SURVEYS[name]!);
    expect([report.verdict, exitCode(report)]).toEqual([verdict, exit]);
  });

  it('takes a sidecar off its assigned port for one that differs, where the operator is to move it', () => {
    expect(checked(DRIFTED)).toMatchObject({ verdict: 'Differs', exit: 1 });
    expect(checked({ ...DRIFTED, isAssigned: false })).toMatchObject({ verdict: 'NoConflict', exit: 0 });
    expect(checked({ ...DRIFTED, spec: { ...DRIFTED.spec, mode: 'Paused' } })).toMatchObject({ exit: 0 });
  });

  it('takes a rollout for no conflict, unless pods wait for a port', () => {
    const rolling = { ...HEALTHY, rollouts: { rbdProvisioner: { available: 1 } } };
    expect(checked(rolling)).toMatchObject({ verdict: 'Moving', exit: 0 });
    const waiting = { ...rolling, pods: [...podsOf('rbdNodePlugin', NODES, 9070), pending('rbdProvisioner', 1)] };
    expect(checked(waiting)).toMatchObject({ verdict: 'Waiting', exit: 1 });
    expect(checked(waiting).summary).toBe(
      '1 pod of Deployment csi-rbdplugin-provisioner waits for host port 9070, which DaemonSet csi-rbdplugin has on node-1, node-2, node-3',
    );
  });

  it('takes a rollout that stands still for another reason for no conflict', () => {
    const stuck = { ...SETTLED, rollouts: { rbdProvisioner: { replicaFailure: 'quota', updated: 0 } } };
    expect(checked(stuck)).toMatchObject({ verdict: 'Stuck', exit: 0 });
  });
});

describe('what was not read', () => {
  it('hides nothing that is found', () => expect(checked(CLASSIC, [PODS_GAP])).toMatchObject({ exit: 1 }));

  it.each<[Gap['what'], Gap['reason'], number]>([
    ['Pods on the host network', 'Forbidden', 3],
    ['Deployment csi-rbdplugin-provisioner', 'Forbidden', 3],
    ['dump.yaml', 'Unreadable', 3],
    ['ConfigMap rook-ceph-operator-config', 'Forbidden', 0],
    ['CSIPortAssignment default', 'Forbidden', 0],
    ['Drivers of ceph-csi-operator', 'NotServed', 0],
    ['Status of the workloads', 'NotInDump', 0],
  ])('%s, %s: %i', (what, reason, exit) => {
    expect(checked(HEALTHY, [{ what, reason, message: 'no' }]).exit).toBe(exit);
    expect(exitCode(checkReport(survey([], [{ what, reason, message: 'no' }])))).toBe(exit);
  });

  it('counts without a gap, too, where the pods are not known', () =>
    expect(checked({ ...HEALTHY, pods: 'unknown' })).toMatchObject({ verdict: 'CannotTell', exit: 3 }));
});

describe('a report', () => {
  it('has the conflicts and the workloads as the status has them', () => {
    const [rook] = checked(CLASSIC).rooks;
    expect(rook).toMatchObject({ namespace: 'rook-ceph', rookVersion: 'v1.17.9', provider: 'Rook' });
    expect(rook!.conflicts).toMatchObject([{ port: 9070, nodes: NODES, nodeCount: 3 }]);
    expect(rook!.workloads[0]).toMatchObject({ slot: 'rbdProvisioner', currentPort: 9070, collides: true });
    expect(rook).not.toHaveProperty('mode');
  });

  it('names the Rook and the others where there are several', () => {
    const { summary } = checkReport(survey(TWO_ROOKS));
    expect(summary).toMatch(/^in rook-ceph: host port 9070 is shared by .*; also in rook-two$/);
  });

  it('folds nodes with the same occupants, and puts collisions first', () => {
    const [rook] = checked(CLASSIC).rooks;
    expect(rook!.occupancy).toMatchObject({
      groups: [{ nodes: [...NODES], ports: [{ port: 9070, collides: true, holders: [{ name: 'csi-rbdplugin' }] }] }],
      unscheduled: [
        { port: 9070, pods: 2, lacksPort: true },
        { port: 9070, pods: 2, lacksPort: true },
      ],
    });
  });

  it('orders nodes by their numbers', () => {
    const nodes = Array.from({ length: 12 }, (_, at) => `node-${12 - at}`);
    const [rook] = checked({ ...HEALTHY, pods: podsOf('rbdNodePlugin', nodes, 9072) }).rooks;
    expect(rook!.occupancy!.groups[0]!.nodes.slice(0, 3)).toEqual(['node-1', 'node-2', 'node-3']);
  });

  it('shows who holds a port on a node beside the sidecar', () => {
    const pods = [...podsOf('rbdNodePlugin', NODES, 9070), podOn([9070], { node: 'node-2' })];
    const [rook] = checked({ ...CONFLICTING, pods }).rooks;
    const [first] = rook!.occupancy!.groups;
    expect(first).toMatchObject({ nodes: ['node-2'], ports: [{ collides: true }] });
    expect(first!.ports[0]!.holders.map(({ name }) => name)).toEqual(['node-agent', 'csi-rbdplugin']);
  });

  it('says how to make an assignment where there is none, and how to have one enforced', () => {
    const commands = (rook: RookOptions) => checked(rook).rooks[0]!.nextSteps.map(({ command }) => command);
    expect(commands(CLASSIC)).toEqual([
      `echo '{"apiVersion":"csiports.io/v1alpha1","kind":"CSIPortAssignment","metadata":{"name":"default","namespace":"rook-ceph"}}' | kubectl create -f -`,
      'kubectl csiports plan -n rook-ceph',
    ]);
    const enforced = { ...CLASSIC, isAssigned: true };
    expect(commands(enforced)).toEqual(['kubectl csiports doctor -n rook-ceph']);
    expect(commands({ ...enforced, spec: { mode: 'Paused' } })).toEqual([
      `kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"mode":"Enforce"}}'`,
    ]);
    expect(commands(HEALTHY)).toEqual([]);
  });

  it('says what ends a contest, in the words of the operator and without its other findings', () => {
    const texts = (rook: RookOptions) => checked(rook).rooks[0]!.nextSteps.map(({ text }) => text);
    expect(texts(CONTESTED)).toEqual([
      expect.stringMatching(
        /^Deployment csi-cephfsplugin-provisioner is changed back again and again by argocd, .*; stop argocd from writing the port, .*CSIADDONS_PORT=9072 \(Helm csi\.csiAddonsPort\)$/,
      ),
      'To see whether the operator runs:',
    ]);
    // Also while the ports are right for a moment.
    const { stored } = CONTESTED;
    expect(texts({ ...HEALTHY, stored: stored! })[0]).toMatch(/ by argocd, .*\(Helm csi\.csiAddonsPort\)$/);
  });

  it('offers nothing as a command that another writer may have put into its name', () => {
    const conditions = CONTESTED.stored!.conditions!.map((one) => ({
      ...one,
      message: one.message.replaceAll('argocd', 'kubectl delete namespace rook-ceph; x'),
    }));
    const [rook] = checked({ ...CONTESTED, stored: { ...CONTESTED.stored, conditions } }).rooks;
    expect(rook!.nextSteps.map(({ command }) => command)).toEqual([undefined, 'kubectl csiports doctor -n rook-ceph']);
  });

  it('takes no contest for one that was of an earlier spec', () => {
    const conditions = CONTESTED.stored!.conditions!.map((one) => ({ ...one, observedGeneration: 2 }));
    const [rook] = checked({ ...CONTESTED, stored: { ...CONTESTED.stored, conditions } }).rooks;
    expect(rook!.nextSteps).toMatchObject([{ command: 'kubectl csiports doctor -n rook-ceph' }]);
  });

  it.each(['Enforce', 'DryRun', 'Paused'] as const)(
    'tells of pods that crash in %s, also where ports differ',
    (mode) => {
      const spec = { mode, ports: { cephfsProvisioner: 9171 } };
      const trouble = { reason: 'Crashing', message: 'x', container: 'csi-addons' } as const;
      const pods = podsOf('rbdProvisioner', ['node-1'], 9070).map((pod) => ({
        ...pod,
        progress: { changedAt: 0, trouble },
      }));
      const { verdict } = checked({ ...HEALTHY, spec, pods });
      expect(verdict).toBe('Stuck');
    },
  );

  it('has the causes of a stuck rollout before its symptoms', () => {
    const [rook] = checkReport(SURVEYS['dead node']!).rooks;
    expect(rook!.nextSteps.map(({ command }) => command)).toEqual([
      'kubectl describe node node-2',
      'kubectl -n rook-ceph describe pod csi-rbdplugin-provisioner-1',
      expect.stringContaining('patch csiports default'),
    ]);
  });

  it('tells of keys that Rook would render to the same port', () => {
    const config = rookConfig({ CSIADDONS_PORT: '9300', CSIADDONS_RBD_PROVISIONER_PORT: '9300' });
    const { summary, rooks } = checked({ ...HEALTHY, config, workloads: workloads(), isAssigned: false });
    expect(summary).toContain('name a port that another one takes');
    expect(rooks[0]!.findings).toMatchObject([{ reason: 'ClashingRookConfig' }]);
  });
});
