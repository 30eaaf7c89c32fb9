#!/bin/sh
# pin.sh VERSION [FOLDER]: writes FOLDER/go.mod and go.sum (default: kubernetes/ beside this script) for that Kubernetes
# release, e.g. `pin.sh 1.35.4`. Then set KUBERNETES_VERSION in ../kubernetes-version.ts to the same: a build compares the two.
set -eu
version=${1:?usage: pin.sh VERSION [FOLDER], e.g. pin.sh 1.36.3}
folder=${2:-$(dirname "$0")/kubernetes}
staging=v0.${version#1.}

mkdir -p "$folder"
cd "$folder"
upstream=$(cd / && go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
[ -n "$upstream" ] || { echo "pin.sh: there is no module k8s.io/kubernetes v$version" >&2; exit 1; }

# k8s.io/kubernetes takes its staging modules from folders of its own repository, which no other module can do: replace
# each of them by its published twin, as the release scripts of Kubernetes tag them.
{
  echo '// Written by pin.sh: the programs of the test control plane, and the kubelet.'
  echo 'module csi-port-operator/test/control-plane/kubernetes'
  echo
  echo 'go 1.26.0'
  echo
  echo 'tool ('
  printf '\t%s\n' go.etcd.io/etcd/server/v3 \
    k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager \
    k8s.io/kubernetes/cmd/kube-scheduler k8s.io/kubernetes/cmd/kubectl k8s.io/kubernetes/cmd/kubelet
  echo ')'
  echo
  echo "require k8s.io/kubernetes v$version"
  echo
  echo 'replace ('
  sed -n "s#^.*\(k8s\.io/[a-z0-9-]*\) => \./staging/.*#\t\1 => \1 $staging#p" "$upstream"
  echo ')'
} > go.mod
rm -f go.sum
GOFLAGS=-mod=mod go mod tidy
