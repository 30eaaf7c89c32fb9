#!/bin/sh
# enter.sh ROOT ACCOUNT USER COMMAND...: starts the command as a container engine does, in mount and PID namespaces of its
# own (see container.ts): ROOT, read-only, is all it sees; ACCOUNT is mounted where a pod has its ServiceAccount. Of the
# bounding set remains what chroot itself needs; without capabilities and with no_new_privs that is out of reach.
set -eu
root=$1 account=$2 user=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o nosuid,noexec,mode=755 dev "$root/dev"
for device in null random urandom zero; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root/dev"
mount --bind "$account" "$root/var/run/secrets/kubernetes.io/serviceaccount"
mount -o remount,bind,ro "$root/var/run/secrets/kubernetes.io/serviceaccount"
mount -o remount,bind,ro "$root"
cd /
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setgid,+setuid \
  chroot --userspec="$user" --groups="${user#*:}" "$root" "$@"
