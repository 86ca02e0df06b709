# Serves a proven copy of a database under the name of the live one, in a network of its own, so that
# something can be tried on it first. Given besides: FILE, and LIMIT_S, the seconds until it ends by itself.

dump=$folder/$FILE manifest=$folder/$FILE.json
[[ -f $dump && -f $manifest ]] || refuse "unknown copy" "there is no proven copy $FILE"
ask_for_space "$work" "$(($(field database_bytes "$manifest") + 64 * 1024 * 1024))" "the restored database"

listen='*'
start_scratch "$(field encoding "$manifest")" "$(field collate "$manifest")" "$(field ctype "$manifest")"
roles_of "$dump" >"$work/roles.sql"
load_in_scratch "$dump" "$work/roles.sql"
sql --dbname=template1 --set=name="$PGDATABASE" 2>"$work/said" <<'SQL' || refuse_for "naming the copy" "$work/said"
DROP DATABASE IF EXISTS :"name";
ALTER DATABASE proof RENAME TO :"name";
SQL
flock --unlock 9 # others may work on the copies meanwhile
touch /tmp/serves
sleep "$LIMIT_S" &
wait $!
