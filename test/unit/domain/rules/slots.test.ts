import { describe, expect, it } from 'vitest';
import { POOL, SLOT_SPECS, forEachSlot, isAssignable } from '../../../../src/domain/rules/slots.js';

describe('isAssignable', () => {
  it.each([1024, 9070, 9073, 9079, 9082, 65535])('takes %d', (port) => expect(isAssignable(port)).toBe(true));

  it.each([NaN, Infinity, -Infinity, -9070, -0, 0, 80, 1023, 9070.5, 9080, 9081, 65536, 2 ** 53])(
    'rejects %d',
    (port) => {
      expect(isAssignable(port)).toBe(false);
    },
  );
});

describe('the layout', () => {
  it('is the one that the documentation promises', () => {
    const rows = SLOT_SPECS.map(({ slot, kind, workload, defaultPort, configKey }) => {
      return [slot, kind, workload, defaultPort, configKey];
    });
    expect(rows).toEqual([
      ['rbdProvisioner', 'Deployment', 'csi-rbdplugin-provisioner', 9070, 'CSIADDONS_RBD_PROVISIONER_PORT'],
      ['cephfsProvisioner', 'Deployment', 'csi-cephfsplugin-provisioner', 9071, 'CSIADDONS_CEPHFS_PROVISIONER_PORT'],
      ['rbdNodePlugin', 'DaemonSet', 'csi-rbdplugin', 9072, 'CSIADDONS_PORT'],
    ]);
  });

  it('has names, ports and keys of their own, and ports of the pool', () => {
    for (const field of ['slot', 'workload', 'defaultPort', 'configKey', 'helmValue'] as const) {
      expect(new Set(SLOT_SPECS.map((slotSpec) => slotSpec[field])).size, field).toBe(SLOT_SPECS.length);
    }
    expect(POOL).toEqual(expect.arrayContaining(SLOT_SPECS.map(({ defaultPort }) => defaultPort)));
    expect(POOL).toHaveLength(28);
  });

  it('makes a record of every slot', () => {
    const record = forEachSlot(({ workload }) => workload);
    expect(Object.entries(record)).toEqual(SLOT_SPECS.map(({ slot, workload }) => [slot, workload]));
  });
});
