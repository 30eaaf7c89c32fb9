import { describe, expect, it } from 'vitest';
import type { RevertedObject } from '../../../src/domain/rules/api.js';
import { describeContested } from '../../../src/domain/report/contested-message.js';
import { eventsOf } from '../../../src/domain/report/events.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { statusOf } from '../../../src/domain/report/status.js';
import { NOW, SETTLED, observe, reconcile, rookConfig, statusIn, workloads, type World } from './worlds.js';

const SETTINGS =
  'the ports are: CSIADDONS_RBD_PROVISIONER_PORT=9070 (Helm csi.csiAddonsRBDProvisionerPort), CSIADDONS_CEPHFS_PROVISIONER_PORT=9071 (Helm csi.csiAddonsCephFSProvisionerPort), CSIADDONS_PORT=9072 (Helm csi.csiAddonsPort)';

function contested(object: Partial<RevertedObject>): RevertedObject {
  return { kind: 'DaemonSet', name: 'csi-rbdplugin', times: [NOW], backoffSeconds: 60, ...object };
}

function told(object: Partial<RevertedObject>, world: World = SETTLED, rookKeys?: 'One' | 'Three'): string {
  return describeContested([contested(object)], plan(observe(world)), rookKeys);
}

describe('what is told of a contested object', () => {
  it('names the object, the writer, the wait, the remedy and the settings with their Helm values', () => {
    expect(told({ manager: 'kubectl-edit' })).toBe(
      'DaemonSet csi-rbdplugin is changed back again and again by kubectl-edit (last seen 2026-11-22T10:00:00Z), so it is written again only 60 s after each time; ' +
        `stop kubectl-edit from writing the port, or set spec.ports.rbdNodePlugin to the port that it writes; ${SETTINGS}`,
    );
  });

  it.each([
    ['Rook that knows one key', 'One' as const, 'upgrade it to 1.16.5 or later'],
    ['Rook that knows three', 'Three' as const, 'have Rook render the ports itself, by the keys below'],
    ['Rook of which nothing is known', undefined, 'have Rook render the ports itself, by the keys below'],
  ])('%s', (_name, rookKeys, remedy) => expect(told({ manager: 'rook' }, SETTLED, rookKeys)).toContain(remedy));

  it('names the candidates where a key was taken out, which leaves no trace', () => {
    const managers = ['helm', 'csi-port-operator', 'argocd-controller'].map((name) => ({ name }));
    const world: World = { ...SETTLED, config: { ...rookConfig(), managers } };
    const pin = { kind: 'ConfigMap', name: 'rook-ceph-operator-config' } as const;
    const text = told(pin, world);
    expect(text).toContain('by a writer that left no name (one of argocd-controller, helm?)');
    expect(text).toContain(
      'have that writer set the keys below to these values or leave them alone, or set spec.rookConfig',
    );
    expect(told(pin, { workloads: workloads() })).toContain('by a writer that left no name (last seen');
    const keys = ['CSIADDONS_PORT' as const];
    expect(told({ ...pin, keys }, world)).toContain('rook-ceph-operator-config (CSIADDONS_PORT) is changed back');
  });

  it('is nothing where none is contested', () => {
    const quiet = { kind: 'DaemonSet', name: 'csi-rbdplugin', times: [NOW] } as const;
    expect(describeContested([quiet], plan(observe(SETTLED)), undefined)).toBe('');
  });

  it.each(['Paused', 'DryRun'] as const)('is nothing in mode %s, in which nothing is written anyway', (mode) => {
    expect(told({ manager: 'rook' }, { ...SETTLED, spec: { mode } })).toBe('');
  });

  it('tells each remedy once, and all objects', () => {
    const recent = ['csi-rbdplugin', 'csi-rbdplugin-provisioner'].map((name) => contested({ name, manager: 'rook' }));
    const text = describeContested(recent, plan(observe(SETTLED)), 'One');
    expect(text.match(/changed back/g)).toHaveLength(2);
    expect(text.match(/upgrade it/g)).toHaveLength(1);
  });
});

describe('the event', () => {
  const reverted: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
  const four = { kind: 'DaemonSet' as const, name: 'csi-rbdplugin', times: [NOW, NOW, NOW, NOW] };
  const before = { ...statusIn(SETTLED), reverts: { count: 4, recent: [four] } };

  it('is recorded once, on the workload too', () => {
    const reconciled = reconcile(reverted, { previous: before });
    const status = statusOf(reconciled);
    const found = eventsOf(reconciled, status).filter(({ reason }) => reason === 'Contested');
    expect(found).toMatchObject([{ type: 'Warning', action: 'BackOff', slot: 'rbdNodePlugin' }]);
    expect(found[0]!.note).toContain('DaemonSet csi-rbdplugin is changed back again and again');
    const next = reconcile(reverted, { previous: status });
    expect(eventsOf(next, statusOf(next)).filter(({ reason }) => reason === 'Contested')).toEqual([]);
  });
});
