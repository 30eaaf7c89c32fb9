/** Runs until it is ended: a process in namespaces, with a cgroup and a mount, as the tests on real nodes have them. */
import { inNamespaces } from '../../support/real-nodes/in-namespaces.js';

const SCRIPT = `
read -r folder cgroup << END
$(echo "$REAL_NODES" | sed 's/.*"folder":"\\([^"]*\\)".*"cgroup":"\\([^"]*\\)".*/\\1 \\2/')
END
mkdir -p "/sys/fs/cgroup/memory/$cgroup/node" "$folder/node"
echo $$ > "/sys/fs/cgroup/memory/$cgroup/node/cgroup.procs"
mount -t tmpfs node "$folder/node"
echo "$folder"
sleep 600
`;

await inNamespaces(() => ['sh', '-c', SCRIPT], []);
