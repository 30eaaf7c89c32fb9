/** The network of the real nodes: a bridge in the network namespace of the tests, on which each node and the API server are. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SERVICE_ADDRESS } from '../control-plane/command-lines.js';

const BRIDGE = 'nodes';
const NETWORK = '172.30.0';

/** Of the API server. */
export const GATEWAY = `${NETWORK}.1`;

/** Of the node with this number, 1 to 9. */
export function nodeAddress(number: number): string {
  return `${NETWORK}.1${number}`;
}

/** Of its pods that are not on the host network. */
export function podSubnet(number: number): string {
  return `10.244.${number}.0/24`;
}

/**
 * No kube-proxy and no address is translated: the address of the Service `kubernetes` is here, where the API server listens on
 * its port, and the default route of each node leads here.
 */
export async function createNetwork(): Promise<void> {
  await ip('address', 'add', `${SERVICE_ADDRESS}/32`, 'dev', 'lo');
  await ip('link', 'add', BRIDGE, 'type', 'bridge');
  await ip('address', 'add', `${GATEWAY}/24`, 'dev', BRIDGE);
  await ip('link', 'set', BRIDGE, 'up');
}

/** @param pid of a process in the node's network namespace */
export async function connectNode(number: number, pid: number): Promise<void> {
  const port = portOf(number);
  await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await ip('link', 'set', port, 'master', BRIDGE, 'up');
  await ip('route', 'replace', podSubnet(number), 'via', nodeAddress(number));
}

/** The kernel takes a namespace down some time after its last process, and its link with it: this one goes at once. */
export async function disconnectNode(number: number): Promise<void> {
  await ip('link', 'delete', portOf(number)).catch((error: unknown) => {
    if (!String(error).includes('Cannot find device')) throw error;
  });
}

function portOf(number: number): string {
  return `node-${number}`;
}

async function ip(...args: string[]): Promise<void> {
  await promisify(execFile)('ip', args);
}
