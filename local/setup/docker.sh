# A Docker daemon in Swarm mode: the one that answers, else Debian's.
# shellcheck shell=bash
setup_docker() {
  if ! daemon_answers; then
    [ -z "${DOCKER_HOST:-}" ] || die "no Docker daemon answers at DOCKER_HOST=$DOCKER_HOST" "start it, or unset DOCKER_HOST to use one on this machine"
    [ "$(id -u)" = 0 ] || die "no Docker daemon answers" "run as root, or start Docker and add yourself to the group docker"
    need_packages docker.io iptables iproute2
    start_daemon
  fi
  local state
  state=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}')
  case $state in
    "active true") ;;
    "active false") die "this machine is a worker of another Swarm" "run this on its manager, or leave with: docker swarm leave" ;;
    *)
      say "starting a Swarm of this one machine"
      docker swarm init --advertise-addr 127.0.0.1 >/dev/null || die "the Swarm could not be started" "see the message above"
      ;;
  esac
}

daemon_answers() { command -v docker >/dev/null && timeout 15 docker version >/dev/null 2>&1; }

start_daemon() {
  say "starting the Docker daemon"
  if [ -d /run/systemd/system ]; then
    systemctl start docker || true
  else
    # Its own session, so that it outlives this script and the terminal.
    setsid dockerd >"$PWD/.estate/dockerd.log" 2>&1 </dev/null &
  fi
  local second
  for second in $(seq 60); do
    daemon_answers && return
    sleep 1
  done
  die "the Docker daemon did not answer within $second seconds" "$(tail -n 3 .estate/dockerd.log 2>/dev/null)" "see .estate/dockerd.log, or: journalctl -u docker"
}
