/**
 * What the tests beside a real API server rest on: that these workloads have their ports, and lose them, as docs/maintainer/rook.md
 * recorded of Rook. The rest of the templates is as it is: no test of the operator asks what an image or a mount is called.
 */
import { describe, expect, it } from 'vitest';
import { SLOT_SPECS, type Slot } from '../../../../src/domain/rules/slots.js';
import { RookConfigError, type RookSettings } from '../../../support/rook/csi-parameters.js';
import { CONFLICT_CONFIG } from '../../../support/rook/operator.js';
import type { RookVersion } from '../../../support/rook/release.js';
import { renderRook, type RookWorkloads } from '../../../support/rook/render.js';
import { each, keysOf, OTHER_PORTS, SLOTS } from '../../../support/slots.js';

const VERSIONS: RookVersion[] = ['1.16.4', '1.17.9', '1.19.10'];

type Config = RookSettings['config'];

function render(version: RookVersion, config: Config = {}): RookWorkloads {
  return renderRook({ namespace: 'rook-ceph', version, config: { ...CONFLICT_CONFIG, ...config } });
}

function sidecarOf(workloads: RookWorkloads, slot: Slot) {
  return workloads[slot].spec!.template.spec!.containers.find(({ name }) => name === 'csi-addons');
}

/** Of each slot, that of the argument, which is the one that is declared; undefined without the sidecar. */
function portsOf(workloads: RookWorkloads): Record<string, number | undefined> {
  const ports = SLOTS.map((slot) => {
    const sidecar = sidecarOf(workloads, slot);
    const argument = sidecar?.args?.find((arg) => arg.startsWith('--controller-port='));
    const port = argument === undefined ? undefined : Number(argument.split('=')[1]);
    expect(sidecar?.ports).toEqual(port && [{ containerPort: port, protocol: 'TCP' }]);
    return [slot, port] as const;
  });
  return Object.fromEntries(ports);
}

describe.each(VERSIONS)('the workloads of Rook %s', (version) => {
  const oneKey = version === '1.16.4';

  it('come in the order in which Rook was seen to write them', () => {
    const recorded = ['csi-rbdplugin', 'csi-rbdplugin-provisioner', 'csi-cephfsplugin', 'csi-cephfsplugin-provisioner'];
    const names = Object.values(render(version)).map(({ metadata }) => metadata!.name!);
    expect(names.filter((name) => recorded.includes(name))).toEqual(recorded);
  });

  it('are all on 9070 by default, and where the keys are blank', () => {
    expect(portsOf(render(version))).toEqual(each(9070));
    const blank = Object.fromEntries(SLOT_SPECS.map(({ configKey }) => [configKey, '  ']));
    expect(portsOf(render(version, blank))).toEqual(each(9070));
  });

  it('have the ports of the keys that this version reads', () => {
    expect(portsOf(render(version, keysOf(OTHER_PORTS)))).toEqual(oneKey ? each(9172) : OTHER_PORTS);
    expect(portsOf(render(version, { CSIADDONS_PORT: '9072' }))).toEqual(
      oneKey ? each(9072) : { ...each(9070), rbdNodePlugin: 9072 },
    );
  });

  it('have the sidecar only with CSI_ENABLE_CSIADDONS, and the CephFS node plugin never', () => {
    expect(portsOf(render(version, { CSI_ENABLE_CSIADDONS: 'false' }))).toEqual(each(undefined));
    expect(JSON.stringify(render(version).cephfsNodePlugin)).not.toContain('csi-addons');
  });

  it.each([
    { enforce: 'true', node: 'true', expected: [true, true, true, true] },
    { enforce: 'false', node: 'true', expected: [true, undefined, true, undefined] },
    { enforce: 'true', node: 'false', expected: [undefined, true, undefined, true] },
    { enforce: 'sure', node: '1', expected: [true, undefined, true, undefined] },
  ])('are on the host network by ROOK_ENFORCE_HOST_NETWORK=$enforce, CSI_ENABLE_HOST_NETWORK=$node', (row) => {
    const workloads = render(version, { ROOK_ENFORCE_HOST_NETWORK: row.enforce, CSI_ENABLE_HOST_NETWORK: row.node });
    const { rbdNodePlugin, rbdProvisioner, cephfsNodePlugin, cephfsProvisioner } = workloads;
    const recorded = [rbdNodePlugin, rbdProvisioner, cephfsNodePlugin, cephfsProvisioner];
    expect(recorded.map(({ spec }) => spec!.template.spec!.hostNetwork)).toEqual(row.expected);
  });

  it('have the liveness port of their driver, in an argument alone', () => {
    const workloads = render(version, { CSI_ENABLE_LIVENESS: 'true', CSI_CEPHFS_LIVENESS_METRICS_PORT: '9181' });
    const ports = (['rbdNodePlugin', 'rbdProvisioner', 'cephfsNodePlugin', 'cephfsProvisioner'] as const).map(
      (name) => {
        const { containers } = workloads[name].spec!.template.spec!;
        const liveness = containers.find((container) => container.name === 'liveness-prometheus');
        return [liveness?.args?.find((arg) => arg.startsWith('--metricsport=')), liveness?.ports];
      },
    );
    const [rbd, cephfs] = ['--metricsport=9080', '--metricsport=9181'].map((argument) => [argument, undefined]);
    expect(ports).toEqual([rbd, rbd, cephfs, cephfs]);
  });

  it.each([
    ['CSIADDONS_PORT', 'abc'],
    ['CSIADDONS_PORT', '65536'],
    ['CSIADDONS_PORT', '-1'],
    ['CSIADDONS_PORT', ' 9072 '],
    ['CSIADDONS_PORT', '9072.5'],
    ['CSI_RBD_LIVENESS_METRICS_PORT', 'abc'],
    ['CSI_ENABLE_LIVENESS', 'yes'],
    ['CSI_ENABLE_HOST_NETWORK', ''],
  ])('are not written with %s=%j', (key, value) => {
    expect(() => render(version, { [key]: value })).toThrow(RookConfigError);
  });

  it.each(['0', '80', '65535', '009072'])('are written with CSIADDONS_PORT=%s', (value) => {
    expect(() => render(version, { CSIADDONS_PORT: value })).not.toThrow();
  });

  it(`${oneKey ? 'are' : 'are not'} written with a bad port in the key of a provisioner`, () => {
    const write = (): unknown => render(version, { CSIADDONS_RBD_PROVISIONER_PORT: 'abc' });
    if (oneKey) expect(write).not.toThrow();
    else expect(write).toThrow(RookConfigError);
  });
});
