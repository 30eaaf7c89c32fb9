/**
 * What the operator costs, in requests, reconciles and bytes, which are the same on any machine, fast or busy. How long it
 * takes, `make bench` measures. Bytes that are allocated are compared with those of one JSON.parse of the workload, so that
 * another Node changes little. Each bound is an eighth above the most that was measured; runs differ by two percent.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Meter } from '../support/meter/meter.js';
import type { Operator } from '../support/operator.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { CsiAddonsWorkload } from '../support/rook/names.js';
import { RookInstallation } from '../support/rook/installation.js';
import { OTHER_PORTS, PROVISIONERS, SLOTS } from '../support/slots.js';

const cluster = useCluster({ nodes: 0 });

const RECONCILES = 'controller_runtime_reconcile_total';

/** Where the operator has become better, lower it; where it is to cost more, say why. */
const MOST = {
  /** Allocated, by what JSON.parse of the workload allocates. */
  revert: 18.5,
  /** That Ready asks for crashes of the pods is 0.26 of it. */
  change: 9.5,
  /** The ports of every container are read. */
  changeElsewhere: 3.4,
  /** Bytes that are kept. */
  namespace: 2_600 * SLOTS.length,
  bundle: 280_000,
} as const;

/** Of esbuild. */
interface Output {
  readonly bytes: number;
  readonly inputs: Readonly<Record<string, object>>;
}

interface Measured {
  readonly rook: RookInstallation;
  readonly operator: Operator;
  readonly meter: Meter;
}

/** None of its ports is Rook's own, so that a rewrite moves each workload. An operator at rest that has repaired each workload a few times: what is done once for all is done. */
async function measured(): Promise<Measured> {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const meter = new Meter(cluster().controlPlane.directory);
  const operator = await cluster().startOperator({
    ...meter.options(),
    args: ['--contested-after=0', '--log-level=info'],
  });
  await assignment.waitForReason('Ready', 'RollingOut');
  for (let round = 0; round < 10; round += 1) for (const slot of SLOTS) await revert(rook, slot);
  // The first events make room that stays, some hundred kilobytes.
  await waitFor('the events of the reverts', async () => {
    const reasons = (await cluster().events(rook.namespace)).map(({ reason }) => reason);
    return reasons.filter((reason) => reason === 'Reasserted').length === 2 * SLOTS.length;
  });
  return { rook, operator, meter };
}

/** Reverts a port; back when the operator has repaired it. */
async function revert(rook: RookInstallation, slot: CsiAddonsWorkload): Promise<void> {
  await rook.rewrite(slot);
  await waitFor(`${slot} on its port`, async () => (await rook.ports(slot)).argument === OTHER_PORTS[slot], {
    everyMs: 5,
  });
}

/** How often each kind of request was sent since the mark, events left out. */
async function requestsByKind(mark: Mark): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { verb, resource, subresource } of await cluster().requestsSince(mark)) {
    const kind = [`${verb} ${resource}`, subresource].filter(Boolean).join('/');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function reconciles(operator: Operator): Promise<number> {
  return (await operator.scrape()).sum(RECONCILES);
}

/** Others annotate a workload, and nothing is to be done; the operator has seen it all when it is back. */
async function touched(touchedRook: RookInstallation, times: number, rook: RookInstallation): Promise<void> {
  const path = touchedRook.workloadPath('rbdProvisioner');
  for (let tick = 0; tick < times; tick += 1) {
    await cluster().controlPlane.api.patch(path, { metadata: { annotations: { tick: String(tick) } } });
  }
  // It comes by the same watch.
  await revert(rook, 'rbdProvisioner');
}

test('from the start to the end of the conflict: a watch for each name, a patch for each workload, one status', async () => {
  const { assignment } = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator({ args: ['--contested-after=0'] });
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await requestsByKind(mark)).toEqual({
    'watch csiportassignments': 1,
    'watch configmaps': 1,
    'watch deployments': PROVISIONERS.length + 1,
    'watch daemonsets': SLOTS.length - PROVISIONERS.length,
    'watch drivers': 1,
    'watch pods': 1,
    'patch configmaps': 1,
    'patch deployments': PROVISIONERS.length,
    'patch daemonsets': SLOTS.length - PROVISIONERS.length,
    // And the one by which it settles.
    'patch csiportassignments/status': 2,
  });
});

test('a revert costs one request, and no more reconciles and memory than it did', async () => {
  const { rook, operator, meter } = await measured();
  const parse = await meter.parsing(JSON.stringify(await rook.workload('cephfsProvisioner')));
  const reverts = 60;
  const bytes = await meter.allocatedBy(reverts, async () => {
    const reconciled = await reconciles(operator);
    const mark = await cluster().controlPlane.audit.mark();
    for (let count = 0; count < reverts; count += 1) await revert(rook, 'cephfsProvisioner');
    const { 'patch csiportassignments/status': statuses = 0, ...others } = await requestsByKind(mark);
    expect(others).toEqual({ 'patch deployments': reverts });
    // The status is the same afterwards, unless the next revert has overtaken the response to the repair.
    expect(statuses).toBeLessThanOrEqual(reverts / 10);
    // The event of its repair brings no other.
    expect((await reconciles(operator)) - reconciled).toBeLessThanOrEqual(reverts + 2);
  });
  expect(bytes / parse).toBeLessThan(MOST.revert);
});

test('a change that asks for nothing costs one reconcile; elsewhere little more than its JSON', async () => {
  const { rook, operator, meter } = await measured();
  const elsewhere = await RookInstallation.install(cluster().controlPlane, { namespace: 'rook-without-assignment' });
  const parse = await meter.parsing(JSON.stringify(await rook.workload('rbdProvisioner')));
  const changes = 60;
  const here = await meter.allocatedBy(changes, async () => {
    const reconciled = await reconciles(operator);
    await touched(rook, changes, rook);
    // With those of the revert.
    expect((await reconciles(operator)) - reconciled).toBeLessThanOrEqual(changes + 4);
  });
  expect(here / parse).toBeLessThan(MOST.change);
  const there = await meter.allocatedBy(changes, () => touched(elsewhere, changes, rook));
  expect(there / parse).toBeLessThan(MOST.changeElsewhere);
});

test('of a namespace it keeps a few kilobytes, however large its objects are', async () => {
  const { rook, meter } = await measured();
  const namespaces = 60;
  const before = await meter.held();
  for (let count = 0; count < namespaces; count += 1) {
    await RookInstallation.install(cluster().controlPlane, { namespace: `rook-of-many-${count}` });
  }
  // What comes by the watches of the workloads has come before these.
  for (const slot of SLOTS) await revert(rook, slot);
  expect(((await meter.held()) - before) / namespaces).toBeLessThan(MOST.namespace);
});

test('nothing between an event and its repair waits for a timer, from the start of the process on', async () => {
  const { rook } = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const meter = new Meter(cluster().controlPlane.directory);
  const operator = await cluster().startOperator(meter.options({ clock: 'stopped' }));
  // Not in order: that would wait for timers.
  onTestFinished(() => operator.kill());
  for (const slot of SLOTS) {
    await waitFor(`${slot} on its port`, async () => (await rook.ports(slot)).argument === OTHER_PORTS[slot]);
  }
  for (const slot of SLOTS) await revert(rook, slot);
});

/** What a kubeconfig and the log for people need is not among them: no pod has to read it. */
const IN_MAIN = [
  '@pinojs/redact',
  'atomic-sleep',
  'bintrees',
  'eventemitter3',
  'on-exit-leak-free',
  'p-queue',
  'p-timeout',
  'pino',
  'pino-std-serializers',
  'prom-client',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'tdigest',
];

describe('what each pod loads', () => {
  const { outputs } = JSON.parse(readFileSync('dist/meta.json', 'utf8')) as {
    readonly outputs: Readonly<Record<string, Output>>;
  };
  const [, main] = Object.entries(outputs).find(([file]) => file.endsWith('/main.js'))!;

  it('is small', () => expect(main.bytes).toBeLessThan(MOST.bundle));

  it('has no package in it that was not looked at', () => {
    const packages = Object.keys(main.inputs).flatMap(
      (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    );
    expect(packages).toContain('prom-client');
    expect([...new Set(packages)].filter((name) => !IN_MAIN.includes(name))).toEqual([]);
  });
});
