# What copying and restoring a Postgres database have in common. Runs on the server's own image, so
# that pg_dump and pg_restore are of its version: bash, the server's programs, coreutils, no Python.
# Given: PGHOST PGPORT PGUSER PGDATABASE SOURCE, the password in a file. Last line of stdout: ESTATE {…}
set -euo pipefail
umask 077

password_file=/run/secrets/database_password
folder=/backups/$SOURCE
work=$(mktemp -d)
hidden=$(mktemp -d /dev/shm/XXXXXX) # in memory: the password is on no disk
server_wait_s=15                    # for a server that is just starting; a guess

export LC_ALL=C PGCONNECT_TIMEOUT=10 PGPASSFILE=$hidden/pgpass
# One text form for each value on both sides, and no rows hidden by a policy without an error.
export PGOPTIONS="-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c bytea_output=hex
 -c extra_float_digits=1 -c lc_monetary=C -c search_path=pg_catalog -c row_security=off
 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=60s"
PGOPTIONS=${PGOPTIONS//$'\n'/}

json_text() { # a JSON string on one line
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

refuse() { # code, reason
  printf 'ESTATE {"error": {"source": %s, "code": %s, "why": %s}}\n' \
    "$(json_text "$SOURCE")" "$(json_text "$1")" "$(json_text "$2")"
  exit 1
}

# Ends with the meaning of what a program said: $1 what was done, $2 file with its messages.
refuse_for() {
  local said code=failed
  said=$(tail -n 6 "$2")
  case $said in
    *"no space left on device"* | *"No space left on device"* | *"could not extend file"*) code="disk full" ;;
    *"password authentication failed"* | *"no password supplied"*) code=password ;;
    *"role "*"does not exist"*) code=password ;;
    *"database "*"does not exist"*) code=missing ;;
    *"could not translate host name"* | *"Connection refused"* | *"timeout expired"* | \
      *"No route to host"* | *"server closed the connection"* | *"terminating connection"* | \
      *"is starting up"* | *"is shutting down"* | *"recovery mode"*) code=unreachable ;;
    *"lock timeout"*) code=busy ;;
    *"server version mismatch"*) code=version ;;
  esac
  refuse "$code" "$1: ${said:-it said nothing}"
}

scratch=
stop_scratch() {
  [[ -z $scratch ]] || as_server pg_ctl --pgdata="$scratch/data" --mode=immediate stop >/dev/null 2>&1 || true
}

clean_up() {
  stop_scratch
  rm -rf "$work" "$hidden" ${scratch:+"$scratch"}
  [[ -z ${partial:-} ]] || rm -f "$partial"
}
trap clean_up EXIT
trap 'exit 143' TERM INT
trap 'refuse failed "$BASH_COMMAND ended with $?"' ERR

as_server() { # the server's programs refuse to run as root
  local tool
  for tool in gosu su-exec; do
    if command -v "$tool" >/dev/null; then
      "$tool" postgres "$@"
      return
    fi
  done
  setpriv --reuid=postgres --regid=postgres --init-groups "$@"
}

sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }

connect() { # waits for the server a moment, then tries the password; $1 database to be in
  local until=$((SECONDS + server_wait_s))
  local password
  password=$(<"$password_file")
  password=${password//\\/\\\\}
  printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$PGPASSFILE"
  until pg_isready --quiet --timeout=3; do
    ((SECONDS < until)) || refuse unreachable "no Postgres answers at $PGHOST:$PGPORT"
    sleep 1
  done
  sql --dbname="$1" <<<'SELECT 1;' >/dev/null 2>"$work/said" || refuse_for "connecting to $1" "$work/said"
}

ask_for_space() { # folder, bytes, what for
  local free
  free=$(df -Pk "$1" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')
  ((free < $2)) || return 0
  refuse "disk full" "disk full: $3 needs $2 bytes, $free free"
}

# One JSON line per table: rows, and a sum over hashes of all rows that does not depend on their
# order. Columns by name, because a restored child table may have them in another order. Tables of
# extensions are not in a dump.
count_sql=$(
  cat <<'SQL'
SELECT format(
  'SELECT json_build_object(''table'', %L::text, ''rows'', count(*), ''sum'',
     coalesce(sum(hashtextextended(ROW(%s)::text, 0)::numeric), 0)::text) FROM ONLY %s AS counted',
  c.oid::regclass::text,
  (SELECT string_agg(format('counted.%I', a.attname), ', ' ORDER BY a.attname COLLATE "C")
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid::regclass::text COLLATE "C" \gexec
SELECT json_build_object('table', '(large objects)', 'rows', count(*), 'sum',
    coalesce(sum(hashtextextended(md5(lo_get(oid)), 0)::numeric), 0)::text)
  FROM pg_largeobject_metadata HAVING count(*) > 0;
SQL
)

schema_options=(--schema-only --no-owner --no-privileges --no-tablespaces --no-publications --no-subscriptions)

# Checksum of a schema in words; without what differs between two dumps of the same schema, and
# without extensions, which are known by having been created.
schema_sum() {
  grep -Ev '^(--|$|SET |SELECT pg_catalog\.set_config|\\(un)?restrict |CREATE EXTENSION|COMMENT ON EXTENSION)' "$1" |
    sha256sum | cut -d' ' -f1
}

total_rows() { sed -E 's/.*"rows" : ([0-9]+),.*/\1/' "$1" | awk '{ n += $1 } END { printf "%.0f", n }'; }

# Where two counts differ, for people: $1 wanted, $2 found.
differences() {
  local line='s/^\{"table" : (".*"), "rows" : ([0-9]+), "sum" : "(-?[0-9]+)"\}$/\1\t\2\t\3/'
  awk -F '\t' 'NR == FNR { rows[$1] = $2; sum[$1] = $3; next }
    !($1 in rows) { print $1 ": not in the source"; next }
    rows[$1] != $2 { print $1 ": " rows[$1] " rows, copy " $2 }
    rows[$1] == $2 && sum[$1] != $3 { print $1 ": as many rows, other content" }
    { delete rows[$1] }
    END { for (name in rows) print name ": " rows[name] " rows, copy none" }' \
    <(sed -E "$line" "$1") <(sed -E "$line" "$2") | tr -d '"' | sort | head -n 5 | paste -sd ';'
}

# Restores the contents of a dump: $1 dump, $2 database, then options of pg_restore.
load() {
  local dump=$1 database=$2
  shift 2
  pg_restore --exit-on-error --no-tablespaces --no-publications --no-subscriptions \
    --dbname="$database" "$@" "$dump" 2>"$work/said"
}

# Compares a database with what it should hold: $1 database, $2 counts, $3 schema's checksum.
compare() {
  sql --dbname="$1" <<<"$count_sql" >"$work/found" 2>"$work/said" || refuse_for "counting the copy" "$work/said"
  cmp -s "$2" "$work/found" || refuse differs "source and copy differ: $(differences "$2" "$work/found")"
  pg_dump "${schema_options[@]}" --dbname="$1" >"$work/found.sql" 2>"$work/said" ||
    refuse_for "reading the schema of the copy" "$work/said"
  [[ $(schema_sum "$work/found.sql") == "$3" ]] || refuse differs "the schema of the copy is not that of the source"
}

field() { sed -nE "s/^\"$1\": \"?([^\"]*)\"?,\$/\1/p" "$2" | head -n 1; } # of a manifest of ours

mkdir -p "$folder"
exec 9>"$folder/.lock"
until flock -n 9; do
  ((SECONDS < 30)) || refuse busy "another run works on the backups of $SOURCE"
  sleep 1
done
