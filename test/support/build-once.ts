/** Runs once before the cluster tests: provides the programs that they need and builds the bundle that they start. */
import { execFileSync } from 'node:child_process';
import { provideBinaries } from './control-plane/binaries.js';
import { tool } from './tools/tools.js';

export default async function setup(): Promise<void> {
  await provideBinaries((line) => console.log(line));
  // Without Go to build them, the tests that need them say so.
  for (const name of ['helm', 'prometheus', 'toxiproxy'] as const) {
    await tool(name).catch((error: unknown) => console.log(String(error)));
  }
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
}
