/** Which process listens where on a node, and of which pod it is: what a port conflict comes down to. */
import type { RealNode } from './real-node.js';

export interface ListeningSocket {
  /** As ss writes it: * for all addresses of both families. */
  readonly address: string;
  readonly port: number;
  /** Of the process, as the node numbers it. */
  readonly pid: number;
  /** The first 15 characters of the program's name. */
  readonly program: string;
  /** Of the pod; undefined of a process beside the pods. */
  readonly podUid: string | undefined;
}

const LINE = /^LISTEN +\d+ +\d+ +(\S+):(\d+) .*users:\(\("([^"]*)",pid=(\d+)/;

/** TCP, by `ss`, in the node's namespaces. A node that is dead has none. */
export async function listeningSockets(node: RealNode): Promise<ListeningSocket[]> {
  if (!node.isOn) return [];
  const lines = (await node.run('ss', '--no-header', '--tcp', '--listening', '--numeric', '--processes')).split('\n');
  const found = lines.map((line) => LINE.exec(line)).filter((match) => match !== null);
  return Promise.all(
    found.map(async ([, address, port, program, pid]) => ({
      address: address!,
      port: Number(port),
      program: program!,
      pid: Number(pid),
      podUid: await podOf(node, pid!),
    })),
  );
}

/** By the cgroup that the kubelet has put the process into; undefined also if it has ended meanwhile. */
async function podOf(node: RealNode, pid: string): Promise<string | undefined> {
  const cgroups = await node.run('cat', `/proc/${pid}/cgroup`).catch(() => '');
  return /\/pod([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//.exec(cgroups)?.[1];
}
