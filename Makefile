# The way in. `make help` lists what a person runs; the work is done by ops/ and local/setup/.
STACK ?= local
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
export STACK

.DEFAULT_GOAL := help
.PHONY: help setup up down preview drift health env test check format bench

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

env: ## the export lines with which plain `pulumi …` works here
	@mkdir -p .estate
	@local/setup/run python engine plugins >.estate/env.log 2>&1 || { cat .estate/env.log >&2; exit 1; }
	@$(PYTHON) -m ops env

test: setup check ## every test, on the real engine and a real Swarm
	@local/setup/run tests
	@$(PYTHON) -m ops test

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

bench: setup ## cost of a preview against bare resources
	@$(PYTHON) -m bench.noop
