/** CSI workloads as Rook writes them, and the projection of them that the domain plans with. */
import { SIDECAR_CONTAINER, SLOT_SPECS, type Slot, type WorkloadKind } from '../../../src/domain/rules/slots.js';
import { LIVENESS_CONTAINER, type FieldManager, type Workload } from '../../../src/domain/rules/workload.js';

export interface RawPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly name?: string;
  readonly protocol?: string;
}

/** With `valueFrom` its value is not in the template. */
export interface RawVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

export interface RawContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly RawPort[];
  readonly env?: readonly RawVariable[];
}

export interface RawManagedFields {
  readonly manager: string;
  readonly time?: string;
  readonly fieldsV1: object;
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
    readonly ownerReferences: readonly { readonly apiVersion: string; readonly kind: string; readonly name: string }[];
    readonly managedFields: readonly RawManagedFields[];
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
  /** Metrics port of a liveness container, which is not there by default. */
  readonly liveness?: number;
  /** Who wrote it; nobody known by default. */
  readonly managers?: readonly FieldManager[];
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
  const { kind, workload: name, defaultPort } = SLOT_SPECS.find((layout) => layout.slot === slot)!;
  const port = options.port ?? defaultPort;
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
          ? { apiVersion: 'csi.ceph.io/v1', kind: 'Driver', name: 'rook-ceph.rbd.csi.ceph.com' }
          : { apiVersion: 'apps/v1', kind: 'Deployment', name: 'rook-ceph-operator' },
      ],
      managedFields: (options.managers ?? []).map(managedFields),
    },
    spec: {
      template: {
        metadata: { labels: { app: name, contains: `${name}-metrics` } },
        spec: {
          ...(options.hostNetwork === false ? {} : { hostNetwork: true }),
          containers: podContainers(sidecar, options.liveness),
        },
      },
    },
    status: { observedGeneration: 7, pods: 2 },
  };
}

function podContainers(sidecar: NonNullable<RawOptions['sidecar']>, liveness: number | undefined): RawContainer[] {
  return [
    { name: 'csi-driver', image: 'cephcsi:v3.13', args: ['--drivername=rook-ceph.rbd.csi.ceph.com'] },
    ...(sidecar === 'none' ? [] : [{ name: SIDECAR_CONTAINER, image: 'k8s-sidecar:v0.12.0', ...sidecar }]),
    { name: 'log-collector', image: 'cephcsi:v3.13', args: ['--controller-ports=9070'] },
    ...(liveness === undefined ? [] : [livenessContainer(liveness)]),
  ];
}

const PORT_FIELDS = {
  'f:spec': {
    'f:template': { 'f:spec': { 'f:containers': { [`k:{"name":"${SIDECAR_CONTAINER}"}`]: { 'f:args': {} } } } },
  },
};

function managedFields({ name, time, ownsPort }: FieldManager): RawManagedFields {
  const fieldsV1 = ownsPort ? PORT_FIELDS : { 'f:metadata': { 'f:annotations': {} } };
  return { manager: name, ...(time === undefined ? {} : { time }), fieldsV1 };
}

function fieldManager({ manager: name, time, fieldsV1 }: RawManagedFields): FieldManager {
  return { name, ...(time === undefined ? {} : { time }), ownsPort: JSON.stringify(fieldsV1).includes('f:args') };
}

function livenessContainer(port: number): RawContainer {
  return { name: LIVENESS_CONTAINER, image: 'cephcsi:v3.13', args: ['--type=liveness', `--metricsport=${port}`] };
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
            ...(container.env === undefined ? {} : { env: literals(container.env) }),
            ports: (container.ports ?? []).map(({ containerPort, hostPort, protocol = 'TCP' }) => ({
              containerPort,
              ...(protocol === 'TCP' ? {} : { protocol }),
              ...(hostPort === undefined ? {} : { hostPort }),
            })),
          },
        }),
    otherPorts: containers.filter(({ name }) => name !== SIDECAR_CONTAINER).flatMap(portsTaken),
    managers: metadata.managedFields.map(fieldManager),
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

function literals(env: readonly RawVariable[]): Record<string, string> {
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

const PORT_ARGUMENT = /^--(?:controller-port|metricsport|livenessport|port)=(\d+)$/;

function portsTaken({ name, args = [], ports = [] }: RawContainer): { container: string; port: number }[] {
  const flagged = args.flatMap((argument) => PORT_ARGUMENT.exec(argument)?.[1] ?? []).map(Number);
  return [...ports.map(({ containerPort }) => containerPort), ...flagged].map((port) => ({ container: name, port }));
}
