/**
 * `make bench ARGS=--pauses`: how long the largest objects that the API server stores hold up all else that the operator
 * does. Each is written into a namespace that is served already, by the image's flags; the event loop is watched from within.
 */
import { Assignment } from '../test/support/assignment.js';
import { summarise } from '../test/support/measure/statistics.js';
import { Meter } from '../test/support/meter/meter.js';
import type { Container, Deployment } from '../test/support/rook/api-types.js';
import { DEFAULT_PORTS } from '../test/support/slots.js';
import { metered, OPERATOR } from './candidates.js';
import { startInConflict } from './phases/start.js';
import type { Plan } from './plan.js';
import { markdown } from './report.js';
import { RookNamespace } from './rook-namespace.js';
import type { Site } from './site.js';
import { FigureLog } from './turn.js';

const ROUNDS = 7;
const FLAG = '--controller-port=9075';

/** Of the most that etcd takes, 1.5 MB, and what of it the operator looks through. */
const OBJECTS: readonly (readonly [string, (sidecar: Container, all: Container[]) => void])[] = [
  ["Rook's own", (sidecar) => (sidecar.args = ['--v=0', FLAG])],
  [
    'an argument of 1.4 MB of <, which the API server writes as 8.5 MB',
    (sidecar) => (sidecar.args = [FLAG, '<'.repeat(1_420_000)]),
  ],
  ['the flag with a value of 1 MB', (sidecar) => (sidecar.args = [`--controller-port=${'9'.repeat(1_000_000)}`])],
  ['1,000 flags', (sidecar) => (sidecar.args = Array.from({ length: 999 }, () => FLAG))],
  ['30,000 flags', (sidecar) => (sidecar.args = Array.from({ length: 30_000 }, () => FLAG))],
  ['100,000 arguments', (sidecar) => (sidecar.args = Array.from({ length: 100_000 }, (_, index) => `--a=${index}`))],
  [
    '20,000 ports',
    (sidecar) => (sidecar.ports = Array.from({ length: 20_000 }, (_, index) => ({ containerPort: 1024 + index }))),
  ],
  [
    '2,000 containers',
    (_, all) => {
      all.push(
        ...Array.from({ length: 2_000 }, (_, index) => ({
          name: `c${index}`,
          image: 'x',
          ports: [{ containerPort: 9075 }],
        })),
      );
    },
  ],
];

/** @returns Markdown */
export async function pauses(site: Site, plan: Plan): Promise<string> {
  const namespace = await RookNamespace.create(site.controlPlane, 'rook-ceph', DEFAULT_PORTS);
  await site.serve(OPERATOR);
  const meter = new Meter(site.controlPlane.directory);
  const turn = { site, candidate: metered(meter), plan, figures: new FigureLog() };
  const { program } = await startInConflict(turn, [namespace], {});
  try {
    const rows: string[][] = [];
    for (const [title, change] of OBJECTS) {
      const longest: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) longest.push(await pauseBy(site, namespace, meter, change));
      const { median, min, max } = summarise(longest);
      rows.push([title, `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`]);
    }
    return markdown(['a workload with', `longest pause of the event loop, ms, ${ROUNDS} times`], rows);
  } finally {
    await program.stop();
  }
}

async function pauseBy(
  { controlPlane: { api } }: Site,
  namespace: RookNamespace,
  meter: Meter,
  change: (sidecar: Container, all: Container[]) => void,
): Promise<number> {
  const path = namespace.path('cephfsProvisioner');
  const assignment = new Assignment(api, namespace.name);
  await namespace.reset('cephfsProvisioner');
  await assignment.waitUntilSettled();
  const workload = await api.get<Deployment>(path);
  const { containers } = workload.spec!.template.spec!;
  change(
    containers.find(({ name }) => name === 'csi-addons')!,
    containers,
  );
  await meter.longestPause();
  await api.replace<object>(path, workload);
  // The edit of a settling may be seen before the workload.
  await assignment.waitUntilSettled();
  await assignment.waitUntilSettled();
  return meter.longestPause();
}
