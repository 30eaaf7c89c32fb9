/** `npm run outputs`: writes docs/results/outputs.md, from real runs on a control plane of this machine. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { OUTPUTS_PAGE, outputsPage } from '../test/support/outputs/page.js';

execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
const controlPlane = await ControlPlane.start();
try {
  writeFileSync(OUTPUTS_PAGE, await outputsPage(controlPlane));
} finally {
  await controlPlane.stop();
}
