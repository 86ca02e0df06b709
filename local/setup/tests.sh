# What the tests need beyond a running estate: machines of their own, reached over ssh.
# shellcheck shell=bash
setup_tests() {
  need_packages git iproute2 iptables openssh-client openssh-server procps
}
