/** Runs once before the cluster tests: provides the control plane's binaries and builds the bundle that they start. */
import { execFileSync } from 'node:child_process';
import { provideBinaries } from './control-plane/binaries.js';

export default async function setup(): Promise<void> {
  await provideBinaries((line) => console.log(line));
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
}
