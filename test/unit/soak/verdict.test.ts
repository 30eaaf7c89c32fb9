import { describe, expect, it } from 'vitest';
import type { Incident, Life, Repair, Sample } from '../../../soak/journal.js';
import { findingsIn } from '../../../soak/log-findings.js';
import { Random } from '../../../soak/random.js';
import { neededWatches } from '../../../soak/samples.js';
import { isTrespass } from '../../../soak/trespasses.js';
import { verdict, verdictTable, type Evidence } from '../../../soak/verdict.js';
import { Scrape } from '../../support/scrape.js';

const LIFE: Life = { number: 1, from: 0, to: 600, log: '', ending: 'the run was over' };

function samples(course: (seconds: number) => Partial<Sample> = () => ({})): Sample[] {
  const random = new Random(1);
  return Array.from({ length: 120 }, (_, index) => ({
    at: index * 5,
    life: 1,
    residentMiB: 60,
    heapMiB: 9 + random.between(-0.1, 0.1),
    handles: 20,
    descriptors: 30,
    sockets: 12,
    eventAgeSeconds: 3,
    oldestWatch: 'configmaps',
    downWatches: [],
    queueDepth: 0,
    ...course(index * 5),
  }));
}

function repair(changes: Partial<Repair> = {}): Repair {
  const object = { namespace: 'rook-1', object: 'csi-rbdplugin', what: 'revert' };
  return { at: 60, ...object, seconds: 0.01, boundSeconds: 5, during: [], ...changes };
}

const GOOD: Evidence = {
  seconds: 600,
  samples: samples(),
  repairs: [repair()],
  lives: [LIFE],
  incidents: [],
  log: [],
  trespasses: [],
  contestedWrites: 9,
  passings: 1,
  changes: [],
  statusDifferences: [],
};

const LEASE_LOST: Life = { ...LIFE, number: 2, to: 60, ending: 'the lease was lost' };

function incident(what: string, from: number, to: number): Incident {
  return { situation: 'API server away', what, from, to };
}

function failed(changes: Partial<Evidence>): string[] {
  return verdict({ ...GOOD, ...changes }).flatMap(({ check, ok }) => (ok ? [] : [check]));
}

it('all is well where all is well', () => expect(failed({})).toEqual([]));

describe('fails', () => {
  it.each<[string, Partial<Evidence>]>([
    ['Repairs in their bounds', { repairs: [repair(), repair({ seconds: 5.1 })] }],
    ['Repairs in their bounds', { repairs: [repair(), repair({ seconds: null })] }],
    ['Repairs in their bounds', { repairs: [] }],
    ['Heap after collection', { samples: samples((seconds) => ({ heapMiB: 9 + seconds / 300 })) }],
    ['Handles', { samples: samples((seconds) => ({ handles: 20 + Math.floor(seconds / 60) })) }],
    ['File descriptors', { samples: samples((seconds) => ({ descriptors: 30 + Math.floor(seconds / 60) })) }],
    ['Sockets', { samples: samples((seconds) => ({ sockets: 12 + Math.floor(seconds / 60) })) }],
    ['Resident memory', { samples: samples((seconds) => ({ residentMiB: seconds === 300 ? 193 : 60 })) }],
    ['Age of the last event', { samples: samples((seconds) => ({ eventAgeSeconds: seconds === 300 ? 121 : 3 })) }],
    ['Samples', { samples: samples().filter(({ at }) => at % 20 !== 0) }],
    ['Samples', { seconds: 800 }],
    ['Watches up', { samples: samples((seconds) => ({ downWatches: seconds > 300 ? ['daemonsets.apps'] : [] })) }],
    ['Watches up', { samples: samples((seconds) => ({ downWatches: seconds % 20 === 0 ? ['daemonsets.apps'] : [] })) }],
    ['Passing namespace', { passings: 0 }],
    ['Restarts', { lives: [{ ...LIFE, number: 2, to: 5, ending: 'unforeseen: 134' }, LIFE] }],
    ['Restarts', { lives: [{ ...LIFE, number: 2, to: 5, ending: 'liveness failed' }, LIFE] }],
    ['Restarts', { lives: [LEASE_LOST, LIFE] }],
    ['Restarts', { lives: [LEASE_LOST, LIFE], incidents: [incident('connections cut', 50, 55)] }],
    ['Restarts', { lives: [LEASE_LOST, LIFE], incidents: [incident('API server killed', 10, 30)] }],
    ['Log', { log: [{ life: 1, line: 'x' }] }],
    ['Writes', { trespasses: ['x'] }],
    ['Contested object', { contestedWrites: 10 }],
    ['Contested object', { contestedWrites: 0 }],
    ['Objects of others', { changes: ['x'] }],
    ['Status', { statusDifferences: ['x'] }],
  ])('%s', (check, changes) => expect(failed(changes)).toEqual([check]));

  it('where no process lived long enough to be judged', () =>
    expect(failed({ samples: samples().slice(0, 20), seconds: 100 })).toEqual([
      'Heap after collection',
      'Handles',
      'File descriptors',
      'Sockets',
    ]));

  it('and tells what went on', () => {
    const late = repair({ seconds: 7, during: ['API server killed'] });
    const table = verdictTable(verdict({ ...GOOD, repairs: [late] }));
    expect(table).toContain('FAIL  Repairs in their bounds  0 of 1');
    expect(table).toContain(
      'at 60.0 s, rook-1/csi-rbdplugin, revert: took 7.0 s, bound 5.0 s; during: API server killed',
    );
  });
});

describe('of the samples', () => {
  it('some may be missed, and those that are due in a fault count for nothing', () => {
    expect(failed({ samples: samples().filter(({ at }) => at % 30 !== 0) })).toEqual([]);
    const frozen = samples().filter(({ at }) => at < 100 || at >= 300);
    expect(failed({ samples: frozen })).toEqual(['Samples']);
    expect(failed({ samples: frozen, incidents: [incident('operator frozen', 100, 300)] })).toEqual([]);
  });

  it('one that comes late, or whose timer was early, is of its time', () => {
    const scattered = samples().map((sample, index) => ({ ...sample, at: sample.at + (index % 2 === 0 ? -0.002 : 2) }));
    expect(failed({ samples: scattered })).toEqual([]);
  });
});

it('a watch that is down in a fault, and until that is recovered from, is none of the operator’s faults', () => {
  const down = samples((seconds) => ({ downWatches: seconds >= 200 && seconds < 340 ? ['daemonsets.apps'] : [] }));
  expect(failed({ samples: down })).toEqual(['Watches up']);
  const silent: Incident = { situation: 'watches silent', what: 'watches silent', from: 200, to: 210 };
  expect(failed({ samples: down, incidents: [silent] })).toEqual([]);
});

it('of the watches those count that need something which is there', () => {
  const page = [
    'configmaps/rook-ceph-operator-config',
    'daemonsets.apps/csi-rbdplugin',
    'deployments.apps/csi-rbdplugin-provisioner',
    'drivers.csi.ceph.io',
  ].map((resource) => `csiports_watch_up{resource="${resource}"} 0`);
  expect(neededWatches(new Scrape(page.join('\n')), 'csiports_watch_up').map(({ watch }) => watch)).toEqual([
    'configmaps/rook-ceph-operator-config',
    'daemonsets.apps/csi-rbdplugin',
    'deployments.apps/csi-rbdplugin-provisioner',
  ]);
});

it('connections that come and go with bursts are no growth, also where the bursts become larger', () => {
  const bursts = samples((seconds) => ({ sockets: 12 + (seconds % 20 < 15 ? seconds / 40 : 0) }));
  expect(failed({ samples: bursts })).toEqual([]);
});

it('a restart that the contract foresees is none of the operator’s faults', () => {
  const incidents = [incident('lease out of reach', 48, 61)];
  expect(failed({ lives: [LEASE_LOST, LIFE], incidents })).toEqual([]);
  expect(failed({ lives: [{ ...LEASE_LOST, ending: 'the pod was replaced' }, LIFE] })).toEqual([]);
});

it('a lease that fails is said in the log; a crash and what Node says have no place there', () => {
  const log = [
    '{"level":"warn","msg":"Lease failed"}',
    '{"level":"fatal","msg":"Unexpected error"}',
    '(node:1) MaxListenersExceededWarning',
    '',
  ].join('\n');
  expect(findingsIn(log, 3).map(({ line }) => line)).toEqual(log.split('\n').slice(1, 3));
});

describe('a write', () => {
  const patch = { group: 'apps', verb: 'patch', user: '', userAgent: '', requestUri: '', code: 200 };
  const entry = { ...patch, forbidden: false, dryRun: false, namespace: 'rook-1' };

  it.each([
    { resource: 'deployments', name: 'csi-rbdplugin-provisioner' },
    { resource: 'daemonsets', name: 'csi-rbdplugin' },
    { resource: 'configmaps', name: 'rook-ceph-operator-config' },
    { resource: 'csiportassignments', subresource: 'status', name: 'default' },
    { resource: 'events', verb: 'create', name: 'some' },
  ])('of its own: $resource', (changes) => expect(isTrespass({ ...entry, ...changes })).toBe(false));

  it.each([
    { resource: 'deployments', name: 'stranger-1' },
    { resource: 'deployments', name: 'rook-ceph-operator' },
    { resource: 'daemonsets', name: 'csi-cephfsplugin' },
    { resource: 'deployments', name: 'csi-rbdplugin-provisioner', verb: 'delete' },
    { resource: 'configmaps', name: 'stranger-1' },
    { resource: 'csiportassignments', name: 'default' },
    { resource: 'deployments', name: 'csi-rbdplugin-provisioner', namespace: 'default' },
  ])('into what is not: $verb $resource $name $namespace', (changes) =>
    expect(isTrespass({ ...entry, ...changes })).toBe(true),
  );
});
