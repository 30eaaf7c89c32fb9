import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPorts } from '../../../../src/domain/rules/assignment.js';
import { forEachSlot, isAssignable, type Slot } from '../../../../src/domain/rules/slots.js';
import { hostileSlotPorts, validSlotPorts } from '../arbitraries.js';
import { DEFAULT_PORTS, SLOTS } from '../worlds.js';

type Given = Partial<Record<Slot, number>>;
type Row = [name: string, wanted: Given, keys: Given, ports: [rbd: number, cephfs: number, node: number]];

function assigned(wanted: Given, keys: Given = {}): number[] {
  const { ports } = assignPorts(wanted, keys);
  return SLOTS.map((slot) => ports[slot]);
}

/** Of those that a row names. */
function assignedRow(wanted: Given, keys: Given): number[] {
  const { rbdProvisioner, cephfsProvisioner, rbdNodePlugin } = assignPorts(wanted, keys).ports;
  return [rbdProvisioner, cephfsProvisioner, rbdNodePlugin];
}

describe('the layout', () => {
  const rows: Row[] = [
    ['nothing given: the fixed ports', {}, {}, [9070, 9071, 9072]],
    ['the node plugin stays on 9070', { rbdNodePlugin: 9070 }, {}, [9072, 9071, 9070]],
    ['the node plugin on 9071', { rbdNodePlugin: 9071 }, {}, [9070, 9072, 9071]],
    ['a port outside of the pool', { rbdProvisioner: 9500 }, {}, [9500, 9071, 9072]],
    ['two fixed ports swapped', { rbdProvisioner: 9071, cephfsProvisioner: 9070 }, {}, [9071, 9070, 9072]],
    ['the reserve taken by name', { cephfsProvisioner: 9073 }, {}, [9070, 9073, 9072]],
    ['a ring of fixed ports', { rbdProvisioner: 9072, cephfsProvisioner: 9070 }, {}, [9072, 9070, 9071]],
    ['both provisioners moved up', { rbdProvisioner: 9071, cephfsProvisioner: 9072 }, {}, [9071, 9072, 9070]],
    ['both others displaced, lowest first', { rbdNodePlugin: 9070, rbdProvisioner: 9071 }, {}, [9071, 9072, 9070]],
    ['all given', { rbdProvisioner: 9300, cephfsProvisioner: 9200, rbdNodePlugin: 9100 }, {}, [9300, 9200, 9100]],
    ['the bounds', { rbdProvisioner: 1024, rbdNodePlugin: 65535 }, {}, [1024, 9071, 65535]],
  ];
  it.each(rows)('%s', (_name, wanted, keys, ports) => expect(assignedRow(wanted, keys)).toEqual(ports));

  it('finds a free one of the three fixed ports for any displaced slot, so that 9073 goes to who asks for it alone', () => {
    fc.assert(
      fc.property(validSlotPorts, validSlotPorts, (wanted, keys) => {
        const asked = [...Object.values(wanted), ...Object.values(keys)];
        fc.pre(!asked.includes(9073));
        expect(assigned(wanted, keys)).not.toContain(9073);
      }),
    );
  });
});

describe("the user's keys", () => {
  const rows: (Row | [...Row, ignored: Slot[]])[] = [
    ['one key', {}, { rbdNodePlugin: 9075 }, [9070, 9071, 9075]],
    ['a key on a fixed port of another slot', {}, { rbdNodePlugin: 9070 }, [9072, 9071, 9070]],
    ['all keys', {}, { rbdProvisioner: 9100, cephfsProvisioner: 9101, rbdNodePlugin: 9102 }, [9100, 9101, 9102]],
    ['spec before key', { rbdNodePlugin: 9100 }, { rbdNodePlugin: 9200 }, [9070, 9071, 9100]],
    ['a key beside spec', { rbdNodePlugin: 9100 }, { cephfsProvisioner: 9200 }, [9070, 9200, 9100]],
    [
      'key equal to spec, elsewhere',
      { rbdNodePlugin: 9100 },
      { cephfsProvisioner: 9100 },
      [9070, 9071, 9100],
      ['cephfsProvisioner'],
    ],
    [
      'a clash with spec leaves the other keys in force',
      { rbdNodePlugin: 9100 },
      { cephfsProvisioner: 9100, rbdProvisioner: 9200 },
      [9200, 9071, 9100],
      ['cephfsProvisioner'],
    ],
    [
      'a key that spec overrules does not clash',
      { rbdNodePlugin: 9100 },
      { rbdNodePlugin: 9200, cephfsProvisioner: 9200 },
      [9070, 9200, 9100],
    ],
    [
      'two keys alike: the first of the layout keeps the port',
      {},
      { rbdProvisioner: 9200, cephfsProvisioner: 9200 },
      [9200, 9071, 9072],
      ['cephfsProvisioner'],
    ],
    [
      "all on Rook's default",
      {},
      { rbdProvisioner: 9070, cephfsProvisioner: 9070, rbdNodePlugin: 9070 },
      [9070, 9071, 9072],
      ['cephfsProvisioner', 'rbdNodePlugin'],
    ],
    [
      'two alike leave the third alone',
      {},
      { rbdProvisioner: 9200, cephfsProvisioner: 9200, rbdNodePlugin: 9300 },
      [9200, 9071, 9300],
      ['cephfsProvisioner'],
    ],
  ];
  it.each(rows)('%s', (...[, wanted, keys, ports, ignored = []]) => {
    expect(assignedRow(wanted, keys)).toEqual(ports);
    expect(assignPorts(wanted, keys).ignoredKeys).toEqual(ignored);
  });
});

describe('laws', () => {
  it('gives every slot an assignable port of its own, whatever comes in', () => {
    fc.assert(
      fc.property(hostileSlotPorts, hostileSlotPorts, (wanted, keys) => {
        const ports = assigned(wanted, keys);
        expect(ports.every(isAssignable)).toBe(true);
        expect(new Set(ports).size).toBe(SLOTS.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('never overrules a port of the spec', () => {
    fc.assert(
      fc.property(validSlotPorts, hostileSlotPorts, (wanted, keys) => {
        expect(assignPorts(wanted, keys).ports).toMatchObject(wanted);
      }),
    );
  });

  it('depends on the values alone, not on the order of the fields', () => {
    const reversed = (given: Given): Given => Object.fromEntries(Object.entries(given).reverse());
    fc.assert(
      fc.property(hostileSlotPorts, hostileSlotPorts, (wanted, keys) => {
        expect(assignPorts(reversed(wanted), reversed(keys))).toEqual(assignPorts(wanted, keys));
      }),
    );
  });

  it('stays as it is when it is written into the spec', () => {
    fc.assert(
      fc.property(validSlotPorts, validSlotPorts, validSlotPorts, (wanted, keys, otherKeys) => {
        const { ports } = assignPorts(wanted, keys);
        expect(assignPorts(ports, otherKeys)).toEqual({ ports, ignoredKeys: [] });
      }),
    );
  });

  it('honours each key that spec leaves open, or names it as ignored', () => {
    fc.assert(
      fc.property(validSlotPorts, anyKeys, (wanted, keys) => {
        const { ports, ignoredKeys } = assignPorts(wanted, keys);
        const open = SLOTS.filter((slot) => keys[slot] !== undefined && wanted[slot] === undefined);
        for (const slot of open.filter((candidate) => !ignoredKeys.includes(candidate))) {
          expect(ports[slot]).toBe(keys[slot]);
        }
        expect(open).toEqual(expect.arrayContaining([...ignoredKeys]));
      }),
    );
  });

  it('ignores keys only where two of them, or one and spec, ask for the same port', () => {
    fc.assert(
      fc.property(validSlotPorts, anyKeys, (wanted, keys) => {
        const open = SLOTS.filter((slot) => keys[slot] !== undefined && wanted[slot] === undefined);
        const asked = [...Object.values(wanted), ...open.map((slot) => keys[slot])];
        const clash = new Set(asked).size < asked.length;
        expect(assignPorts(wanted, keys).ignoredKeys.length > 0).toBe(clash);
      }),
    );
  });

  it('keeps a fixed port wherever nobody else was given it', () => {
    fc.assert(
      fc.property(validSlotPorts, (wanted) => {
        const { ports } = assignPorts(wanted, {});
        for (const slot of SLOTS) {
          if (wanted[slot] === undefined && !Object.values(wanted).includes(DEFAULT_PORTS[slot]))
            expect(ports[slot]).toBe(DEFAULT_PORTS[slot]);
        }
      }),
    );
  });
});

/** Valid keys, often alike. */
const anyKeys: fc.Arbitrary<Given> = fc.record(
  forEachSlot(() => fc.constantFrom(9070, 9071, 9072, 9073, 9200)),
  { requiredKeys: [] },
);
