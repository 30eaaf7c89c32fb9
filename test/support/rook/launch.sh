#!/bin/sh
# launch.sh CREDENTIALS ROOK: `rook ceph operator` in what looks like a pod to it, which is all the configuration it reads.
# To be run in a mount namespace of its own (unshare -m): what is mounted here is seen by Rook alone and goes with it.
# Rook writes into /var/lib/rook.
set -eu
mount -t tmpfs tmpfs /run
[ -L /var/run ] || mount -t tmpfs tmpfs /var/run
mount -t tmpfs tmpfs /var/lib
account=/var/run/secrets/kubernetes.io/serviceaccount
mkdir -p "$account"
cp "$1"/token "$1"/ca.crt "$1"/namespace "$account"
exec "$2" ceph operator
