# uv and the environment of uv.lock.
# shellcheck shell=bash
UV_VERSION=0.13.9

setup_python() {
  need_packages ca-certificates curl python3 python3-venv
  PYTHON=$(command -v python3)
  find_uv
  # Nothing to do when the lock has not changed since the environment was made.
  local want
  want=$(fingerprint uv.lock pyproject.toml)
  [ -x .venv/bin/python ] && [ "$(cat .venv/.estate 2>/dev/null)" = "$want" ] && return
  say "installing the Python environment of uv.lock (about 1 minute)"
  "$UV" sync --frozen --quiet --compile-bytecode || die "the Python environment could not be installed" "see the message above; run again when it is mended"
  printf '%s' "$want" >.venv/.estate
}

# uv: on PATH, else the official installer, else from PyPI into an environment of its own.
find_uv() {
  UV=$(command -v uv || true)
  [ -z "$UV" ] || return 0
  UV="$CACHE/uv-$UV_VERSION/bin/uv"
  [ ! -x "$UV" ] || return 0
  local installer="https://astral.sh/uv/$UV_VERSION/install.sh"
  mkdir -p "$CACHE"
  if reachable "$installer" &&
    curl --silent --fail --location --max-time 120 "$installer" | UV_UNMANAGED_INSTALL="$(dirname "$UV")" sh >/dev/null 2>&1 &&
    "$UV" --version >/dev/null 2>&1; then
    return
  fi
  say "installing uv $UV_VERSION from PyPI"
  rm -rf "$CACHE/uv-$UV_VERSION"
  { "$PYTHON" -m venv "$CACHE/uv-$UV_VERSION" && "$CACHE/uv-$UV_VERSION/bin/pip" install --quiet "uv==$UV_VERSION"; } >.estate/uv.log 2>&1 ||
    die "uv could not be installed" "$(tail -n 3 .estate/uv.log)" "install uv by hand (https://docs.astral.sh/uv/), then run again"
}
