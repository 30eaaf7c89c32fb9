/** What Rook reads of its ConfigMap and of its environment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD_MANAGER } from '../../../../src/domain/rules/api.js';
import {
  livenessPorts,
  parsePortKey,
  rookSetting,
  userKeys,
  type RookConfig,
} from '../../../../src/domain/rules/rook-config.js';
import type { RookOperator } from '../../../../src/domain/rules/rook-operator.js';
import { ROOK_SETTINGS } from '../../../../src/domain/rules/rook-settings.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import { anyRookConfig, assignablePort } from '../arbitraries.js';
import { pinned, rookConfig, type Keys } from '../worlds.js';

function operator(env: RookOperator['env']): RookOperator {
  return { namespace: 'rook-ceph', name: 'rook-ceph-operator', uid: 'u', resourceVersion: '3', env, readyReplicas: 1 };
}

function configured(settings: RookConfig['settings'], keys: Keys = {}): RookConfig {
  return { ...rookConfig(keys), settings };
}

describe('a setting', () => {
  it('is that of the ConfigMap, also if blank, else of the environment', () => {
    const env = Object.fromEntries(ROOK_SETTINGS.map((name) => [name, 'env']));
    const keys = Object.fromEntries(SLOT_SPECS.map(({ configKey }) => [configKey, '']));
    const inConfig = Object.fromEntries(ROOK_SETTINGS.map((name) => [name, '']));
    for (const name of ROOK_SETTINGS) {
      expect(rookSetting(name, configured(inConfig, keys), operator(env))).toBe('');
      expect(rookSetting(name, rookConfig(), operator(env))).toBe('env');
      expect(rookSetting(name, undefined, operator(env))).toBe('env');
      expect(rookSetting(name, rookConfig(), operator({}))).toBeUndefined();
      expect(rookSetting(name, undefined, undefined)).toBeUndefined();
    }
  });
});

describe("the user's keys", () => {
  const env = { CSIADDONS_PORT: '9105' };
  const rows: [string, RookConfig | undefined, number | undefined][] = [
    ['of the environment without a ConfigMap', undefined, 9105],
    ['of the environment without a key', rookConfig(), 9105],
    ['of the environment, if our own pin equals them', pinned({ rbdNodePlugin: 9105 }), 9105],
    ['of the environment, not under a pin of another port', pinned(), undefined],
    ['of the ConfigMap', rookConfig({ CSIADDONS_PORT: '9100' }), 9100],
    ['of the ConfigMap, where they are blank', rookConfig({ CSIADDONS_PORT: '' }), undefined],
    ['of the ConfigMap, where they are invalid', rookConfig({ CSIADDONS_PORT: 'abc' }), undefined],
  ];
  it.each(rows)('are those %s', (_name, config, port) => {
    expect(userKeys(config, operator(env)).rbdNodePlugin).toBe(port);
  });

  it.each(['', 'abc', '80', '9080', '0'])('are valid: %j of the environment is none', (value) => {
    expect(userKeys(undefined, operator({ CSIADDONS_PORT: value }))).toEqual({});
  });

  it('are never our own pin, and those of the environment do not outweigh a key of the user', () => {
    fc.assert(
      fc.property(anyRookConfig, fc.option(assignablePort, { nil: undefined }), (config, port) => {
        const environment: RookOperator['env'] = port === undefined ? {} : { CSIADDONS_PORT: String(port) };
        const keys = userKeys(config, operator(environment));
        const entry = config.keys.CSIADDONS_PORT;
        const isOurs = entry?.managers.length === 1 && entry.managers[0] === FIELD_MANAGER;
        const meaning = parsePortKey(entry?.value);
        const inConfig = meaning.kind === 'Port' ? meaning.port : undefined;
        const inEnvironment = isOurs && entry.value !== String(port) ? undefined : port;
        expect(keys.rbdNodePlugin).toBe(entry === undefined || isOurs ? inEnvironment : inConfig);
      }),
    );
  });
});

describe('the liveness ports', () => {
  const ports = (settings: RookConfig['settings'], env: RookOperator['env'] = {}): number[] =>
    livenessPorts(configured(settings), operator(env)).map(({ port }) => port);

  it('are the same for node plugin and provisioner of a driver', () => {
    expect(livenessPorts(configured({ CSI_ENABLE_LIVENESS: 'true' }), undefined)).toEqual(
      [
        { port: 9080, workload: { kind: 'DaemonSet', name: 'csi-rbdplugin' } },
        { port: 9080, workload: { kind: 'Deployment', name: 'csi-rbdplugin-provisioner' } },
        { port: 9081, workload: { kind: 'DaemonSet', name: 'csi-cephfsplugin' } },
        { port: 9081, workload: { kind: 'Deployment', name: 'csi-cephfsplugin-provisioner' } },
      ].map((row) => ({ container: 'liveness-prometheus', ...row })),
    );
  });

  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('are there with %j', (value) => {
    expect(ports({ CSI_ENABLE_LIVENESS: value })).toHaveLength(4);
    expect(ports({}, { CSI_ENABLE_LIVENESS: value })).toHaveLength(4);
  });

  it.each(['', 'false', '0', 'tRUE', ' true', 'yes', 'on'])('are not there with %j', (value) => {
    expect(ports({ CSI_ENABLE_LIVENESS: value }, { CSI_ENABLE_LIVENESS: 'true' })).toEqual([]);
  });

  it('are not there by default', () => expect(livenessPorts(undefined, undefined)).toEqual([]));

  it('are those of the settings, of either source', () => {
    const settings = { CSI_ENABLE_LIVENESS: 'true', CSI_RBD_LIVENESS_METRICS_PORT: '9071' };
    expect(ports(settings, { CSI_CEPHFS_LIVENESS_METRICS_PORT: '80' })).toEqual([9071, 9071, 80, 80]);
  });

  it.each(['', ' ', 'abc', '0', '65536', '-1', '9'.repeat(1001)])('are the defaults for %j', (value) => {
    const [CSI_RBD_LIVENESS_METRICS_PORT, CSI_CEPHFS_LIVENESS_METRICS_PORT] = [value, value];
    const settings = { CSI_RBD_LIVENESS_METRICS_PORT, CSI_CEPHFS_LIVENESS_METRICS_PORT };
    expect(ports({ CSI_ENABLE_LIVENESS: 'true', ...settings })).toEqual([9080, 9080, 9081, 9081]);
  });
});
