# Restores a proven copy into a database beside the live one, compares it with its manifest, and
# swaps the two names. Nobody writes meanwhile. Killed before the swap nothing live was touched; the
# swap is one transaction. Given besides: FILE.

started=$SECONDS
dump=$folder/$FILE manifest=$folder/$FILE.json
# A name of Postgres has 63 bytes; two databases with the same 36 first ones would share the rest.
aside=${PGDATABASE:0:36}_restoring
replaced=${PGDATABASE:0:36}_replaced_
if ! [[ -f $dump && -f $manifest ]]; then
  refuse "unknown copy" "there is no proven copy $FILE"
fi
connect postgres

[[ $(sha256sum <"$dump" | cut -d' ' -f1) == "$(field sha256 "$manifest")" ]] ||
  refuse damaged "$FILE is not the file that was proven (sha256)"
sed -n '/^"counts": \[$/,/^\]$/p' "$manifest" | sed '1d;$d;s/,$//' >"$work/seen"
# Databases are usually on the disk that holds this container too; the server tells no free space.
ask_for_space "$work" "$(field database_bytes "$manifest")" "the restored database"

in_server() { # SQL on stdin, outside of the database that is being replaced
  sql --dbname=postgres --set=live="$PGDATABASE" --set=aside="$aside" --set=replaced="$replaced" \
    "$@" 2>"$work/said"
}

# As the live one: encoding, locale, owner and settings; from the manifest if there is none.
make_aside() {
  in_server --set=encoding="$(field encoding "$manifest")" --set=collate="$(field collate "$manifest")" \
    --set=ctype="$(field ctype "$manifest")" <<'SQL' || refuse_for "making the database $aside" "$work/said"
DROP DATABASE IF EXISTS :"aside" WITH (FORCE);
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L OWNER %I',
         :'aside', coalesce(pg_encoding_to_char(d.encoding), :'encoding'),
         coalesce(d.datcollate, :'collate'), coalesce(d.datctype, :'ctype'),
         coalesce(pg_get_userbyid(d.datdba), current_user))
    || CASE WHEN to_jsonb(d) ->> 'datlocprovider' = 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')) ELSE '' END
  FROM (SELECT 1) AS one LEFT JOIN pg_database d ON d.datname = :'live' \gexec
SELECT format('SELECT set_config(%L, %L, false)', split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)),
       format('ALTER DATABASE %I SET %I FROM CURRENT', :'aside', split_part(one, '=', 1))
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS one
  WHERE s.setrole = 0 AND d.datname = :'live' \gexec
SQL
}

make_aside >/dev/null
note=
if ! load "$dump" "$aside"; then
  # A role that is gone, most likely: the data matter more than who may read them.
  note="; without owners and privileges: $(grep -m 1 error: "$work/said" || tail -n 1 "$work/said")"
  make_aside >/dev/null
  if ! load "$dump" "$aside" --no-owner --no-privileges; then
    cp "$work/said" "$work/reason"
    in_server <<<'DROP DATABASE IF EXISTS :"aside" WITH (FORCE);' || true
    refuse_for "restoring the copy" "$work/reason"
  fi
fi
compare "$aside" "$work/seen" "$(field schema "$manifest")"
# A restored database has no statistics, and its first queries would be planned blindly.
sql --dbname="$aside" <<<'ANALYZE;' >/dev/null 2>"$work/said" || refuse_for "analyzing the database $aside" "$work/said"

stamp=$(date -u +%Y%m%dT%H%M%SZ)
# A client may come back between being cut off and the rename, which then refuses: try again.
for attempt in 1 2 3 4 5; do
  if in_server --set=stamped="$replaced$stamp" <<'SQL' >/dev/null; then
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname IN (:'live', :'aside') AND pid <> pg_backend_pid();
BEGIN;
SELECT format('ALTER DATABASE %I RENAME TO %I', datname, :'stamped') FROM pg_database WHERE datname = :'live' \gexec
ALTER DATABASE :"aside" RENAME TO :"live";
COMMIT;
SQL
    break
  fi
  ((attempt < 5)) || refuse_for "swapping the databases" "$work/said"
  sleep 1
done

kept=$(in_server <<<"SELECT count(*) FROM pg_database WHERE datname = :'replaced' || '$stamp';")
# The newest two stay: what this restore replaced, and what it did if it ran twice.
in_server <<'SQL' >/dev/null || refuse_for "removing what older restores replaced" "$work/said"
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
  WHERE starts_with(datname, :'replaced') ORDER BY datname DESC OFFSET 2 \gexec
SQL
((kept == 0)) && replaced= || replaced+=$stamp
printf 'ESTATE {"restored": [{"source": %s, "kind": "postgres", "file": "%s", "replaced": "%s", "bytes": %s, "seconds": %s, "note": %s, "tables": {' \
  "$(json_text "$SOURCE")" "$FILE" "$replaced" "$(field bytes "$manifest")" "$((SECONDS - started))" "$(json_text "$note")"
sed -E 's/^\{"table" : (".*"), "rows" : ([0-9]+), "sum" : .*/\1: \2/; $!s/$/,/' "$work/seen" | tr -d '\n'
printf '}}]}\n'
