#!/bin/bash
# The part of the official image's entrypoint that the estate relies on; no init scripts.
#
# Differs on purpose: two servers on one volume are refused, and the first database is made in a
# folder inside the volume and moved out when it is complete, `mysql` last, so that a container
# killed meanwhile starts over instead of serving half of one. No server answers before that.
set -euo pipefail

data=/var/lib/mysql
aside="$data/.initialising"

refuse() {
  printf 'mariadb: will not start: %s\n' "$1" >&2
  exit 1
}

# Value of the first of some variables that is set, or of the file that its _FILE twin names.
value_of() {
  local name twin
  for name in "$@"; do
    twin="${name}_FILE"
    [[ -z ${!name:-} || -z ${!twin:-} ]] || refuse "both $name and $twin are set; set one of them"
    if [[ -n ${!twin:-} ]]; then
      [[ -r ${!twin} ]] || refuse "the file that $twin names cannot be read"
      printf '%s' "$(<"${!twin}")"
      return
    elif [[ -n ${!name:-} ]]; then
      printf '%s' "${!name}"
      return
    fi
  done
}

quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

make_database() {
  local password check
  password=$(value_of MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
  [[ -n $password ]] || refuse "MARIADB_ROOT_PASSWORD_FILE (or MARIADB_ROOT_PASSWORD) is missing"
  if [[ -d $aside ]]; then
    echo "mariadb: a first start did not finish; starting over" >&2
    find "$data" -mindepth 1 -delete
  elif [[ -n $(find "$data" -mindepth 1 ! -name lost+found -print -quit) ]]; then
    refuse "$data holds files and no database; they are left as they are"
  fi
  mkdir "$aside"
  check=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  mariadb-install-db --datadir="$aside" --skip-test-db --skip-name-resolve \
    --auth-root-authentication-method=normal --skip-log-bin >/dev/null
  # The passwords go through a pipe: an argument would show in the list of processes.
  mariadbd "$@" --datadir="$aside" --bootstrap --skip-log-bin --skip-networking <<SQL
FLUSH PRIVILEGES;
DROP USER IF EXISTS ''@'localhost', ''@'$(hostname)', 'mysql'@'localhost';
ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$password");
CREATE USER 'root'@'%' IDENTIFIED BY $(quoted "$password");
GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;
CREATE USER 'healthcheck'@'127.0.0.1' IDENTIFIED BY '$check';
CREATE USER 'healthcheck'@'localhost' IDENTIFIED BY '$check';
SQL
  printf '[mariadb-client]\nuser=healthcheck\npassword=%s\n' "$check" >"$aside/.my-healthcheck.cnf"
  chmod 600 "$aside/.my-healthcheck.cnf"
  find "$aside" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t "$data" {} +
  sync --file-system "$data"
  mv "$aside/mysql" "$data"
  echo "mariadb: made a database" >&2
}

[[ ${1:-} != -* ]] || set -- mariadbd "$@"

if [[ ${1:-} == mariadbd || ${1:-} == mysqld ]]; then
  if [[ $(id -u) == 0 ]]; then
    find "$data" ! -user mysql -exec chown mysql: {} +
    chown mysql: /run/mysqld
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
  fi
  # The server inherits this lock, and the kernel drops it with the last of its processes.
  exec 9<"$data"
  flock --wait 5 9 || refuse "another server uses $data"
  if [[ ! -d $data/mysql ]]; then
    # As process 1, bash would ignore these while it waits for the programs above.
    trap 'exit 143' INT TERM
    make_database "${@:2}"
    trap - INT TERM
  fi
  # Empty, left by a kill after the last move.
  [[ ! -d $aside ]] || rmdir "$aside"
fi
exec "$@"
