#!/bin/bash
# Runs the suites of this folder in a network of their own, whose loopback device has addresses that an API server takes for pods: it refuses
# 127.0.0.0/8 in EndpointSlices. Nothing leaves this network, and nothing of it is left afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != inside ]; then
  # Without root a user namespace does, where the machine allows it.
  [ "$(id -u)" -eq 0 ] && flags=(--net) || flags=(--net --map-root-user)
  exec unshare "${flags[@]}" "$0" inside "$@"
fi
shift

ip link set lo up
# The addresses of test/kube/support/pods.ts.
for host in 11 12 13 14; do
  ip address add "10.244.0.$host/32" dev lo
done
exec node --test --test-concurrency=1 "${@:-test/kube/**/*.test.ts}"
