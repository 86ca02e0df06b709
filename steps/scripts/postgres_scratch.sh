# A Postgres server in the job's own container, to restore a copy in: gone with it, and without a network
# or a secret unless it is to be asked from outside.

listen= # addresses; over them the password of the live server holds

start_scratch() { # encoding, collate, ctype; from here on every program talks to it
  scratch=$(mktemp -d)
  chmod 755 "$scratch"
  install -d -o postgres -m 700 "$scratch/data" "$scratch/socket"
  as_server initdb --pgdata="$scratch/data" --username="$PGUSER" --auth=trust --no-sync \
    ${listen:+--auth-host=scram-sha-256 "--pwfile=$password_file"} \
    --encoding="$1" --lc-collate="$2" --lc-ctype="$3" >"$work/said" 2>&1 ||
    refuse_for "making the scratch server" "$work/said"
  [[ -z $listen ]] || echo "host all all all scram-sha-256" >>"$scratch/data/pg_hba.conf"
  as_server pg_ctl --pgdata="$scratch/data" --wait --log="$scratch/data/log" start -o "-c listen_addresses='$listen' \
    -k '$scratch/socket' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off \
    -c shared_buffers=64MB -c max_wal_size=128MB -c max_parallel_maintenance_workers=0 \
    -c max_parallel_workers_per_gather=0 -c log_min_messages=fatal" >"$work/said" 2>&1 ||
    refuse_for "starting the scratch server" "$work/said"
  export PGHOST=$scratch/socket PGPORT=5432
}

roles_of() { # dump; the roles that its policies name, as SQL, because no dump of one database holds them
  pg_restore --schema-only --file=- "$1" 2>/dev/null |
    sed -nE 's/^CREATE POLICY .* TO ([a-z_][a-z0-9_]*(, [a-z_][a-z0-9_]*)*)( (USING|WITH) .*|;)$/\1/p' |
    sed 's/, /\n/g' | sort -u | grep -vx -e public -e "$PGUSER" | sed 's/.*/CREATE ROLE "&";/' || true
}

without= # extensions that the scratch server does not have

load_in_scratch() { # dump, file of SQL that makes roles; the database is called proof
  local extension
  sql --dbname=postgres --file="$2" 2>"$work/said" || refuse_for "making the scratch roles" "$work/said"
  sql --dbname=postgres --set=name=proof <<<'CREATE DATABASE :"name" TEMPLATE template0;' 2>"$work/said" ||
    refuse_for "making the scratch database" "$work/said"
  pg_restore --list "$1" >"$work/list" 2>"$work/said" || refuse_for "reading the copy" "$work/said"
  while read -r extension; do
    # An extension that only the live server can load says nothing about the copy.
    if ! sql --dbname=proof --set=name="$extension" <<<'BEGIN; CREATE EXTENSION :"name" CASCADE; ROLLBACK;' >"$work/said" 2>&1; then
      without+=" $extension"
      grep -Ev "^[0-9; ]+ (EXTENSION - $extension |COMMENT - EXTENSION $extension )" "$work/list" >"$work/kept" || true
      mv "$work/kept" "$work/list"
    fi
  done < <(sed -nE 's/^[0-9]+; [0-9]+ [0-9]+ EXTENSION - ([^ ]+) .*/\1/p' "$work/list")
  load "$1" proof --no-owner --no-privileges --use-list="$work/list" || refuse_for "restoring the copy" "$work/said"
}
