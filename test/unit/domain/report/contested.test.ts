import { describe, expect, it, test } from 'vitest';
import { describeContested, retryTime } from '../../../../src/domain/report/contested.js';
import { plan } from '../../../../src/domain/rules/plan.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import type { Contest } from '../../../../src/domain/report/write-result.js';
import { podOn, podsOf } from '../pods.js';
import { NOW, SETTLED, observe, resultsOf, rookConfig, workloads, type Changes, type World } from '../worlds.js';

const SETTINGS = `the ports are: ${SLOT_SPECS.map(
  ({ configKey, defaultPort, helmValue }) => `${configKey}=${defaultPort} (Helm ${helmValue})`,
).join(', ')}`;

function contest(more: Partial<Contest> = {}): { readonly contest: Contest } {
  return { contest: { lastWriteTime: NOW, backoffSeconds: 60, ...more } };
}

function described(changes: Changes, world: World = SETTLED): string {
  return describeContested(resultsOf(changes), plan(observe(world)));
}

describe('a contested object is described', () => {
  it('by its name, the writer, the wait, the remedy and the settings with their Helm values', () => {
    expect(described({ rbdNodePlugin: contest({ manager: 'kubectl-edit' }) })).toBe(
      'DaemonSet csi-rbdplugin is changed back again and again by kubectl-edit, so it is written again no sooner than 60 s after the last write at 2026-11-22T10:00:00Z; ' +
        `stop kubectl-edit from writing the port, or set spec.ports.rbdNodePlugin to the port that it writes; ${SETTINGS}`,
    );
  });

  it.each([
    [
      'v1.16.4, which reads one key',
      'v1.16.4',
      'this Rook reads CSIADDONS_PORT alone, for all three workloads: upgrade it to 1.16.5',
    ],
    ['v1.17.9, which reads three', 'v1.17.9', 'have Rook render the ports itself, by the keys below'],
    ['an unknown version', 'main', 'have Rook render the ports itself, by the keys below'],
  ])('with a remedy for Rook of %s', (_name, tag, remedy) => {
    const world = { ...SETTLED, rook: { image: `rook/ceph:${tag}` } };
    expect(described({ rbdNodePlugin: contest({ manager: 'rook' }) }, world)).toContain(`; ${remedy}`);
  });

  it('with the candidates where a key was taken out, which leaves no trace', () => {
    const managers = ['helm', 'csi-port-operator', 'argocd-controller'].map((name) => ({ name }));
    const world: World = { ...SETTLED, config: { ...rookConfig(), managers } };
    const text = described({ rookConfig: contest() }, world);
    expect(text).toContain('by a writer that left no name (one of argocd-controller, helm?), so it');
    expect(text).toContain('have that writer set the keys below to these values or leave them alone, or set spec.rook');
    expect(described({ rookConfig: contest() }, { workloads: workloads() })).toContain('that left no name, so it');
    expect(described({ rbdNodePlugin: contest() }, world)).toContain('that left no name, so it');
  });

  it('with no more than eight candidates', () => {
    const managers = Array.from({ length: 11 }, (_, index) => ({ name: `writer-${10 + index}` }));
    const text = described({ rookConfig: contest() }, { ...SETTLED, config: { ...rookConfig(), managers } });
    expect(text).toContain('writer-16, writer-17 or 3 more?)');
  });

  it('with the keys that are contested', () => {
    const text = described({ rookConfig: contest({ manager: 'helm', keys: ['CSIADDONS_PORT'] }) });
    expect(text).toMatch(/^ConfigMap rook-ceph-operator-config \(CSIADDONS_PORT\) is changed back .* by helm, so/);
    expect(text).toContain('have helm set the keys below');
  });

  it('with the port on which a slot stays, and not the one that somebody else holds', () => {
    const spec = { ports: { cephfsProvisioner: 9171 } };
    const pods = [podOn([9171]), ...podsOf('cephfsProvisioner', ['node-1'], 9071)];
    const text = described({ rbdNodePlugin: contest() }, { ...SETTLED, spec, pods });
    expect(text).toContain('CSIADDONS_CEPHFS_PROVISIONER_PORT=9071 ');
    expect(text).not.toContain('9171');
  });

  it('with every other one, each remedy once', () => {
    const world = { ...SETTLED, rook: { image: 'rook/ceph:v1.16.4' } };
    const byRook = contest({ manager: 'rook' });
    const text = described({ rbdProvisioner: byRook, rbdNodePlugin: byRook }, world);
    expect(text.match(/changed back/g)).toHaveLength(2);
    expect(text.match(/upgrade it/g)).toHaveLength(1);
    expect(text.match(/the ports are/g)).toHaveLength(1);
  });
});

it('is empty where nothing is contested', () => {
  expect(described({ rbdNodePlugin: { outcome: 'Applied', reverted: { manager: 'rook' } } })).toBe('');
});

test.each([
  [30, '2026-11-22T10:00:30Z'],
  [300, '2026-11-22T10:05:00Z'],
])('%d s after the last write is at %s', (backoffSeconds, time) => {
  expect(retryTime({ lastWriteTime: NOW, backoffSeconds })).toBe(time);
});
