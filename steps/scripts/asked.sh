# Waits in a service for requests to copy one source with the programs of this image, and answers
# them (steps/scripts/scheduled.py asks). Given: SOURCE, RELEASE and what the program needs, PROGRAM.
set -u
umask 077
folder=/backups/.asked
ask=$folder/$SOURCE.ask
job=

stop() {
  [[ -z $job ]] || { kill "$job" 2>/dev/null; wait "$job"; }
  exit 0
}
trap stop TERM INT

answer() { # runs the program once; the request stays until the answer is there
  local wish=$1
  bash -c "$PROGRAM" >"$folder/$SOURCE.log" 2>&1 &
  job=$!
  while kill -0 "$job" 2>/dev/null; do
    touch /tmp/beat
    sleep 1
  done
  wait "$job"
  job=
  mv "$folder/$SOURCE.log" "$folder/$SOURCE.answer.$wish"
  if [[ $(cat "$ask" 2>/dev/null) == "$wish" ]]; then rm -f "$ask"; fi
}

while :; do
  touch /tmp/beat
  if [[ -f $ask ]]; then
    answer "$(cat "$ask")"
  else
    sleep 3
  fi
done
