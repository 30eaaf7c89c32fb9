/** CSI workloads as Rook writes them, and the projection of them that the domain plans with. */
import { SIDECAR_CONTAINER, SLOT_LAYOUTS, type Slot, type WorkloadKind } from '../../../src/domain/slots.js';
import type { Workload } from '../../../src/domain/workload.js';

export interface RawPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly name?: string;
  readonly protocol?: string;
}

export interface RawContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly RawPort[];
}

export interface RawWorkload {
  readonly kind: WorkloadKind;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly hostNetwork?: boolean; readonly containers: readonly RawContainer[] };
    };
  };
  readonly status: { readonly observedGeneration: number; readonly pods: number };
}

export interface RawOptions {
  /** Port of the sidecar in the form that Rook writes. */
  readonly port?: number;
  /** Overrides what follows from `port`. */
  readonly sidecar?: Omit<RawContainer, 'name' | 'image'> | 'none';
  readonly hostNetwork?: boolean;
  readonly driverOwned?: boolean;
  readonly deleting?: boolean;
  /** The workload's controller has not seen the template yet. */
  readonly rolling?: boolean;
}

/** All arguments as Rook 1.17 renders them, the port's left out. */
export const ROOK_ARGS: readonly string[] = [
  '--node-id=$(NODE_ID)',
  '--v=0',
  '--csi-addons-address=$(CSIADDONS_ENDPOINT)',
  '--pod=$(POD_NAME)',
  '--namespace=$(POD_NAMESPACE)',
  '--pod-uid=$(POD_UID)',
  '--stagingpath=/var/lib/kubelet/plugins/kubernetes.io/csi/',
];

export function rawWorkload(slot: Slot, options: RawOptions = {}): RawWorkload {
  const { kind, workload: name, fixedPort } = SLOT_LAYOUTS.find((layout) => layout.slot === slot)!;
  const port = options.port ?? fixedPort;
  const sidecar = options.sidecar ?? {
    args: [...ROOK_ARGS.slice(0, 3), `--controller-port=${port}`, ...ROOK_ARGS.slice(3)],
    ports: [{ containerPort: port, protocol: 'TCP' }],
  };
  return {
    kind,
    metadata: {
      name,
      namespace: 'rook-ceph',
      uid: `uid-${slot}`,
      resourceVersion: '4711',
      generation: options.rolling === true ? 8 : 7,
      ...(options.deleting === true ? { deletionTimestamp: '2026-11-22T10:00:00Z' } : {}),
      annotations: { 'banzaicloud.com/last-applied': 'UEsDBBQ' },
      ownerReferences: [
        options.driverOwned === true
          ? { kind: 'Driver', name: 'rook-ceph.rbd.csi.ceph.com' }
          : { kind: 'Deployment', name: 'rook-ceph-operator' },
      ],
    },
    spec: {
      template: {
        metadata: { labels: { app: name, contains: `${name}-metrics` } },
        spec: {
          ...(options.hostNetwork === false ? {} : { hostNetwork: true }),
          containers: [
            { name: 'csi-driver', image: 'cephcsi:v3.13', args: ['--drivername=rook-ceph.rbd.csi.ceph.com'] },
            ...(sidecar === 'none' ? [] : [{ name: SIDECAR_CONTAINER, image: 'k8s-sidecar:v0.12.0', ...sidecar }]),
            { name: 'log-collector', image: 'cephcsi:v3.13', args: ['--controller-port=9070'] },
          ],
        },
      },
    },
    status: { observedGeneration: 7, pods: 2 },
  };
}

export function project(raw: RawWorkload): Workload {
  const { metadata, spec, status } = raw;
  const { containers, hostNetwork } = spec.template.spec;
  const index = containers.findIndex(({ name }) => name === SIDECAR_CONTAINER);
  const container = containers[index];
  const app = spec.template.metadata.labels.app;
  return {
    kind: raw.kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    deleting: metadata.deletionTimestamp !== undefined,
    driverOwned: metadata.ownerReferences.some(({ kind }) => kind === 'Driver'),
    hostNetwork: hostNetwork === true,
    ...(container === undefined
      ? {}
      : {
          sidecar: {
            index,
            command: container.command ?? [],
            ...(container.args === undefined ? {} : { args: container.args }),
            ports: (container.ports ?? []).map(({ containerPort, hostPort, protocol = 'TCP' }) => ({
              containerPort,
              ...(protocol === 'TCP' ? {} : { protocol }),
              ...(hostPort === undefined ? {} : { hostPort }),
            })),
          },
        }),
    ...(app === undefined ? {} : { app }),
    rollout: {
      generation: metadata.generation,
      observedGeneration: status.observedGeneration,
      desired: status.pods,
      updated: metadata.generation > status.observedGeneration ? 0 : status.pods,
      available: status.pods,
      total: status.pods,
      onDelete: false,
      paused: false,
      ...(raw.kind === 'DaemonSet' ? { templateGeneration: metadata.generation } : {}),
    },
  };
}
