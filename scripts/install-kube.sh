#!/bin/bash
# Installs what the suites in test/kube run against, on Debian 12: etcd, and a kube-apiserver and CoreDNS built into the cache folder. The two
# builds take some ten minutes of one core the first time, so that the suites are not among those that always run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install-functions.sh

# iproute2 and util-linux: the suites have a network of their own, as an API server takes no loopback addresses for pods.
DEBIAN_PACKAGES=(
  'etcd-server=3.4.23-*'
  'iproute2=*'
  'util-linux=*'
)
MODULE_PROGRAMS=('coredns github.com/coredns/coredns@v1.12.4')

debian "${DEBIAN_PACKAGES[@]}"
find_go
build_own test/peers/healthserver
build_modules "${MODULE_PROGRAMS[@]}"
# Its version is in test/kube/kube-apiserver/go.mod.
build_own test/kube/kube-apiserver
