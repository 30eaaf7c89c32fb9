/** docs/admin/configure.md, made from the table of flags. */
import { FLAGS, type Flag } from '../src/flags.js';

const INTRODUCTION = `# Configuration

The process is configured by flags, and by variables that count if the flag is absent. It reports all errors in them at
once, with exit code 2. A namespace is configured by its CSIPortAssignment: [below](#the-csiportassignment), or
\`kubectl explain csiports.spec\`. This page is made by \`npm run docs\` from \`src/flags.ts\`, and a test compares the two.

| flag | default | variable | meaning |
|---|---|---|---|
`;

const REST = `
A switch also takes \`=true\` and \`=false\`. ADDR is \`HOST:PORT\`, \`:PORT\` (all addresses, IPv6 and IPv4) or
\`[IPv6]:PORT\`.

\`POD_NAME\` names the process in events and in the Lease; without it the host's name does. \`NODE_OPTIONS\` is Node's and
\`MALLOC_ARENA_MAX\` the C library's: \`config/manager/deployment.yaml\` and the Dockerfile have the reasons.

## The CSIPortAssignment

One per namespace with a Rook, with the name \`default\`. Every field may be absent.

| field | absent | meaning |
|---|---|---|
| \`spec.mode\` | \`Enforce\` | \`Enforce\` moves what is not on its port; \`DryRun\` asks the API server, and stores nothing; \`Paused\` reports what differs |
| \`spec.rookConfig\` | \`Pin\` | \`Pin\` writes the port keys of \`rook-ceph-operator-config\` if Rook would render another port by the keys as they are; \`Leave\` never writes there |
| \`spec.ports.rbdProvisioner\`, \`.cephfsProvisioner\`, \`.rbdNodePlugin\` | see below | a port from 1024 to 65535 other than 9080 and 9081, distinct |

A slot without a port in the spec gets the first of these that is free:

1. your own valid key in \`rook-ceph-operator-config\`, or in the environment of Rook's operator;
2. the port that it has, if that collides with nothing on its nodes. Of sidecars of one Rook with the same port one stays:
   the one whose default it is, else the node plugin, else the first;
3. the default port: 9070, 9071 and 9072 in the order above;
4. the lowest free port from 9070 to 9099.

A port of the spec that something else holds is never written: Ready is False with the reason
[PortInUse](troubleshoot.md#ready), and the workload moves by itself when the port is free. A port that is taken out of the spec
again stays, as it collides with nothing.

**What restarts:** the pods of each workload whose port changes, and no others. The provisioners move first; the node plugin
follows when their new pods were admitted, one node at a time. If nothing collides and the spec asks for nothing else,
nothing is written but the status.

## The right to list pods

No flag turns the watch of pods on the host network off: the right to list pods decides, \`config/rbac/host-network-pods\`,
or \`hostNetworkPods.enabled\` in the chart. Without it the process goes on, and does not know which ports strangers hold:
[rights.md](rights.md#reading-the-pods-on-the-host-network). With \`--watch-namespace\` it sees the pods of these namespaces alone.

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
