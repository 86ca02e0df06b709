# The way in. `make help` lists what a person runs; the work is done by ops/ and local/setup/.
STACK ?= local
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
export STACK

.DEFAULT_GOAL := help
.PHONY: help setup up down preview drift health releases backups rollback restore env test check format bench scorecard

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo 'make itself ends with 2 for every error; a program calls: $(PYTHON) -m ops drift STACK'

setup: ## install what is missing on this machine
	@local/setup/run

up: setup ## bring stack STACK (default local) to what its file says
	@$(PYTHON) -m ops up $(STACK)

down: setup ## take stack STACK away; asks before data goes (FORCE=1 does not ask)
	@$(PYTHON) -m ops down $(STACK) $(if $(FORCE),--force)

preview: ## what `make up STACK=…` would do; reaches no ssh host
	@local/setup/run python engine plugins
	@$(PYTHON) -m ops preview $(STACK)

drift: ## compare reality with stack STACK: "Error 7" is drift, another error: could not look
	@local/setup/run python engine plugins
	@$(PYTHON) -m ops drift $(STACK)

health: ## thresholds of the runbooks on stack STACK: "Error 8" is an alert
	@local/setup/run python
	@$(PYTHON) -m ops health $(STACK)

releases: ## what was released on STACK, when, by whom, with what end (APP=… JSON=1)
	@local/setup/run python engine plugins
	@$(PYTHON) -m ops releases $(STACK) $(APP:%=--app %) $(if $(JSON),--json)

backups: ## the proven copies of STACK (APP=… JSON=1); SAVE=file or LOAD=file moves them
	@local/setup/run python engine plugins
	@$(PYTHON) -m ops backups $(STACK) $(APP:%=--app %) $(if $(JSON),--json) \
	  $(SAVE:%=--save %) $(LOAD:%=--load %) $(if $(FORCE),--force)

rollback: setup ## back to the release before: APP=…; TO=release DATA=1 DRY=1 FORCE=1
	@$(PYTHON) -m ops rollback $(STACK) $(APP:%=--app %) $(TO:%=--to %) \
	  $(if $(DATA),--data) $(if $(DRY),--dry) $(if $(FORCE),--force)

restore: setup ## an older copy under the same release: APP=… FROM=latest|file; DRY=1 FORCE=1
	@$(PYTHON) -m ops restore $(STACK) $(APP:%=--app %) $(FROM:%=--from %) \
	  $(if $(DRY),--dry) $(if $(FORCE),--force)

env: ## the export lines with which plain `pulumi …` works here
	@mkdir -p .estate
	@local/setup/run python engine plugins >.estate/env.log 2>&1 || { cat .estate/env.log >&2; exit 1; }
	@$(PYTHON) -m ops env

test: setup check ## every test, on the real engine and a real Swarm
	@local/setup/run tests
	@$(PYTHON) -m ops test

scorecard: setup ## every fault under load, more than an hour; writes docs/scorecard.md
	@local/setup/run tests
	@$(PYTHON) -m ops test -- tests/faults -v -m fault --scorecard docs/scorecard.md

check: ## the fast part: format, lint, types, layers, unit tests
	@local/setup/run python
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache >/dev/null || .venv/bin/lint-imports --no-cache
	$(PYTHON) -m pytest tests/unit -q

format: ## rewrite the sources the way `make check` wants them
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: setup ## cost of a preview against bare resources, and of a release to users
	@$(PYTHON) -m bench.noop
	@$(PYTHON) -m bench.release
