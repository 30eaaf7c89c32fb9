/** Where the figures come from: without it they say nothing. */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { KUBERNETES_VERSION } from '../test/support/control-plane/kubernetes-version.js';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly kubernetes: string;
  /** Of the last minute. */
  readonly load: number;
}

export function thisMachine(): Machine {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    kubernetes: KUBERNETES_VERSION,
    load: loadavg()[0]!,
  };
}

export function describeMachine({ cores, processor, memoryGiB, kernel, node, kubernetes, load }: Machine): string {
  const hardware = `${cores} cores (${processor}), ${memoryGiB} GiB`;
  return `${hardware}, kernel ${kernel}, Node ${node}, Kubernetes ${kubernetes}; load at the start ${load.toFixed(1)}`;
}
