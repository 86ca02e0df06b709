#!/bin/bash
# The tests of the official image's healthcheck that the estate uses: --connect over TCP, and
# --innodb_initialized. Its user was made with the database and may do nothing.
set -euo pipefail
ask() {
  mariadb --defaults-file=/var/lib/mysql/.my-healthcheck.cnf --protocol=tcp --host=127.0.0.1 \
    --connect-timeout=4 --skip-column-names --batch --execute "$1"
}
for test in "$@"; do
  case $test in
  --connect) ask 'SELECT 1' >/dev/null ;;
  --innodb_initialized)
    [[ $(ask "SELECT 1 FROM information_schema.ENGINES WHERE engine='innodb' AND support IN ('YES','DEFAULT')") == 1 ]]
    ;;
  *) echo "healthcheck.sh: no such test: $test" >&2; exit 1 ;;
  esac
done
