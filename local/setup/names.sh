# tickets.localhost and its neighbours must resolve to this machine for every program on it.
# shellcheck shell=bash
setup_names() {
  getent hosts probe.localhost >/dev/null && return
  need_packages libnss-myhostname
  getent hosts probe.localhost >/dev/null ||
    die "names below .localhost do not resolve to this machine" "add 'myhostname' to the line hosts: of /etc/nsswitch.conf"
}
