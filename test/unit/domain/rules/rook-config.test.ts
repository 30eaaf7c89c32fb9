import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD_MANAGER } from '../../../../src/domain/rules/api.js';
import { assignPorts } from '../../../../src/domain/rules/assignment.js';
import { invalidKeys, parsePortKey, userKeys, type RookConfig } from '../../../../src/domain/rules/rook-config.js';
import { planPin, type Pin } from '../../../../src/domain/rules/pin.js';
import { SLOT_SPECS, type ConfigKey, type Slot } from '../../../../src/domain/rules/slots.js';
import { anyRookConfig, assignablePort, validSlotPorts } from '../arbitraries.js';
import { DEFAULT_PORTS, SLOTS, applyPin, pinned, rookConfig, type Keys } from '../worlds.js';

const RBD = 'CSIADDONS_RBD_PROVISIONER_PORT';
const CEPHFS = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';
const NODE = 'CSIADDONS_PORT';

/** What Rook does with a value: strconv.ParseUint after a test for blank (rook v1.16.5, getPortFromConfig). */
describe('the meaning of a value', () => {
  const ports: [string, number][] = [
    ['9070', 9070],
    ['09070', 9070],
    ['0000000000000000000009070', 9070],
    ['1024', 1024],
    ['65535', 65535],
    ['9079', 9079],
  ];
  it.each(ports)('%j is a port', (value, port) => expect(parsePortKey(value)).toEqual({ kind: 'Port', port }));

  const blank = [undefined, '', ' ', '\t\n\v\f\r', '\u00a0', '\u2003', '\u3000', '\u0085'];
  it.each(blank)('%j is unset', (value) => expect(parsePortKey(value)).toEqual({ kind: 'Unset' }));

  const unparsable = [
    'abc',
    '70000',
    '65536',
    '+9070',
    '-1',
    ' 9070',
    '9070 ',
    '9070\n',
    '9_070',
    '1e4',
    '9070.0',
    '0x2370',
  ];
  const exotic = ['9,070', '９０７０', '٩٠٧٠', '9'.repeat(400), '\ufeff', '\u200b', '\0', 'NaN', 'Infinity', '"9070"'];
  it.each([...unparsable, ...exotic])('%j stops Rook', (value) => {
    expect(parsePortKey(value)).toMatchObject({
      kind: 'Invalid',
      consequence: expect.stringContaining('cannot parse') as string,
    });
  });

  it.each(['0', '0000'])('%j makes Rook render what the API server rejects', (value) => {
    expect(parsePortKey(value)).toMatchObject({
      kind: 'Invalid',
      consequence: expect.stringContaining('rejects') as string,
    });
  });

  it.each(['1', '80', '1023', '9080', '9081', '09081'])('%j works for Rook, but is no port for a sidecar', (value) => {
    expect(parsePortKey(value)).toMatchObject({
      kind: 'Invalid',
      consequence: expect.stringContaining('below 1024') as string,
    });
  });
});

describe('whose a key is', () => {
  const rows: [string, readonly string[], boolean][] = [
    ['ours alone', [FIELD_MANAGER], false],
    ['ours, from two writes', [FIELD_MANAGER, FIELD_MANAGER], false],
    ['ours and kubectl', [FIELD_MANAGER, 'kubectl-edit'], true],
    ['kubectl alone', ['kubectl-edit'], true],
    ['Helm', ['helm'], true],
    ['a manager whose name only starts like ours', [`${FIELD_MANAGER}-2`], true],
    ['nobody, as managedFields were stripped', [], true],
  ];
  it.each(rows)('%s', (_name, managers, users) => {
    const keys = userKeys(rookConfig({ [NODE]: { value: '9100', managers } }));
    expect(keys).toEqual(users ? { rbdNodePlugin: 9100 } : {});
  });

  it('maps each key to its slot, and leaves out what is blank or invalid', () => {
    expect(userKeys(rookConfig({ [RBD]: '9101', [CEPHFS]: '9102', [NODE]: '9103' }))).toEqual({
      rbdProvisioner: 9101,
      cephfsProvisioner: 9102,
      rbdNodePlugin: 9103,
    });
    expect(userKeys(rookConfig({ [RBD]: '', [CEPHFS]: 'abc', [NODE]: '80' }))).toEqual({});
    expect(userKeys(undefined)).toEqual({});
  });
});

describe('invalidKeys', () => {
  it('names key, value and consequence, whoever wrote it, in the order of the layout', () => {
    const own = { value: '0', managers: [FIELD_MANAGER] };
    const found = invalidKeys(rookConfig({ [NODE]: 'abc', [CEPHFS]: own, [RBD]: '' }));
    expect(found.map(({ key, value }) => [key, value])).toEqual([
      [CEPHFS, '0'],
      [NODE, 'abc'],
    ]);
    expect(found[1]!.consequence).toContain('stops managing all CSI workloads');
  });

  it('is empty without a ConfigMap and with good values', () => {
    expect(invalidKeys(undefined)).toEqual([]);
    expect(invalidKeys(pinned())).toEqual([]);
  });
});

describe('the pin', () => {
  type Current = Partial<Record<Slot, number>>;
  const none: readonly Slot[] = [];
  const three: readonly Slot[] = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'];
  const pinOf = (keys: Keys, competing: readonly Slot[] = three, currentPorts: Current = {}): Pin => {
    return planPin(rookConfig(keys), DEFAULT_PORTS, { competing, currentPorts });
  };
  const rows: [string, Pin, Pin][] = [
    ['all keys where none is set', pinOf({}), { [RBD]: '9070', [CEPHFS]: '9071', [NODE]: '9072' }],
    ['only those that differ', pinOf({ [RBD]: '9070', [CEPHFS]: '9070', [NODE]: '9072' }), { [CEPHFS]: '9071' }],
    ['nothing where all are right', pinOf({ [RBD]: '9070', [CEPHFS]: '9071', [NODE]: '9072' }), {}],
    ['nothing where a value is the same number', pinOf({ [RBD]: '09070', [CEPHFS]: '9071', [NODE]: '9072' }), {}],
    ['only slots competing', pinOf({}, ['cephfsProvisioner']), { [CEPHFS]: '9071' }],
    ['nothing where no slot is competing', pinOf({ [NODE]: '9070' }, none), {}],
    [
      'competing, an invalid or blank value: the port',
      pinOf({ [RBD]: 'abc', [CEPHFS]: '', [NODE]: '9072' }),
      { [RBD]: '9070', [CEPHFS]: '9071' },
    ],
    [
      'not competing, an invalid value: the current port',
      pinOf({ [NODE]: 'abc' }, none, { rbdNodePlugin: 9070 }),
      { [NODE]: '9070' },
    ],
    ['not competing, 0: the current port', pinOf({ [RBD]: '0' }, none, { rbdProvisioner: 9300 }), { [RBD]: '9300' }],
    ['not competing, no workload: the assigned port', pinOf({ [NODE]: 'abc' }, none), { [NODE]: '9072' }],
    [
      'not competing, on a port that cannot stay: the assigned one',
      pinOf({ [NODE]: 'abc' }, none, { rbdNodePlugin: 80 }),
      { [NODE]: '9072' },
    ],
    ['not competing, blank: left alone', pinOf({ [NODE]: ' ' }, none, { rbdNodePlugin: 9070 }), {}],
    [
      'the current port counts not competing only',
      pinOf({ [NODE]: 'abc' }, ['rbdNodePlugin'], { rbdNodePlugin: 9070 }),
      { [NODE]: '9072' },
    ],
  ];
  it.each(rows)('writes %s', (_name, pin, expected) => expect(pin).toEqual(expected));

  it('does not roll a workload not competing for a value that Rook takes', () => {
    expect(pinOf({ [NODE]: '9080' }, none, { rbdNodePlugin: 9080 })).toEqual({});
    expect(pinOf({ [NODE]: '80' }, none, { rbdNodePlugin: 80 })).toEqual({});
  });

  it('gives way to a person who edits a pinned key afterwards', () => {
    const edited: RookConfig = {
      ...pinned(),
      keys: { ...pinned().keys, [NODE]: { value: '9100', managers: ['kubectl-edit'] } },
    };
    const { ports } = assignPorts({}, userKeys(edited));
    expect(ports).toEqual({ ...DEFAULT_PORTS, rbdNodePlugin: 9100 });
    expect(planPin(edited, ports, { competing: three, currentPorts: {} })).toEqual({});
  });

  it('brings the fixed ports back once spec no longer says otherwise', () => {
    const config = pinned({ rbdProvisioner: 9100, cephfsProvisioner: 9101, rbdNodePlugin: 9102 });
    const { ports } = assignPorts({}, userKeys(config));
    expect(planPin(config, ports, { competing: three, currentPorts: {} })).toEqual({
      [RBD]: '9070',
      [CEPHFS]: '9071',
      [NODE]: '9072',
    });
  });
});

describe('laws of the pin', () => {
  const someSlots = fc.subarray([...SLOTS]);
  const current = assignablePort.chain((port) =>
    fc.constantFrom({}, { rbdNodePlugin: port }, { rbdProvisioner: port }),
  );

  it('writes each key that Rook would choke on, and no key not competing otherwise', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, someSlots, current, (config, wanted, competing, currentPorts) => {
        const { ports } = assignPorts(wanted, userKeys(config));
        const after = applyPin(config, planPin(config, ports, { competing, currentPorts }));
        for (const { slot, configKey } of SLOT_SPECS) {
          const meaning = parsePortKey(after.keys[configKey]?.value);
          expect(meaning.kind === 'Invalid' && /parse|rejects/.test(meaning.consequence)).toBe(false);
          if (competing.includes(slot)) expect(meaning).toEqual({ kind: 'Port', port: ports[slot] });
          else if (parsePortKey(config.keys[configKey]?.value).kind !== 'Invalid') {
            expect(after.keys[configKey]).toEqual(config.keys[configKey]);
          }
        }
      }),
    );
  });

  it('leaves nothing to write for the same ports', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, someSlots, (config, wanted, competing) => {
        const { ports } = assignPorts(wanted, userKeys(config));
        const after = applyPin(config, planPin(config, ports, { competing, currentPorts: {} }));
        expect(planPin(after, ports, { competing, currentPorts: {} })).toEqual({});
      }),
    );
  });

  it('does not change the assignment of what is competing, so that no second write follows', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, (config, wanted) => {
        const { ports } = assignPorts(wanted, userKeys(config));
        const after = applyPin(config, planPin(config, ports, { competing: SLOTS, currentPorts: {} }));
        expect(assignPorts(wanted, userKeys(after)).ports).toEqual(ports);
      }),
      { numRuns: 500 },
    );
  });

  it('does not change it either where a clashing key belongs to a slot not competing', () => {
    const config = rookConfig({ [RBD]: '9090', [CEPHFS]: '9090', [NODE]: '9070' });
    const competing: Slot[] = ['rbdProvisioner', 'cephfsProvisioner'];
    const { ports } = assignPorts({}, userKeys(config));
    const after = applyPin(config, planPin(config, ports, { competing, currentPorts: {} }));
    const again = assignPorts({}, userKeys(after)).ports;
    expect(competing.map((slot) => again[slot])).toEqual(competing.map((slot) => ports[slot]));
  });

  it('takes none of the keys it owns for a wish of the user', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, someSlots, (config, wanted, competing) => {
        const { ports } = assignPorts(wanted, userKeys(config));
        const pin = planPin(config, ports, { competing, currentPorts: {} });
        const keys = userKeys(applyPin(config, pin));
        for (const { slot, configKey } of SLOT_SPECS) {
          expect(keys[slot]).toBe(configKey in pin ? undefined : userKeys(config)[slot]);
        }
      }),
    );
  });

  it('never writes but decimal ports that Rook can parse', () => {
    fc.assert(
      fc.property(anyRookConfig, validSlotPorts, someSlots, current, (config, wanted, competing, currentPorts) => {
        const { ports } = assignPorts(wanted, userKeys(config));
        const pin: Partial<Record<ConfigKey, string>> = planPin(config, ports, { competing, currentPorts });
        for (const value of Object.values(pin))
          expect(parsePortKey(value)).toEqual({ kind: 'Port', port: Number(value) });
      }),
    );
  });
});
