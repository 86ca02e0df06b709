# What `make check` needs beyond the Python environment: the linter of the workflows.
# shellcheck shell=bash
setup_lint() {
  local place
  place="$CACHE/lint-$(fingerprint local/lint/go.sum)"
  build_go local/lint "$place" 1 github.com/rhysd/actionlint/cmd/actionlint
  ln -sfn "$place/actionlint" .estate/bin/actionlint
}
