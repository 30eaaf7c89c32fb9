/** What a demo shows: the commands of an admin, with what they print. */
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { waitFor } from '../test/support/control-plane/wait-for.js';
import { Plugin } from '../test/support/plugin.js';
import type { RookInstallation } from '../test/support/rook/installation.js';
import { PROVISIONERS } from '../test/support/slots.js';
import { narrator } from './narrator.js';

export const NAMESPACE = 'rook-ceph';
export const SAMPLE = 'config/samples/csiportassignment.yaml';

interface Pod {
  readonly status: { readonly phase?: string; readonly conditions?: readonly { readonly message?: string }[] };
}

/** Runs kubectl and shows both the command and what it prints. */
export async function show(cluster: ControlPlane, ...args: string[]): Promise<void> {
  narrator.command(`kubectl ${args.join(' ')}`);
  narrator.output(await cluster.kubectl(args));
}

/** Waits until the scheduler finds no node for any provisioner; resolves with its words. */
export async function provisionersPending(rook: RookInstallation): Promise<string> {
  return waitFor('all provisioner pods to be Pending', async () => {
    const pending = ((await rook.pods()) as unknown as Pod[]).filter(({ status }) => status.phase === 'Pending');
    return (
      pending.length === 2 * PROVISIONERS.length &&
      pending[0]?.status.conditions?.find(({ message }) => message !== undefined)?.message
    );
  });
}

export async function showPlugin(cluster: ControlPlane): Promise<void> {
  narrator.heading('What it is and what to do: the kubectl plugin, with nothing installed in the cluster');
  const plugin = new Plugin(cluster);
  await showPluginRun(plugin, 1, 'check');
  await showPluginRun(plugin, 0, 'plan');
}

/** With what it prints, and whether it ends as it should. */
export async function showPluginRun(plugin: Plugin, expected: number, ...args: string[]): Promise<void> {
  narrator.command(`kubectl csiports ${args.join(' ')}`);
  const { code, stdout, stderr } = await plugin.run(args);
  narrator.output(stdout + stderr);
  if (code !== expected) throw new Error(`kubectl csiports ${args.join(' ')} ended with ${code}, not with ${expected}`);
  narrator.good(`exit code ${code}`);
}

/** @throws where two sidecars have the same port, or a pod does not run */
export async function requireDistinctPortsAndRunningPods(rook: RookInstallation): Promise<void> {
  const ports = await rook.layout();
  const phases = ((await rook.pods()) as unknown as Pod[]).map(({ status }) => status.phase);
  if (new Set(ports).size !== ports.length) throw new Error(`the ports are not distinct: ${ports.join(', ')}`);
  if (phases.some((phase) => phase !== 'Running')) throw new Error(`not all pods run: ${phases.join(', ')}`);
}

export function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
