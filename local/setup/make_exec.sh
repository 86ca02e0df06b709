# What lets make end with a command's own exit code. The object uses what is in make already, so
# any C compiler will do, without headers or libraries.
# shellcheck shell=bash
setup_make_exec() {
  [ ! .estate/make_exec.so -nt local/setup/make_exec.c ] || return 0
  local compiler=cc
  command -v cc >/dev/null || { need_packages tcc; compiler=tcc; }
  "$compiler" -shared -fPIC -nostdlib -o .estate/make_exec.new local/setup/make_exec.c
  mv .estate/make_exec.new .estate/make_exec.so
}
