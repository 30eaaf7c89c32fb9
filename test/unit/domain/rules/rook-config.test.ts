import { describe, expect, it } from 'vitest';
import { FIELD_MANAGER } from '../../../../src/domain/rules/api.js';
import { invalidKeys, parsePortKey, userKeys } from '../../../../src/domain/rules/rook-config.js';
import { pinned, rookConfig } from '../worlds.js';

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
    const keys = userKeys(rookConfig({ [NODE]: { value: '9100', managers } }), undefined);
    expect(keys).toEqual(users ? { rbdNodePlugin: 9100 } : {});
  });

  it('maps each key to its slot, and leaves out what is blank or invalid', () => {
    expect(userKeys(rookConfig({ [RBD]: '9101', [CEPHFS]: '9102', [NODE]: '9103' }), undefined)).toEqual({
      rbdProvisioner: 9101,
      cephfsProvisioner: 9102,
      rbdNodePlugin: 9103,
    });
    expect(userKeys(rookConfig({ [RBD]: '', [CEPHFS]: 'abc', [NODE]: '80' }), undefined)).toEqual({});
    expect(userKeys(undefined, undefined)).toEqual({});
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
