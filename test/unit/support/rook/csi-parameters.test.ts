import { describe, expect, it } from 'vitest';
import type { RookSettings } from '../../../support/rook/csi-parameters.js';
import { RookConfigError } from '../../../support/rook/csi-parameters.js';
import type { RookVersion } from '../../../support/rook/release.js';
import { renderRook } from '../../../support/rook/render.js';

const VERSIONS: RookVersion[] = ['1.16.4', '1.17.9', '1.19.10'];

function pass(version: RookVersion, config: RookSettings['config']) {
  return () => renderRook({ namespace: 'rook-ceph', version, config });
}

describe.each(VERSIONS)('Rook %s fails its pass', (version) => {
  it.each([
    ['CSIADDONS_PORT', 'abc'],
    ['CSIADDONS_PORT', '70000'],
    ['CSIADDONS_PORT', '65536'],
    ['CSIADDONS_PORT', '-1'],
    ['CSIADDONS_PORT', ' 9072 '],
    ['CSIADDONS_PORT', '9072.5'],
    ['CSI_RBD_LIVENESS_METRICS_PORT', 'abc'],
    ['CSI_CEPHFS_LIVENESS_METRICS_PORT', '70000'],
    ['CSI_ENABLE_LIVENESS', 'yes'],
    ['CSI_ENABLE_HOST_NETWORK', ''],
  ])('on %s=%j', (key, value) => {
    expect(pass(version, { [key]: value })).toThrow(RookConfigError);
    expect(pass(version, { [key]: value })).toThrow(key);
  });
});

describe('a bad port of a provisioner', () => {
  it.each([
    ['CSIADDONS_RBD_PROVISIONER_PORT', 'abc'],
    ['CSIADDONS_CEPHFS_PROVISIONER_PORT', '70000'],
  ])('in %s=%s fails the pass of 1.17.9 and is unknown to 1.16.4', (key, value) => {
    expect(pass('1.17.9', { [key]: value })).toThrow(RookConfigError);
    expect(pass('1.16.4', { [key]: value })).not.toThrow();
  });

  it('is named with its key and value', () => {
    expect(pass('1.17.9', { CSIADDONS_RBD_PROVISIONER_PORT: 'abc' })).toThrow(
      expect.objectContaining({
        key: 'CSIADDONS_RBD_PROVISIONER_PORT',
        value: 'abc',
        message: 'CSIADDONS_RBD_PROVISIONER_PORT: "abc" is not a number',
      }),
    );
  });
});

describe.each(VERSIONS)('Rook %s accepts', (version) => {
  it.each(['0', '80', '65535', '009072'])('CSIADDONS_PORT=%s', (value) => {
    expect(pass(version, { CSIADDONS_PORT: value })).not.toThrow();
  });
});
