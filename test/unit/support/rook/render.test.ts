import { describe, expect, it } from 'vitest';
import { CONFLICT_CONFIG } from '../../../support/rook/operator.js';
import type { RookSettings } from '../../../support/rook/csi-parameters.js';
import type { RookVersion } from '../../../support/rook/release.js';
import type { RookWorkloads } from '../../../support/rook/render.js';
import { renderRook } from '../../../support/rook/render.js';

const VERSIONS: RookVersion[] = ['1.16.4', '1.17.9', '1.19.10'];

type Config = RookSettings['config'];

function render(version: RookVersion, config: Config = {}, more: Partial<RookSettings> = {}): RookWorkloads {
  return renderRook({ namespace: 'rook-ceph', version, config: { ...CONFLICT_CONFIG, ...config }, ...more });
}

function containers(workloads: RookWorkloads, workload: keyof RookWorkloads) {
  return workloads[workload].spec!.template.spec!.containers;
}

function container(workloads: RookWorkloads, workload: keyof RookWorkloads, name: string) {
  return containers(workloads, workload).find((candidate) => candidate.name === name);
}

/** The csi-addons port of each workload, that of the argument; undefined without the sidecar. */
function csiAddonsPorts(workloads: RookWorkloads): (number | undefined)[] {
  const names = Object.keys(workloads) as (keyof RookWorkloads)[];
  return names.map((workload) => {
    const argument = container(workloads, workload, 'csi-addons')?.args?.find((arg) =>
      arg.startsWith('--controller-port='),
    );
    return argument === undefined ? undefined : Number(argument.split('=')[1]);
  });
}

const ALL_ON_9070 = [9070, 9070, undefined, 9070];

describe.each(VERSIONS)('the csi-addons ports of Rook %s', (version) => {
  it('are all 9070 by default, and never on the CephFS node plugin', () => {
    expect(csiAddonsPorts(render(version))).toEqual(ALL_ON_9070);
  });

  it.each(['', '  '])('are 9070 where the keys hold %j', (blank) => {
    const config = {
      CSIADDONS_PORT: blank,
      CSIADDONS_RBD_PROVISIONER_PORT: blank,
      CSIADDONS_CEPHFS_PROVISIONER_PORT: blank,
    };

    expect(csiAddonsPorts(render(version, config))).toEqual(ALL_ON_9070);
  });

  it('are declared as the only container ports, unnamed and without a host port', () => {
    const workloads = render(version, { CSI_ENABLE_LIVENESS: 'true' }, { logCollector: true });

    for (const workload of ['rbdNodePlugin', 'rbdProvisioner', 'cephfsProvisioner'] as const) {
      expect(containers(workloads, workload).flatMap((each) => each.ports ?? [])).toEqual([
        { containerPort: 9070, protocol: 'TCP' },
      ]);
    }
    expect(containers(workloads, 'cephfsNodePlugin').flatMap((each) => each.ports ?? [])).toEqual([]);
  });

  it.each(['false', 'maybe', ''])('are gone with CSI_ENABLE_CSIADDONS=%j', (value) => {
    const workloads = render(version, { CSI_ENABLE_CSIADDONS: value });

    expect(csiAddonsPorts(workloads)).toEqual([undefined, undefined, undefined, undefined]);
    expect(JSON.stringify(workloads)).not.toContain('csi-addons.sock');
  });

  it('store a host port equal to the container port, but only on the host network', () => {
    const moved = { CSIADDONS_PORT: '9075', CSIADDONS_RBD_PROVISIONER_PORT: '9075' };
    const workloads = render(version, { ...moved, CSI_ENABLE_HOST_NETWORK: 'false' }, { storedHostPort: true });

    expect(container(workloads, 'rbdProvisioner', 'csi-addons')?.ports).toEqual([
      { containerPort: 9075, hostPort: 9075, protocol: 'TCP' },
    ]);
    expect(container(workloads, 'rbdNodePlugin', 'csi-addons')?.ports).toEqual([
      { containerPort: 9075, protocol: 'TCP' },
    ]);
  });
});

describe('the keys of the csi-addons ports', () => {
  it.each<{ config: Config; old: unknown[]; recent: unknown[] }>([
    { config: { CSIADDONS_PORT: '9072' }, old: [9072, 9072, undefined, 9072], recent: [9072, 9070, undefined, 9070] },
    { config: { CSIADDONS_RBD_PROVISIONER_PORT: '9071' }, old: ALL_ON_9070, recent: [9070, 9071, undefined, 9070] },
    { config: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' }, old: ALL_ON_9070, recent: [9070, 9070, undefined, 9071] },
    {
      config: {
        CSIADDONS_PORT: '9072',
        CSIADDONS_RBD_PROVISIONER_PORT: '9070',
        CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
      },
      old: [9072, 9072, undefined, 9072],
      recent: [9072, 9070, undefined, 9071],
    },
  ])('$config', ({ config, old, recent }) => {
    expect(csiAddonsPorts(render('1.16.4', config))).toEqual(old);
    expect(csiAddonsPorts(render('1.17.9', config))).toEqual(recent);
  });
});

describe.each(VERSIONS)('the csi-addons container of Rook %s', (version) => {
  const PLAIN = [
    '--node-id=$(NODE_ID)',
    '--v=0',
    '--csi-addons-address=$(CSIADDONS_ENDPOINT)',
    '--controller-port=9070',
    '--pod=$(POD_NAME)',
    '--namespace=$(POD_NAMESPACE)',
    '--pod-uid=$(POD_UID)',
    '--stagingpath=/var/lib/kubelet/plugins/kubernetes.io/csi/',
  ];
  const ELECTION = [
    '--leader-election-namespace=rook-ceph',
    '--leader-election-lease-duration=2m17s',
    '--leader-election-renew-deadline=1m47s',
    '--leader-election-retry-period=26s',
  ];

  it('has the plain arguments on the nodes and those of the leader election in the provisioners', () => {
    const workloads = render(version);

    expect(container(workloads, 'rbdNodePlugin', 'csi-addons')?.args).toEqual(PLAIN);
    expect(container(workloads, 'rbdProvisioner', 'csi-addons')?.args).toEqual([...PLAIN, ...ELECTION]);
    expect(container(workloads, 'cephfsProvisioner', 'csi-addons')?.args).toEqual([...PLAIN, ...ELECTION]);
  });

  it('writes to a file while the log collector is on', () => {
    const workloads = render(version, {}, { logCollector: true });
    const log = '/var/lib/rook/rook-ceph.cephfs.csi.ceph.com/log/controller-plugin/csi-addons.log';

    expect(container(workloads, 'cephfsProvisioner', 'csi-addons')?.args).toEqual([
      ...PLAIN,
      ...ELECTION,
      '--logtostderr=false',
      '--alsologtostderr=true',
      `--log_file=${log}`,
    ]);
  });

  it('runs the sidecar of its release', () => {
    const sidecar = container(render(version), 'rbdNodePlugin', 'csi-addons');

    const sidecars = { '1.16.4': 'v0.11.0', '1.17.9': 'v0.12.0', '1.19.10': 'v0.14.0' };
    expect(sidecar?.image).toBe(`quay.io/csiaddons/k8s-sidecar:${sidecars[version]}`);
  });
});

describe.each(VERSIONS)('the containers of Rook %s', (version) => {
  it('come in the order of the templates, the log collector last', () => {
    const workloads = render(version, { CSI_ENABLE_LIVENESS: 'true' }, { logCollector: true });
    const names = Object.values(workloads).map(({ spec }) => spec!.template.spec!.containers.map(({ name }) => name));

    expect(names).toEqual([
      ['driver-registrar', 'csi-rbdplugin', 'csi-addons', 'liveness-prometheus', 'log-collector'],
      [
        ...['csi-provisioner', 'csi-resizer', 'csi-attacher', 'csi-snapshotter'],
        ...['csi-addons', 'csi-rbdplugin', 'liveness-prometheus', 'log-collector'],
      ],
      ['driver-registrar', 'csi-cephfsplugin', 'liveness-prometheus', 'log-collector'],
      [
        ...['csi-attacher', 'csi-snapshotter', 'csi-resizer', 'csi-provisioner'],
        ...['csi-cephfsplugin', 'csi-addons', 'liveness-prometheus', 'log-collector'],
      ],
    ]);
  });

  it('mount only volumes that the pod has', () => {
    for (const logCollector of [false, true]) {
      for (const workload of Object.values(render(version, { CSI_ENABLE_LIVENESS: 'true' }, { logCollector }))) {
        const spec = workload.spec!.template.spec!;
        const volumes = new Set(spec.volumes!.map((volume) => volume.name));
        const mounted = new Set(spec.containers.flatMap((each) => each.volumeMounts!.map((mount) => mount.name)));
        expect(mounted).toEqual(volumes);
      }
    }
  });
});

describe.each(VERSIONS)('liveness in Rook %s', (version) => {
  function metricsPorts(config: Config): (string | undefined)[] {
    const workloads = render(version, config);
    return (Object.keys(workloads) as (keyof RookWorkloads)[]).map((workload) =>
      container(workloads, workload, 'liveness-prometheus')?.args?.find((arg) => arg.startsWith('--metricsport=')),
    );
  }

  it('is off by default', () => {
    expect(metricsPorts({})).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('takes one port per driver, for node plugin and provisioner alike', () => {
    const [rbd, cephfs] = ['--metricsport=9080', '--metricsport=9081'];

    expect(metricsPorts({ CSI_ENABLE_LIVENESS: 'true' })).toEqual([rbd, rbd, cephfs, cephfs]);
  });

  it('follows its keys', () => {
    const ports = { CSI_RBD_LIVENESS_METRICS_PORT: '9180', CSI_CEPHFS_LIVENESS_METRICS_PORT: '9181' };
    const [rbd, cephfs] = ['--metricsport=9180', '--metricsport=9181'];

    expect(metricsPorts({ CSI_ENABLE_LIVENESS: 'true', ...ports })).toEqual([rbd, rbd, cephfs, cephfs]);
  });
});
