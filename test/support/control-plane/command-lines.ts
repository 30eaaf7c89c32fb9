import { join } from 'node:path';
import { ISSUER } from './credentials.js';

export interface Ports {
  etcdClient: number;
  etcdPeer: number;
  apiServer: number;
}

/** `folder` keeps the keys, tokens and data of one control plane. */
export function etcdArgs(folder: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data does not outlive the folder, let alone a power cut.
    '--unsafe-no-fsync',
  ];
}

export interface ApiServerFeatures {
  /** The address that it is reached at: 127.0.0.1 or ::1, or one that kubelets reach. */
  readonly host: string;
  /** Whether kubelets join, and pods run: it then listens on all addresses, that of the Service `kubernetes` included. */
  readonly kubelets: boolean;
  /** Whether it logs each request. */
  readonly audit: boolean;
  /** Whether a watch can begin with the list of what is there, as from Kubernetes 1.32 on by default. */
  readonly streamedLists: boolean;
}

/** Of the Service `kubernetes`: the first of its range. */
export const SERVICE_ADDRESS = '10.0.0.1';

function forKubelets(host: string): string[] {
  return [
    '--bind-address=0.0.0.0',
    // In its certificate, beside the address of the Service.
    `--advertise-address=${host}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

function forKwok(host: string): string[] {
  return [
    `--bind-address=${host}`,
    '--authorization-mode=RBAC',
    // Pods need no token here, and need not wait for the default ServiceAccount of a new namespace.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

export function apiServerArgs(
  folder: string,
  ports: Ports,
  { host, kubelets, audit, streamedLists }: ApiServerFeatures,
): string[] {
  const key = join(folder, 'service-account.key');
  const args = [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    ...(kubelets ? forKubelets(host) : forKwok(host)),
    `--secure-port=${ports.apiServer}`,
    // The API server makes its own serving certificate here, and takes it up again after a restart.
    `--cert-dir=${join(folder, 'certificates')}`,
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--service-account-issuer=${ISSUER}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    ...(streamedLists ? [] : ['--feature-gates=WatchList=false']),
  ];
  if (!audit) return args;
  return [
    ...args,
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
    `--audit-log-path=${auditLogFile(folder)}`,
    // MiB. Never rotated: marks are offsets into the one file.
    '--audit-log-maxsize=100000',
  ];
}

export function auditLogFile(folder: string): string {
  return join(folder, 'audit.log');
}

const CONTROLLERS_FOR_KWOK = [
  'deployment-controller',
  'replicaset-controller',
  'daemonset-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  // Fills the roles view, edit and admin.
  'clusterrole-aggregation-controller',
  // Takes the not-ready taint off new nodes, without which nothing schedules.
  'node-lifecycle-controller',
];

export interface ControllerManagerOptions {
  readonly kubeconfig: string;
  /** Whether kubelets join. */
  readonly kubelets: boolean;
}

export function controllerManagerArgs(folder: string, { kubeconfig, kubelets }: ControllerManagerOptions): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(folder, 'service-account.key')}`,
    ...(kubelets ? allControllers(folder) : [`--controllers=${CONTROLLERS_FOR_KWOK.join(',')}`]),
    '--secure-port=0',
    '--leader-elect=false',
  ];
}

/** A node that is silent for 10 s is not ready, where kubelets renew their lease every 2 s: by default 50 s and 10 s. */
function allControllers(folder: string): string[] {
  return [
    `--root-ca-file=${join(folder, 'certificates/apiserver.crt')}`,
    '--node-monitor-period=1s',
    '--node-monitor-grace-period=10s',
  ];
}

export function schedulerArgs(kubeconfig: string): string[] {
  return [`--kubeconfig=${kubeconfig}`, '--secure-port=0', '--leader-elect=false'];
}

export function kwokArgs(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${join(import.meta.dirname, 'stages.yaml')}`,
    '--manage-all-nodes=true',
    // Renews the lease of every node, which node-lifecycle-controller takes for the kubelet's heartbeat.
    '--node-lease-duration-seconds=40',
    '--cidr=10.244.0.0/16',
  ];
}
