import { describe, expect, it } from 'vitest';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import { planReport, type PlannedRook } from '../../../../src/cli/commands/plan.js';
import { commandLines } from '../../../../src/cli/output/command-lines.js';
import type { JsonPatch } from '../../../../src/domain/rules/sidecar-port.js';
import { applyPatch } from '../../domain/json-patch.js';
import { ROOK_ARGS, rawWorkload, type RawOptions } from '../../domain/raw-workload.js';
import { CONFLICTING, pinned, rookConfig, workloads } from '../../domain/worlds.js';
import { callsIn } from '../run-in-shell.js';
import { CLASSIC, CONTESTED, HEALTHY, NODES, PODS_GAP, SURVEYS, survey, type RookOptions } from '../surveys.js';
import { podsOf } from '../../domain/pods.js';

function planned(rook: RookOptions): PlannedRook {
  return planReport(survey([rook])).rooks[0]!;
}

function commandsOf(rook: RookOptions): string[] {
  return planned(rook).byHand.flatMap(({ commands }) => commands);
}

/** The lines of the only workload that is moved. */
function diffOf(sidecar: RawOptions['sidecar'], port?: number): string[] {
  const found = {
    ...workloads(),
    cephfsProvisioner: rawWorkload('cephfsProvisioner', { sidecar: sidecar!, ...(port && { port }) }),
  };
  const [workload] = planned({ ...HEALTHY, spec: { ports: { cephfsProvisioner: 9075 } }, workloads: found }).workloads;
  return workload!.hunks.flatMap(({ of, lines }) => lines.map(({ sign, text }) => `${of} ${sign} ${text}`));
}

describe('the diff of a workload', () => {
  const ports = [{ containerPort: 9070 }];

  it.each<[string, RawOptions['sidecar'], string[]]>([
    [
      'as Rook writes it',
      { args: ['--controller-port=9070'], ports },
      [
        'args - --controller-port=9070',
        'args + --controller-port=9075',
        'ports - containerPort: 9070',
        'ports + containerPort: 9075',
      ],
    ],
    [
      'with the value behind the flag',
      { args: ['--v=0', '--controller-port', '9070'], ports: [] },
      ['args   --controller-port', 'args - 9070', 'args + 9075'],
    ],
    ['without the argument', { args: ['--v=0'], ports: [] }, ['args + --controller-port=9075']],
    ['without arguments', { ports: [] }, ['args + --controller-port=9075']],
    [
      'in the command',
      { command: ['sidecar', '-controller-port=9070'], args: [], ports: [] },
      ['command - -controller-port=9070', 'command + -controller-port=9075'],
    ],
    [
      'of a variable',
      { args: ['--controller-port=$(PORT)'], env: [{ name: 'PORT', value: '9070' }], ports: [] },
      ['args - --controller-port=$(PORT)', 'args + --controller-port=9075'],
    ],
    [
      'with a host port and one that was left behind',
      {
        args: ['--controller-port=9075'],
        ports: [{ containerPort: 9070, hostPort: 9070 }, { containerPort: 9071 }],
      },
      [
        'ports - containerPort: 9070',
        'ports + containerPort: 9075',
        'ports - hostPort: 9070',
        'ports + hostPort: 9075',
        'ports - containerPort: 9071',
      ],
    ],
  ])('%s', (_name, sidecar, lines) => expect(diffOf(sidecar)).toEqual(lines));
});

describe('the keys', () => {
  it('are all that Rook would render otherwise, also of workloads that wait for others', () => {
    expect(planned(CLASSIC).keys).toEqual([
      { key: 'CSIADDONS_RBD_PROVISIONER_PORT', to: '9070' },
      { key: 'CSIADDONS_CEPHFS_PROVISIONER_PORT', to: '9071' },
      { key: 'CSIADDONS_PORT', to: '9072' },
    ]);
  });

  it('have what they are now', () => {
    const config = rookConfig({ CSIADDONS_PORT: 'abc' });
    expect(planned({ ...CLASSIC, config }).keys).toContainEqual({ key: 'CSIADDONS_PORT', from: 'abc', to: '9072' });
  });

  it.each<[string, Partial<RookOptions>]>([
    ['are left alone with Leave', { spec: { rookConfig: 'Leave' } }],
    ['are none where they are right', { config: pinned() }],
  ])('%s', (_name, change) => expect(planned({ ...CLASSIC, isAssigned: true, ...change }).keys).toEqual([]));
});

describe('the Helm values', () => {
  const all = {
    'csi.csiAddonsRBDProvisionerPort': 9070,
    'csi.csiAddonsCephFSProvisionerPort': 9071,
    'csi.csiAddonsPort': 9072,
  };

  it.each([
    ['v1.16.4', {}, 'upgrade Rook to v1.16.5'],
    ['v1.16.5', all, undefined],
    ['v1.19.10', all, undefined],
    ['v1.20.6', {}, 'renders no CSI workloads'],
    ['v1.25.0', {}, 'not known here'],
    ['main', all, 'the version of Rook is not known'],
  ])('of Rook %s', (version, values, note) => {
    const { helm } = planned({ ...CLASSIC, rook: { image: `rook/ceph:${version}` } });
    expect(helm.values).toEqual(values);
    expect(helm.note ?? '').toContain(note ?? '');
    expect(helm.note === undefined).toBe(note === undefined);
  });

  it('of a Rook whose provisioners are on the pod network is the node plugin alone', () => {
    const world = {
      ...CONFLICTING,
      rook: { image: 'rook/ceph:v1.14.0' },
      workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070 }) },
      spec: { ports: { rbdNodePlugin: 9073 } },
    };
    expect(planned(world).helm).toEqual({ values: { 'csi.csiAddonsPort': 9073 } });
  });

  it('are none where nothing is to be written', () => expect(planned(HEALTHY).helm).toEqual({ values: {} }));
});

describe('the commands', () => {
  it('write the keys and the provisioners first, the node plugin last', () => {
    expect(commandsOf(CLASSIC).map((command) => command.split(' -p ')[0])).toEqual([
      'kubectl -n rook-ceph patch configmap rook-ceph-operator-config --type=merge',
      'kubectl -n rook-ceph patch deployment csi-cephfsplugin-provisioner --type=json',
      'kubectl -n rook-ceph patch configmap rook-ceph-operator-config --type=merge',
      'kubectl -n rook-ceph patch daemonset csi-rbdplugin --type=json',
    ]);
    expect(commandsOf(CLASSIC)[0]).not.toContain('"CSIADDONS_PORT"');
  });

  it('leave the ConfigMap alone where one key moves all three, and say what is to come', () => {
    const { byHand } = planned({ ...CLASSIC, rook: { image: 'rook/ceph:v1.16.4' } });
    expect(JSON.stringify(byHand)).not.toContain('configmap');
    expect(byHand.at(-1)).toMatchObject({ commands: [] });
    expect(byHand.at(-1)!.text).toContain('Rook v1.16.4 puts all sidecars on one port again');
  });

  it('create the ConfigMap that is not there, once', () => {
    const without = { ...CLASSIC };
    delete (without as { config?: unknown }).config;
    const words = commandsOf(without).flatMap((command) => callsIn(command));
    expect(words[0]!.words).toEqual([
      ...['-n', 'rook-ceph', 'create', 'configmap', 'rook-ceph-operator-config'],
      '--from-literal=CSIADDONS_RBD_PROVISIONER_PORT=9070',
      '--from-literal=CSIADDONS_CEPHFS_PROVISIONER_PORT=9071',
    ]);
    expect(words[2]!.words.slice(2, 4)).toEqual(['patch', 'configmap']);
  });

  it.each([100, 60, 20])('broken into lines of %i columns give kubectl the same patch', (width) => {
    for (const command of commandsOf(CLASSIC)) {
      const whole = callsIn(command);
      const broken = callsIn(commandLines(command, width).join('\n'));
      expect(broken.map(({ words }) => words.map(compact))).toEqual(whole.map(({ words }) => words.map(compact)));
    }
  });

  it('move the sidecar as the operator does', () => {
    const before = CLASSIC.workloads!.cephfsProvisioner!;
    const command = commandsOf(CLASSIC).find((one) => one.includes('csi-cephfsplugin-provisioner'))!;
    const patch = callsIn(command)[0]!.words.at(-1)!;
    const after = applyPatch(before, JSON.parse(patch) as JsonPatch);
    const sidecar = after.spec.template.spec.containers.find(({ name }) => name === 'csi-addons')!;
    expect(sidecar.ports).toMatchObject([{ containerPort: 9071 }]);
    expect(sidecar.args).toContain('--controller-port=9071');
  });

  it('quote what came from the cluster: no argument ends its quotes', () => {
    const evil = `--controller-port='; touch /tmp/x; '\u001b[31m\u202e9070`;
    const sidecar = { args: [...ROOK_ARGS, evil], ports: [{ containerPort: 9070 }] };
    const found = { ...CLASSIC.workloads, cephfsProvisioner: rawWorkload('cephfsProvisioner', { sidecar }) };
    const command = commandsOf({ ...CLASSIC, workloads: found }).find((one) => one.includes('cephfsplugin'))!;
    expect(command).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const [call] = callsIn(command);
    const patch = JSON.parse(call!.words.at(-1)!) as { op: string; value?: unknown }[];
    expect(patch).toContainEqual(expect.objectContaining({ op: 'test', value: evil }));
  });
});

describe('a plan', () => {
  it.each([
    ['classic conflict', 0, /^to write: 2 workloads and 3 keys of rook-ceph-operator-config in rook-ceph$/],
    ['healthy', 0, /^nothing to write$/],
    ['no Rook', 0, /^nothing to write: no Rook was found$/],
    ['gaps', 3, /^nothing to write; not certain, .*Pods on the host network/],
    ['conflict without pods', 3, /^to write: .*; not certain/],
  ])('of %s: exit code %i', (name, code, summary) => {
    const report = planReport(SURVEYS[name]!);
    expect(exitCode(report)).toBe(code);
    expect(report.summary).toMatch(summary);
  });

  it('says of a port that is held who has it, and does not write it', () => {
    const report = planReport(SURVEYS['held port']!);
    expect(report.rooks[0]).toMatchObject({ workloads: [], byHand: [] });
    expect(report.rooks[0]!.notes[0]).toContain('is held by DaemonSet default/node-agent');
  });

  it('does not say that the operator writes at once what is contested', () => {
    const stale = { ...CONTESTED, stored: { ...CONTESTED.stored, conditions: [] } };
    const [contested, free] = [CONTESTED, stale].map((rook) => planned(rook).withOperator.map(({ text }) => text));
    expect(contested![0]).toMatch(/changed back again and again by argocd.* no sooner than 60 s after the last write/);
    expect(free).toEqual(['The operator writes this by itself.']);
    const more = {
      ...CONTESTED,
      workloads: workloads({ cephfsProvisioner: { port: 9070 }, rbdNodePlugin: { port: 9070 } }),
    };
    expect(planned(more).withOperator.at(-1)!.text).toBe('The operator writes the rest by itself.');
    const other = { ...CONTESTED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
    expect(planned(other).withOperator).toEqual([{ text: 'The operator writes this by itself.' }]);
  });

  it('says what is restarted', () => {
    const restarts = (rook: RookOptions) => planned(rook).workloads.map((workload) => workload.restarts);
    expect(restarts(CLASSIC)).toEqual(['2 pods', '3 pods, 1 at a time']);
    const held = { rbdNodePlugin: { onDelete: true }, cephfsProvisioner: { paused: true, desired: 1 } };
    expect(restarts({ ...CLASSIC, rollouts: held })).toEqual([
      'nothing until the rollout is resumed, then 1 pod',
      'nothing until its pods are deleted: 2 pods',
    ]);
  });

  it('is not certain where pods are not read', () => {
    const pods = podsOf('rbdNodePlugin', NODES, 9072);
    expect(planReport(survey([{ ...HEALTHY, pods }], [PODS_GAP])).isCertain).toBe(false);
  });

  it("is not certain where Rook's settings are not read, and makes none", () => {
    const { config, ...world } = CLASSIC;
    expect(config).toBeDefined();
    const gap = { what: 'ConfigMap rook-ceph-operator-config', reason: 'Forbidden', message: 'no right' } as const;
    const [read, unread] = [[], [gap]].map((gaps) => planReport(survey([world], gaps)));
    expect([read!.isCertain, unread!.isCertain]).toEqual([true, false]);
    const [made, kept] = [read, unread].map((report) => JSON.stringify(report!.rooks.map(({ byHand }) => byHand)));
    expect([made, kept].map((commands) => commands!.includes('create configmap'))).toEqual([true, false]);
    expect(unread!.rooks[0]!.notes).toEqual([]);
  });
});

/** JSON without its spaces; anything else as it is. */
function compact(word: string): string {
  return /^[{[]/.test(word) ? JSON.stringify(JSON.parse(word)) : word;
}
