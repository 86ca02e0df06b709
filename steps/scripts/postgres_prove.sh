# Restores the newest copy of a database into a scratch server, for practice, and compares it with its
# manifest. Nothing of the live server is needed or touched.

started=$SECONDS
manifest=
for one in "$folder"/*.dump.json; do
  if [[ -f ${one%.json} ]]; then manifest=$one; fi
done
[[ -n $manifest ]] || refuse missing "there is no proven copy"
dump=${manifest%.json}
[[ $(sha256sum <"$dump" | cut -d' ' -f1) == "$(field sha256 "$manifest")" ]] ||
  refuse damaged "$(basename "$dump") is not the file that was proven (sha256)"
sed -n '/^"counts": \[$/,/^\]$/p' "$manifest" | sed '1d;$d;s/,$//' >"$work/seen"
ask_for_space "$work" "$(($(field database_bytes "$manifest") + 64 * 1024 * 1024))" "the restored database"

start_scratch "$(field encoding "$manifest")" "$(field collate "$manifest")" "$(field ctype "$manifest")"
roles_of "$dump" >"$work/roles.sql"
load_in_scratch "$dump" "$work/roles.sql"
compare proof "$work/seen" "$(field schema "$manifest")"
stop_scratch
tables=$(wc -l <"$work/seen")
compared="schema, rows and content of $tables tables"
[[ -z $without ]] || compared+=", without the extensions$without"
printf 'ESTATE {"proven": [{"source": %s, "kind": "postgres", "file": "%s", "created": "%s", "release": "%s", "proof": %s, "bytes": %s, "sha256": "%s", "seconds": %s, "compared": %s, "tables": {' \
  "$(json_text "$SOURCE")" "$(basename "$dump")" "$(field created "$manifest")" "$(field release "$manifest")" \
  "$(json_text "restored into a server of its own")" "$(field bytes "$manifest")" "$(field sha256 "$manifest")" \
  "$((SECONDS - started))" "$(json_text "$compared")"
sed -E 's/^\{"table" : (".*"), "rows" : ([0-9]+), "sum" : .*/\1: \2/; $!s/$/,/' "$work/seen" | tr -d '\n'
printf '}}]}\n'
