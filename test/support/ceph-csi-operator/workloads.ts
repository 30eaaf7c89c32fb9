/**
 * What ceph-csi-operator 0.5.0 to 1.0.4 renders of a Driver, as far as names, ports, host network and owners go. Two
 * differences lie before: up to 0.3.1 the node plugin has the csi-addons sidecar itself, on the host network (9071; 9070
 * in 0.2.0), and 0.4 renders the DaemonSet of the node plugin's csi-addons for rbd alone.
 */
import type { Container, DaemonSet, Deployment, ObjectMeta, PodTemplateSpec } from '../rook/api-types.js';

/** The driver types with a csi-addons sidecar; nvmeof since 0.6.0. */
export type DriverType = 'rbd' | 'cephfs' | 'nvmeof';

export interface DriverObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: DriverType;
  /** Of its spec: whether the ctrlplugin is on the host network. Default false. */
  readonly hostNetwork?: boolean;
  /** Of its spec: the liveness port of ctrlplugin and nodeplugin. Default: no liveness. */
  readonly liveness?: number;
}

/** The controller plugin's csi-addons ports: nothing in a Driver changes them. */
const CONTROLLER_PORTS: Readonly<Record<DriverType, number>> = { rbd: 9070, cephfs: 9080, nvmeof: 9070 };
const NODE_PORT = 9071;

export function renderDriver(driver: DriverObject): (Deployment | DaemonSet)[] {
  return [
    controllerPlugin(driver),
    daemonSet(driver, 'nodeplugin', {
      hostNetwork: true,
      containers: [plugin(driver), ...liveness(driver)],
      dnsPolicy: 'ClusterFirstWithHostNet',
      hostPID: driver.type === 'rbd',
    }),
    daemonSet(driver, 'nodeplugin-csi-addons', { containers: [csiAddons(NODE_PORT)] }),
  ];
}

function controllerPlugin(driver: DriverObject): Deployment {
  const name = `${driver.name}-ctrlplugin`;
  const containers = [plugin(driver), csiAddons(CONTROLLER_PORTS[driver.type]), ...liveness(driver)];
  const term = { labelSelector: { matchLabels: { app: name } }, topologyKey: 'kubernetes.io/hostname' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(driver, name),
    spec: {
      replicas: 2,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, {
        containers,
        ...(driver.hostNetwork === true ? { hostNetwork: true } : {}),
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
      }),
    },
  };
}

function daemonSet(driver: DriverObject, part: string, spec: NonNullable<PodTemplateSpec['spec']>): DaemonSet {
  const name = `${driver.name}-${part}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(driver, name),
    spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name, spec) },
  };
}

/** The garbage collector deletes what names an owner that is not there, so the uid must be a stored Driver's. */
function metadata({ namespace, name: driver, uid }: DriverObject, name: string): ObjectMeta {
  const owner = { apiVersion: 'csi.ceph.io/v1', kind: 'Driver', name: driver, uid };
  return { name, namespace, ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }] };
}

function podTemplate(app: string, spec: NonNullable<PodTemplateSpec['spec']>): PodTemplateSpec {
  return { metadata: { labels: { app } }, spec };
}

function plugin({ name, type }: DriverObject): Container {
  return {
    name: `csi-${type}plugin`,
    image: 'quay.io/cephcsi/cephcsi:v3.15.0',
    args: [`--type=${type}`, '--endpoint=unix:///csi/csi.sock', `--drivername=${name}`],
  };
}

/** It declares no port. */
function liveness({ liveness: port }: DriverObject): Container[] {
  if (port === undefined) return [];
  const args = ['--type=liveness', '--endpoint=unix:///csi/csi.sock', `--metricsport=${port}`];
  return [{ name: 'liveness-prometheus', image: 'quay.io/cephcsi/cephcsi:v3.15.0', args }];
}

function csiAddons(port: number): Container {
  return {
    name: 'csi-addons',
    image: 'quay.io/csiaddons/k8s-sidecar:v0.14.0',
    args: ['--v=0', '--csi-addons-address=unix:///csi/csi-addons.sock', `--controller-port=${port}`],
    ports: [{ containerPort: port }],
  };
}
