/** Objects as an API server gives them, and as a person writes them: without what the server adds. */
import { SIDECAR_CONTAINER, SLOT_SPECS, type Slot } from '../../../../src/domain/rules/slots.js';

export type Raw = Readonly<Record<string, unknown>>;

export const CREATED = '2026-11-20T10:00:00Z';
export const READ_AT = Date.parse('2026-11-30T12:00:00Z');

export interface RookOptions {
  readonly namespace?: string;
  readonly version?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** Of the sidecars; those that are absent have no workload. */
  readonly ports?: Readonly<Partial<Record<Slot, number>>>;
  readonly hostNetwork?: boolean;
  readonly liveness?: Readonly<Partial<Record<Slot, number>>>;
}

export const ALL_9070 = { rbdProvisioner: 9070, cephfsProvisioner: 9070, rbdNodePlugin: 9070 } as const;

/** @param type its apiVersion and kind */
export function manifest(type: readonly [string, string], name: string, namespace: string, more: Raw = {}): Raw {
  const [apiVersion, kind] = type;
  return { apiVersion, kind, metadata: { name, namespace }, ...more };
}

/** Hand-made manifests of a Rook: its settings, its operator and its CSI workloads. */
export function rook(options: RookOptions = {}): Raw[] {
  const { namespace = 'rook-ceph', version = 'v1.17.9', data = {}, ports = ALL_9070, hostNetwork = true } = options;
  const operator = [{ name: 'rook-ceph-operator', image: `docker.io/rook/ceph:${version}` }];
  return [
    manifest(['v1', 'ConfigMap'], 'rook-ceph-operator-config', namespace, {
      data: { ROOK_ENFORCE_HOST_NETWORK: String(hostNetwork), CSI_ENABLE_CSIADDONS: 'true', ...data },
    }),
    workload('Deployment', 'rook-ceph-operator', namespace, { containers: operator }),
    ...SLOT_SPECS.flatMap(({ slot, kind, workload: name }) => {
      const port = ports[slot];
      if (port === undefined) return [];
      const containers = [sidecar([`--controller-port=${port}`], port), ...livenessOf(options.liveness?.[slot])];
      return [workload(kind, name, namespace, { hostNetwork, containers })];
    }),
  ];
}

export function sidecar(args: readonly string[], port: number, more: Raw = {}): Raw {
  return { name: SIDECAR_CONTAINER, image: 'k8s-sidecar:v0.12.0', args, ports: [{ containerPort: port }], ...more };
}

function livenessOf(port: number | undefined): Raw[] {
  if (port === undefined) return [];
  return [{ name: 'liveness-prometheus', image: 'cephcsi', args: ['--type=liveness', `--metricsport=${port}`] }];
}

export function workload(kind: string, name: string, namespace: string, podSpec: Raw): Raw {
  return manifest(['apps/v1', kind], name, namespace, {
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec },
      ...(kind === 'Deployment' ? { replicas: 2, strategy: { type: 'Recreate' } } : {}),
      ...(kind === 'DaemonSet' ? { updateStrategy: { type: 'RollingUpdate' } } : {}),
    },
  });
}

export function assignment(namespace = 'rook-ceph', spec: Raw = {}): Raw {
  return manifest(['csiports.io/v1alpha1', 'CSIPortAssignment'], 'default', namespace, { spec });
}

let serial = 0;

/** As the API server stores it. */
export function stored(raw: Raw, more: Raw = {}): Raw {
  serial += 1;
  const metadata = { ...(raw.metadata as Raw), uid: `uid-${serial}`, resourceVersion: String(1000 + serial) };
  return { ...raw, ...more, metadata: { ...metadata, generation: 1, creationTimestamp: CREATED } };
}

/** A workload whose pods run. */
export function running(raw: Raw): Raw {
  const counts =
    raw.kind === 'Deployment'
      ? { replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 }
      : { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, currentNumberScheduled: 2 };
  return stored(raw, { status: { observedGeneration: 1, ...counts } });
}

/** All of a Rook as stored, and its pods on these nodes. */
export function runningRook(options: RookOptions = {}, nodes: readonly string[] = ['node-1']): Raw[] {
  return rook(options).flatMap((raw) => {
    const { kind } = raw;
    if (kind !== 'Deployment' && kind !== 'DaemonSet') return [stored(raw)];
    return [running(raw), ...nodes.map((node) => podOf(raw, node))];
  });
}

export function podOf(raw: Raw, nodeName: string): Raw {
  const { name, namespace } = raw.metadata as { name: string; namespace: string };
  const { template } = raw.spec as { template: { spec: Raw } };
  const isDeployment = raw.kind === 'Deployment';
  const owner = {
    apiVersion: 'apps/v1',
    kind: isDeployment ? 'ReplicaSet' : raw.kind,
    name: isDeployment ? `${name}-7d9c` : name,
  };
  const pod = manifest(['v1', 'Pod'], `${name}-7d9c-${nodeName}`, namespace, {
    spec: { ...template.spec, nodeName },
    status: { phase: 'Running' },
  });
  const metadata = {
    ...(pod.metadata as Raw),
    labels: { app: name, 'pod-template-hash': '7d9c' },
    ownerReferences: [{ ...owner, uid: 'uid-owner', controller: true }],
  };
  return stored({ ...pod, metadata });
}

export function foreignDaemonSet(port: number, name = 'node-agent'): Raw {
  const containers = [{ name: 'agent', image: 'agent', ports: [{ containerPort: port }] }];
  return workload('DaemonSet', name, 'default', { hostNetwork: true, containers });
}
