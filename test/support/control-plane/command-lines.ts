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
  /** The address that it listens on: 127.0.0.1 or ::1. */
  readonly host: string;
  /** Whether it logs each request. */
  readonly audit: boolean;
  /** Whether a watch can begin with the list of what is there, as from Kubernetes 1.32 on by default. */
  readonly streamedLists: boolean;
}

export function apiServerArgs(
  folder: string,
  ports: Ports,
  { host, audit, streamedLists }: ApiServerFeatures,
): string[] {
  const key = join(folder, 'service-account.key');
  const args = [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--bind-address=${host}`,
    `--secure-port=${ports.apiServer}`,
    // The API server makes its own serving certificate here, and takes it up again after a restart.
    `--cert-dir=${join(folder, 'certificates')}`,
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--service-account-issuer=${ISSUER}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--allow-privileged=true',
    // Pods need no token here, and need not wait for the default ServiceAccount of a new namespace.
    '--disable-admission-plugins=ServiceAccount',
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

export function controllerManagerArgs(folder: string, kubeconfig: string): string[] {
  const controllers = [
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
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(folder, 'service-account.key')}`,
    `--controllers=${controllers.join(',')}`,
    '--secure-port=0',
    '--leader-elect=false',
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
