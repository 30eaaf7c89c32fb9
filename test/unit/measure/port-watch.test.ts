import { expect, it, onTestFinished } from 'vitest';
import { PortWatch, sidecarPort } from '../../support/measure/port-watch.js';
import type { Exchange } from '../../support/api-server-double.js';
import { AdminApi } from '../../support/control-plane/admin-api.js';
import { startDouble } from '../kube/connections.js';

function workload(
  args: string[],
  containerPort: number,
  { name = 'csi-addons', version = 1 } = {},
): Parameters<typeof sidecarPort>[0] {
  const containers = [{ name: 'csi-provisioner' }, { name, args, ports: [{ containerPort }] }];
  const metadata = { namespace: 'rook-ceph', name: 'csi-rbdplugin', resourceVersion: String(version) };
  return { metadata, spec: { template: { spec: { containers } } } };
}

interface Watched {
  readonly watch: PortWatch;
  /** An event in which the workload has that port. */
  readonly show: (port: number, version: number) => void;
}

/** A watch of a double, to which its test shows what it likes. */
async function watched(): Promise<Watched> {
  const server = await startDouble();
  const streams = new Map<string, Exchange>();
  server.handler = ({ path, query }, exchange) => {
    if (query.watch === undefined) {
      exchange.json(200, { metadata: { resourceVersion: '1' }, items: [] });
      return;
    }
    exchange.push();
    streams.set(path, exchange);
  };
  const ca = server.identity.cert;
  const api = new AdminApi(server.url.origin, ca, 'token');
  const watch = await PortWatch.open({ server: server.url.origin, ca, adminToken: 'token', api });
  onTestFinished(() => {
    watch.close();
    api.close();
  });
  const show = (port: number, version: number): void => {
    const object = workload([`--controller-port=${port}`], port, { version });
    streams.get('/apis/apps/v1/daemonsets')!.events({ type: 'MODIFIED', object });
  };
  return { watch, show };
}

const TIMEOUT_MS = 4_000;
const TARGET = { namespace: 'rook-ceph', name: 'csi-rbdplugin', port: 9072 };

it.each<[string, number | undefined, Parameters<typeof sidecarPort>[0]]>([
  ['the port that argument and declaration agree on', 9071, workload(['--v=0', '--controller-port=9071'], 9071)],
  ['no port while they differ', undefined, workload(['--controller-port=9071'], 9070)],
  ['no port of another container', undefined, workload(['--controller-port=9071'], 9071, { name: 'other' })],
])('sees %s', (_, port, object) => expect(sidecarPort(object)).toBe(port));

it('tells when a reset and its repair were seen, whichever of them was before the question', async () => {
  const { watch, show } = await watched();
  const begun = performance.now();
  show(9072, 4);
  show(9070, 5);
  await watch.seen([{ ...TARGET, port: 9070, after: 4 }], TIMEOUT_MS);
  // It is no repair that the port was there before.
  const asked = watch.seen([{ ...TARGET, after: 5 }], TIMEOUT_MS);
  const between = performance.now();
  show(9072, 6);
  const [first] = await asked;
  expect(first!.resetAt).toBeGreaterThan(begun);
  expect(first!.resetAt).toBeLessThan(between);
  expect(first!.fixedAt).toBeGreaterThan(between);
  expect(await watch.seen([{ ...TARGET, after: 5 }], TIMEOUT_MS)).toEqual([first]);
});
