# The resource plugins, in PULUMI_HOME: installed ones, else the official download,
# else the stand-ins of local/plugins, for machines that cannot reach the download.
# shellcheck shell=bash
PLUGINS="docker:5.1.0 command:1.2.1 cloudflare:6.17.0"

setup_plugins() {
  export PULUMI_HOME="${PULUMI_HOME:-$PWD/.estate/pulumi}"
  without_logs
  local spec name version place official="" standin=""
  for spec in $PLUGINS; do
    name=${spec%%:*} version=${spec##*:}
    place="$PULUMI_HOME/plugins/resource-$name-v$version"
    if [ ! -x "$place/pulumi-resource-$name" ]; then
      plugin_of_this_user "$name" "$version" "$place" || plugin_download "$name" "$version" || sh local/plugins/install.sh "$PULUMI_HOME" "$name" >/dev/null
    elif [ -e "$place/STANDIN" ]; then
      sh local/plugins/install.sh "$PULUMI_HOME" "$name" >/dev/null   # the checkout may have moved
    fi
    if [ -e "$place/STANDIN" ]; then standin+=" $name"; else official+=" $name"; fi
  done
  say "plugins: official:${official:- none}; stand-ins of this project:${standin:- none}"
}

# The engine keeps a log of every property that it has seen, encrypted: half a second and 4 MB for a
# preview of the local stack, 500 MB in the end. It has no option against that, and goes without when
# it cannot make the folder. Only in the home that is ours alone.
without_logs() {
  local folder="$PWD/.estate/pulumi/logs"
  [ ! -f "$folder" ] || return 0
  rm -rf "$folder" && mkdir -p "$(dirname "$folder")" && : >"$folder"
}

plugin_of_this_user() {
  local found="$HOME/.pulumi/plugins/resource-$1-v$2"
  [ -x "$found/pulumi-resource-$1" ] || return 1
  mkdir -p "$(dirname "$3")" && ln -sfn "$found" "$3"
}

plugin_download() {
  if [ -z "${download_answers:-}" ]; then
    if reachable "https://get.pulumi.com/releases/plugins/"; then download_answers=yes; else download_answers=no; fi
  fi
  [ "$download_answers" = yes ] || return 1
  say "downloading the plugin $1 $2"
  env -u PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION PATH="$PWD/.estate/bin:$PATH" \
    timeout 300 pulumi plugin install resource "$1" "$2" >.estate/plugin.log 2>&1
}
