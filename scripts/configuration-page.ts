/** docs/configuration.md, made from the table of flags. */
import { FLAGS, type Flag } from '../src/flags.js';

const INTRODUCTION = `# Configuration

The process is configured by flags, and by variables that count if the flag is absent. It reports all errors in them at
once, with exit code 2. A namespace is configured by its CSIPortAssignment, not here:
\`kubectl explain csiports.spec\`. This page is made by \`npm run docs\` from \`src/flags.ts\`, and a test compares the two.

| flag | default | variable | meaning |
|---|---|---|---|
`;

const REST = `
A switch also takes \`=true\` and \`=false\`. ADDR is \`HOST:PORT\`, \`:PORT\` (all addresses, IPv6 and IPv4) or
\`[IPv6]:PORT\`.

\`POD_NAME\` names the process in events and in the Lease; without it the host's name does. \`NODE_OPTIONS\` is Node's and
\`MALLOC_ARENA_MAX\` the C library's: \`config/manager/deployment.yaml\` and the Dockerfile have the reasons.

## Files

Without \`--kubeconfig\` and \`KUBECONFIG\` the process uses the files of its pod's ServiceAccount, and reads them again
every minute and whenever the API server rejects the token. A kubeconfig is read once; \`KUBECONFIG\` may list several
files.

## Signals

| signal | what it does |
|---|---|
| SIGTERM, SIGINT | finish the reconciles in hand (10 s at most), record the events that wait, release the Lease, exit with 0; a second one ends the process at once, with 1 |
| SIGUSR1 | switch the log level to \`debug\`, and back with the next one |

## Exit codes

| code | when |
|---|---|
| 0 | the process was stopped by a signal |
| 1 | the Lease was lost, an address is taken, credentials cannot be read, or an unexpected error: the last line of the log has the cause |
| 2 | the command line is wrong: one line for each error |
`;

export function configurationPage(): string {
  return INTRODUCTION + Object.entries(FLAGS).map(row).join('') + REST;
}

function row([name, flag]: [string, Flag]): string {
  const { value, text, environment, fallback } = flag;
  const code = (word: string | undefined): string => (word === undefined ? '' : `\`${word}\``);
  const cells = [code(`--${name}${value === undefined ? '' : ` ${value}`}`), code(fallback), code(environment), text];
  return `| ${cells.join(' | ')} |\n`;
}
