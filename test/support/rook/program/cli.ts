// `rook ceph operator` and `rook version`, to be run where Rook's own program would be: in a pod, or in what looks like one.
// ROOK_PROGRAM_VERSION stands for what is compiled into Rook's.
import { ROOK_RELEASES, type RookVersion } from '../release.js';
import { inClusterAccess, required } from './in-cluster.js';
import { OperatorRun } from './operator-run.js';

const version = required(process.env, 'ROOK_PROGRAM_VERSION');
if (!(version in ROOK_RELEASES)) throw new Error(`ROOK_PROGRAM_VERSION: no Rook ${version} is known here`);

const command = process.argv.slice(2).join(' ');
if (command === 'version') {
  console.log(`rook: v${version}`);
} else if (command === 'ceph operator') {
  const run = new OperatorRun({
    access: await inClusterAccess(process.env),
    version: version as RookVersion,
    namespace: required(process.env, 'POD_NAMESPACE'),
    podName: required(process.env, 'POD_NAME'),
    log: (line) => console.log(`${new Date().toISOString()} ${line}`),
  });
  process.once('SIGTERM', () => void run.stop());
  await run.ended;
} else {
  throw new Error(`unknown command ${JSON.stringify(command)}: ceph operator, or version`);
}
