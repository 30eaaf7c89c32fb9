/** docs/admin/configure.md, made from the table of flags. */
import { FLAGS, type Flag } from '../src/flags.js';

const INTRODUCTION = `# Configure

The [CSIPortAssignment](#the-csiportassignment) configures the ports of one Rook, the [flags](#flags) configure the process. The
[chart's README](../../charts/csi-port-operator/README.md#values) has the Helm values.

## The CSIPortAssignment

One per Rook namespace, named \`default\`. Every field is optional. See also \`kubectl explain csiports.spec\`.

| field | default | meaning |
|---|---|---|
| \`spec.mode\` | \`Enforce\` | \`Enforce\` moves each sidecar to its port and keeps it there. [\`DryRun\` and \`Paused\`](#dryrun-and-paused) write nothing but the status. |
| \`spec.rookConfig\` | \`Pin\` | [\`Pin\` or \`Leave\`](#rookconfig): whether \`rook-ceph-operator-config\` is written. |
| \`spec.ports.rbdProvisioner\` | [chosen](#whose-port-wins) | Deployment \`csi-rbdplugin-provisioner\`, key \`CSIADDONS_RBD_PROVISIONER_PORT\` |
| \`spec.ports.cephfsProvisioner\` | chosen | Deployment \`csi-cephfsplugin-provisioner\`, key \`CSIADDONS_CEPHFS_PROVISIONER_PORT\` |
| \`spec.ports.rbdNodePlugin\` | chosen | DaemonSet \`csi-rbdplugin\`, key \`CSIADDONS_PORT\` |

Ports are distinct, from 1024 to 65535, and neither 9080 nor 9081 (Rook's liveness ports).

Only pods of workloads whose port changes restart: first the provisioners, then the node plugin, one node at a time. To restart
nothing on the nodes:

\`\`\`yaml
spec:
  ports:
    rbdNodePlugin: 9070
\`\`\`

## Whose port wins

For each sidecar on the host network, the first of these:

1. the port in \`spec.ports\`;
2. your own key in \`rook-ceph-operator-config\`, or the same variable of Rook's operator, if that port is free;
3. the port that it has, if nothing on its nodes collides with it;
4. its default, 9070, 9071 or 9072, if free;
5. the lowest free port from 9070 to 9099, without 9080 and 9081.

If sidecars of one Rook have the same port, one keeps it: the sidecar whose default it is, else the node plugin, else the first.

Examples, with all three sidecars on 9070:

| what is set | RBD provisioner | CephFS provisioner | RBD node plugin |
|---|---|---|---|
| nothing | 9070 | 9071 | 9072 |
| nothing, and another pod holds 9071 | 9070 | 9073 | 9072 |
| \`spec.ports.rbdNodePlugin: 9070\` | 9072 | 9071 | 9070 |
| your key \`CSIADDONS_PORT: "9075"\` | 9070 | 9071 | 9075 |
| your key, and \`spec.ports.rbdNodePlugin: 9100\` | 9070 | 9071 | 9100 |

- A port of \`spec.ports\` that another pod holds is not written. The sidecar stays where it is with the reason
  [PortInUse](troubleshoot.md#portinuse), and moves when the port is free.
- If you remove a port from \`spec.ports\`, the sidecar stays on it.
- A key that the operator wrote is not yours. If you edit it, it is.

### Several Rooks

If two Rooks share nodes, the Rook with the older CSIPortAssignment keeps its ports. If one Rook has none, the other moves. Rooks
that share no node may have the same ports.

## DryRun and Paused

\`DryRun\` sends each patch to the API server as a dry run, so it also finds admission policies and missing rights. \`Paused\`
only compares. Read the result in the message of Ready:

\`\`\`sh
kubectl apply -f config/samples/csiportassignment_dry_run.yaml
kubectl -n rook-ceph get csiports default -o wide
\`\`\`

Then do it:

\`\`\`sh
kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"mode":"Enforce"}}'
\`\`\`

## rookConfig

\`Pin\` writes a port key only if Rook would otherwise render another port. Rook 1.16.5 and later then render the assigned ports
themselves. No key is ever deleted.

\`Leave\` never writes the ConfigMap. Choose it if GitOps or a Helm release owns the ConfigMap, and set the keys there. Otherwise
Rook reverts the ports at each of its writes, and the operator's repair restarts the pods.

## Flags

A flag wins over its variable.

| flag | default | variable | meaning |
|---|---|---|---|
`;

const REST = `
A switch also takes \`=true\` and \`=false\`. ADDR is \`HOST:PORT\`, \`:PORT\` (all addresses) or \`[IPv6]:PORT\`. \`POD_NAME\` names the
process in events and in the Lease; the default is the host name.

Without a kubeconfig the operator uses its ServiceAccount, and reads the token again every minute. A kubeconfig is read once.

| exit code | cause |
|---|---|
| 0 | stopped by SIGTERM or SIGINT, after the reconciles in hand (10 s at most) |
| 1 | lost Lease, occupied address, unreadable credentials, second signal or unexpected error; see the last log line |
| 2 | wrong command line; all errors are reported |
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
