#!/bin/bash
# The part of the official image's entrypoint that the estate relies on; no init scripts.
#
# Differs on purpose: two servers on one volume are refused, and the first cluster is made in a
# folder inside PGDATA and moved out when it is complete, PG_VERSION last, so that a container
# killed meanwhile starts over instead of serving half of one.
set -euo pipefail

aside="$PGDATA/.initialising"

refuse() {
  printf 'postgres: will not start: %s\n' "$1" >&2
  exit 1
}

# Value of a variable, or of the file that its _FILE twin names; never printed.
value_of() {
  local twin="${1}_FILE"
  [[ -z ${!1:-} || -z ${!twin:-} ]] || refuse "both $1 and $twin are set; set one of them"
  if [[ -n ${!twin:-} ]]; then
    [[ -r ${!twin} ]] || refuse "the file that $twin names cannot be read"
    printf '%s' "$(<"${!twin}")"
  else
    printf '%s' "${!1:-${2:-}}"
  fi
}

make_cluster() {
  local user password database
  user=$(value_of POSTGRES_USER postgres)
  database=$(value_of POSTGRES_DB "$user")
  password=$(value_of POSTGRES_PASSWORD)
  [[ -n $password ]] || refuse "POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD) is missing"
  if [[ -d $aside ]]; then
    echo "postgres: a first start did not finish; starting over" >&2
    find "$PGDATA" -mindepth 1 -delete
  elif [[ -n $(find "$PGDATA" -mindepth 1 -print -quit) ]]; then
    refuse "$PGDATA holds files and no database; they are left as they are"
  fi
  mkdir "$aside"
  local options=(--encoding=UTF8 --auth-local=trust --auth-host=scram-sha-256)
  # The password goes through a pipe: an argument would show in the list of processes.
  initdb --pgdata="$aside" --username="$user" "${options[@]}" --pwfile=<(printf '%s\n' "$password")
  echo "host all all all scram-sha-256" >>"$aside/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$aside/postgresql.conf"
  if [[ $database != postgres ]]; then
    # A socket of its own: pg_isready must not say yes before the real server is there.
    pg_ctl --pgdata="$aside" --wait start -o "-c listen_addresses='' -k '$aside'"
    psql --host="$aside" --username="$user" --dbname=postgres --no-psqlrc --quiet \
      --set=ON_ERROR_STOP=1 --set=name="$database" <<<'CREATE DATABASE :"name";'
    pg_ctl --pgdata="$aside" --wait --mode=fast stop
  fi
  find "$aside" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
  sync --file-system "$PGDATA"
  mv "$aside/PG_VERSION" "$PGDATA"
  echo "postgres: made a cluster for user $user with database $database" >&2
}

[[ ${1:-} != -* ]] || set -- postgres "$@"

if [[ ${1:-} == postgres ]]; then
  if [[ $(id -u) == 0 ]]; then
    mkdir -p "$PGDATA"
    find "$PGDATA" ! -user postgres -exec chown postgres: {} +
    chmod 700 "$PGDATA"
    chown postgres: /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  # PostgreSQL's own lock file names a process, and in containers that is 1 for both. The server
  # inherits this one, and the kernel drops it with the last of its processes.
  exec 9<"$PGDATA"
  flock --wait 5 9 || refuse "another server uses $PGDATA"
  if [[ ! -s $PGDATA/PG_VERSION ]]; then
    # As process 1, bash would ignore these while it waits for the programs above.
    trap 'exit 143' INT TERM
    make_cluster
    trap - INT TERM
  fi
  # Empty, left by a kill after the last move.
  [[ ! -d $aside ]] || rmdir "$aside"
fi
exec "$@"
