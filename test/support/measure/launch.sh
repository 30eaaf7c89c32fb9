#!/bin/sh
# launch.sh ACCOUNT COMMAND...: gets everything ready, says so on descriptor 3, and becomes COMMAND when a line comes in on
# its input, so that what is timed is the program alone. ACCOUNT is the folder of a ServiceAccount, which it mounts where a
# pod has it (in a mount namespace of its own: see program.ts); empty: none.
set -eu
account=$1
shift
if [ -n "$account" ]; then
  mount -t tmpfs -o mode=755 run "$(readlink -f /var/run)"
  mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
  mount --bind "$account" /var/run/secrets/kubernetes.io/serviceaccount
fi
echo ready >&3
read -r _
exec "$@" < /dev/null 3>&-
