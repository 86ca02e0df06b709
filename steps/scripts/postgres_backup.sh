# Copies a database while it is in use, restores the copy into a scratch server of its own, compares
# both, and only then lets the copy count. Given besides: RELEASE, and REHEARSAL=1 when nothing of it
# is to be kept.

started=$SECONDS
rm -f "$folder"/*.partial*
connect "$PGDATABASE"

newest= copies=0
for manifest in "$folder"/*.dump.json; do
  if [[ -f ${manifest%.json} ]]; then
    newest=$manifest copies=$((copies + 1))
  fi
done

{ read -r size && read -r encoding && read -r collate && read -r ctype; } < <(
  sql <<'SQL'
SELECT pg_database_size(current_database());
SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database();
SELECT datcollate FROM pg_database WHERE datname = current_database();
SELECT datctype FROM pg_database WHERE datname = current_database();
SQL
) || refuse failed "the size and encoding of the database cannot be read"
ask_for_space "$folder" "$size" "the copy"
ask_for_space "$work" "$((size + 64 * 1024 * 1024))" "proving the copy"

while file=$folder/$(date -u +%Y%m%dT%H%M%SZ)-$RELEASE.dump && [[ -e $file ]]; do sleep 0.2; done
partial=$file.partial

# The counts and the dump see one moment: pg_dump joins the snapshot of the transaction that counts.
export PARTIAL=$partial WORK=$work SCHEMA_OPTIONS="${schema_options[*]}"
export DUMP='pg_dump --format=custom --snapshot="$SNAPSHOT" --file="$PARTIAL" 2>"$WORK/said" &&
  pg_dump $SCHEMA_OPTIONS --snapshot="$SNAPSHOT" --file="$WORK/seen.sql" 2>"$WORK/said" && touch "$WORK/dumped"'
if ! sql >"$work/seen" 2>"$work/counting" <<SQL; then
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
$count_sql
\! bash -c "\$DUMP"
COMMIT;
SQL
  refuse_for "counting the rows" "$work/counting"
fi
[[ -e $work/dumped ]] || refuse_for "pg_dump" "$work/said"

tables=$(wc -l <"$work/seen") rows=$(total_rows "$work/seen")
if ((tables == 0)); then
  ((copies == 0)) || refuse missing \
    "the database is empty, but $copies proven copies of it exist, the newest is $(field file "$newest")"
  rm -f "$partial"
  printf 'ESTATE {"state": "absent"}\n'
  exit 0
fi
if ((rows == 0 && copies > 0)) && [[ $(field rows "$newest") != 0 ]]; then
  refuse missing "no table has a row, but the newest proven copy $(field file "$newest") has $(field rows "$newest")"
fi

roles_sql="SELECT format('CREATE ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user;"
sql <<<"$roles_sql" | sed 's/$/;/' >"$work/roles.sql" # policies name roles
start_scratch "$encoding" "$collate" "$ctype"
load_in_scratch "$partial" "$work/roles.sql"
schema=$(schema_sum "$work/seen.sql")
compare proof "$work/seen" "$schema"
stop_scratch
if [[ ${REHEARSAL:-} == 1 ]]; then
  rm -f "$partial"
  printf 'ESTATE {"state": "rehearsed"}\n'
  exit 0
fi

proof="restored into a server of its own: rows and content of each table and schema equal to the source"
[[ -z $without ]] || proof+="; without the extensions$without, which only the live server has"
sync "$partial"
name=$(basename "$file")
{
  printf '{\n"source": %s,\n"kind": "postgres",\n"file": "%s",\n' "$(json_text "$SOURCE")" "$name"
  printf '"created": "%s",\n"release": "%s",\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$RELEASE"
  printf '"proof": %s,\n"bytes": %s,\n' "$(json_text "$proof")" "$(stat -c %s "$partial")"
  printf '"sha256": "%s",\n"schema": "%s",\n' "$(sha256sum <"$partial" | cut -d' ' -f1)" "$schema"
  printf '"database_bytes": %s,\n"encoding": "%s",\n' "$size" "$encoding"
  printf '"collate": "%s",\n"ctype": "%s",\n"rows": %s,\n' "$collate" "$ctype" "$rows"
  printf '"seconds": %s,\n"counts": [\n' "$((SECONDS - started))"
  sed '$!s/$/,/' "$work/seen"
  printf ']\n}\n'
} >"$file.json.partial"
sync "$file.json.partial"
mv "$file.json.partial" "$file.json"
mv "$partial" "$file"
sync "$folder"
partial=
printf 'ESTATE {"state": "proven", "file": "%s"}\n' "$name"
