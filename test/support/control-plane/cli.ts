// Provides the programs of the control plane: progress on stderr, their folder as the last line on stdout.
import { provideBinaries } from './binaries.js';

try {
  const binaries = await provideBinaries((line) => console.error(line));
  console.log(binaries.directory);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
