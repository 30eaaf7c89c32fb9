import { expect, it } from 'vitest';
import { sidecarPort } from '../../../bench/port-watch.js';

function workload(args: string[], containerPort: number, name = 'csi-addons'): Parameters<typeof sidecarPort>[0] {
  const containers = [{ name: 'csi-provisioner' }, { name, args, ports: [{ containerPort }] }];
  const metadata = { namespace: 'rook-ceph', name: 'csi-rbdplugin', resourceVersion: '1' };
  return { metadata, spec: { template: { spec: { containers } } } };
}

it.each<[string, number | undefined, Parameters<typeof sidecarPort>[0]]>([
  ['the port that argument and declaration agree on', 9071, workload(['--v=0', '--controller-port=9071'], 9071)],
  ['no port while they differ', undefined, workload(['--controller-port=9071'], 9070)],
  ['no port of another container', undefined, workload(['--controller-port=9071'], 9071, 'other')],
])('sees %s', (_, port, object) => expect(sidecarPort(object)).toBe(port));
