#!/bin/bash
# node.sh: the first process of a node, in network, mount and PID namespaces of its own, with everything in its environment
# (see real-node.ts). Its root is the machine's under an overlay, so that what kubelet, containerd and pods leave in /etc, /var or /lib
# is gone with the node's folder. Ends with its namespaces, or if containerd or the kubelet ends.
set -euo pipefail
# Lists in the environment have a line for each entry.
IFS=$'\n'

# A machine's root, on which Rook's node plugins propagate their mounts.
mount --make-rprivate /
root=$FOLDER/root
mkdir -p "$root" "$FOLDER/upper" "$FOLDER/lib" "$FOLDER/log"
# Left by a node that died.
rm -rf "$FOLDER/work" && mkdir "$FOLDER/work"
mount -t overlay -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
# An overlay on an overlay is not possible: containerd's own needs a real file system.
mount --bind "$FOLDER/lib" "$root/var/lib"
mount --bind "$FOLDER/log" "$root/var/log"
mount -t tmpfs run "$root/run"
for folder in $PROGRAMS "$FOLDER" "$SHARED"; do
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done
cd "$root"
mkdir -p run/old
pivot_root . run/old
cd /
umount --lazy /run/old
mount --make-rshared /

# The kubelet insists on these kernel settings. It reads them here, and the machine's stay as they are.
mkdir /run/sysctl
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/sysctl/$(basename "${setting%=*}")
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

# The processes of the node beside its pods, which the kubelet puts into cgroups beside this one.
for controller in $CGROUP_CONTROLLERS; do
  cgroup=/sys/fs/cgroup/$controller/$CGROUP
  mkdir -p "$cgroup"
  # A machine starts without any. The kubelet would ask containerd for each container of a node that died, and take minutes.
  find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} +
  mkdir "$cgroup/daemons"
  if [ "$controller" = cpuset ]; then
    for folder in "$(dirname "$cgroup")" "$cgroup" "$cgroup/daemons"; do
      cat /sys/fs/cgroup/cpuset/cpuset.cpus > "$folder/cpuset.cpus"
      cat /sys/fs/cgroup/cpuset/cpuset.mems > "$folder/cpuset.mems"
    done
  fi
  echo $$ > "$cgroup/daemons/cgroup.procs"
done

ip link set lo up
# The other end is put here from outside.
until ip link show eth0 > /dev/null 2>&1; do sleep 0.02; done
ip address add "$ADDRESS/24" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"
while IFS=' ' read -r pods node; do
  ip route add "$pods" via "$node"
done <<< "$POD_ROUTES"
# Of this network namespace alone: from the pods to what is outside the node.
echo 1 > /proc/sys/net/ipv4/ip_forward

containerd --config "$FOLDER/containerd.toml" &
until ctr version > /dev/null 2>&1; do
  kill -0 $!
  sleep 0.05
done
for image in $IMAGES; do
  ctr --namespace k8s.io images import "$image" > /dev/null
done
kubelet --config="$FOLDER/kubelet.yaml" --kubeconfig="$KUBECONFIG" --hostname-override="$NAME" --node-ip="$ADDRESS" --v=2 &
wait -n
