#!/bin/sh
# Installs the stand-in plugins into a PULUMI_HOME: install.sh <PULUMI_HOME> [name…]
# A folder that already holds another plugin is left alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${1:?usage: install.sh <PULUMI_HOME> [command|docker|cloudflare …]}
shift
[ $# -gt 0 ] || set -- command docker cloudflare

for name in "$@"; do
  case $name in
    command) version=1.2.1 ;;
    docker) version=5.1.0 ;;
    cloudflare) version=6.17.0 ;;
    *)
      echo "install.sh: there is no stand-in for '$name' (command, docker, cloudflare)" >&2
      exit 2
      ;;
  esac
  folder=$home/plugins/resource-$name-v$version
  program=$folder/pulumi-resource-$name
  if [ -e "$program" ] && [ ! -e "$folder/STANDIN" ]; then
    echo "resource-$name-v$version: another plugin is installed, left alone"
    continue
  fi
  mkdir -p "$folder"
  echo "Stand-in for pulumi-resource-$name $version, served from $here" >"$folder/STANDIN"
  # Written beside and renamed: a running engine never sees half a file.
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$here/$name/pulumi-resource-$name" >"$program.new"
  chmod +x "$program.new"
  mv "$program.new" "$program"
  echo "resource-$name-v$version: stand-in installed"
done
