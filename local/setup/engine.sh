# The Pulumi engine and its Python host, in .estate/bin.
# PATH in the right version, else the official archive, else built from their Go modules.
# shellcheck shell=bash
ENGINE_VERSION=3.259.0
HOST_VERSION=3.78.1   # the last sdk/v3 with the Python host in it; runs programs for this engine

setup_engine() {
  if [ "$(.estate/bin/pulumi version 2>/dev/null)" = "v$ENGINE_VERSION" ] && [ -x .estate/bin/pulumi-language-python-exec ]; then return; fi
  engine_from_path || engine_from_archive || engine_from_modules
  local got
  got=$(.estate/bin/pulumi version 2>/dev/null) || true
  [ "$got" = "v$ENGINE_VERSION" ] || die "the engine says '$got', not v$ENGINE_VERSION" "remove $CACHE and .estate/bin, then run again; or put pulumi $ENGINE_VERSION on PATH"
}

# link_engine FOLDER: the engine and both parts of the host from one folder.
link_engine() {
  local program
  for program in pulumi pulumi-language-python pulumi-language-python-exec; do
    [ -x "$1/$program" ] || return 1
  done
  for program in pulumi pulumi-language-python pulumi-language-python-exec; do
    ln -sfn "$1/$program" ".estate/bin/$program"
  done
}

engine_from_path() {
  local pulumi
  pulumi=$(PATH="${PATH//$PWD\/.estate\/bin:/}" command -v pulumi) || return 1
  [ "$("$pulumi" version 2>/dev/null)" = "v$ENGINE_VERSION" ] || return 1
  link_engine "$(dirname "$(readlink -f "$pulumi")")" && say "using the engine on PATH"
}

engine_from_archive() {
  local place="$CACHE/pulumi-$ENGINE_VERSION" machine
  link_engine "$place" && return
  case $(uname -m) in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; *) return 1 ;; esac
  local archive="pulumi-v$ENGINE_VERSION-linux-$machine.tar.gz"
  local base="https://github.com/pulumi/pulumi/releases/download/v$ENGINE_VERSION"
  reachable "$base/$archive" || { say "the official engine cannot be reached from here"; return 1; }
  say "downloading the engine $ENGINE_VERSION (about 1 minute)"
  local new="$place.new"
  rm -rf "$new" && mkdir -p "$new"
  curl --silent --fail --location --max-time 600 --output "$new/$archive" "$base/$archive" &&
    curl --silent --fail --location --max-time 60 --output "$new/sums" "$base/pulumi-$ENGINE_VERSION-checksums.txt" ||
    { say "the download of the engine broke off"; return 1; }
  (cd "$new" && grep " $archive\$" sums | sha256sum --check --quiet --strict) ||
    { say "the downloaded engine does not match its published checksum: not used"; return 1; }
  tar -xzf "$new/$archive" -C "$new" --strip-components=1 && rm "$new/$archive" && mv "$new" "$place"
  link_engine "$place"
}

engine_from_modules() {
  local cli=local/engine/cli host=local/engine/python-host
  local place
  place="$CACHE/pulumi-$ENGINE_VERSION-built-$(fingerprint $cli/go.sum $host/go.sum)"
  local stamp="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
  build_go "$host" "$place" 1 github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python -ldflags "-s -w -X $stamp=v$HOST_VERSION"
  build_go "$cli" "$place" 9 github.com/pulumi/pulumi/pkg/v3/cmd/pulumi -tags osusergo,grpcnotrace -ldflags "-s -w -X $stamp=v$ENGINE_VERSION"
  if [ ! -x "$place/pulumi-language-python-exec" ]; then
    # The script that starts the program comes with the engine's own SDK module.
    need_go
    local sdk
    sdk=$(cd "$cli" && go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)
    install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" "$place/"
  fi
  link_engine "$place"
}
