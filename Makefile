# The way in. `make help` lists what a person runs; the work is done by ops/ and local/setup/.
STACK ?= local
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup has-engine up down preview previews adopt drift health releases backups offsite drill rollback restore state-recover tenant-new site-backup site-restore env test check static unit format bench scorecard

# A recipe's exit code never leaves make, which ends with 2. Those whose code is an answer make
# itself becomes (local/setup/make_exec.c), unless it only shows them (-n) or has more to do.
ANSWERS := up down preview adopt drift health drill rollback restore state-recover site-restore
ifneq (,$(and $(filter load,$(.FEATURES)),$(filter $(ANSWERS),$(MAKECMDGOALS))))
-load .estate/make_exec.so
.estate/make_exec.so: local/setup/make_exec.c
	@local/setup/run make_exec || rm -f $@
endif
only_shows = $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))
becomes = $(and $(filter %/make_exec.so,$(.LOADED)),$(filter 1,$(words $(MAKECMDGOALS))),$(if $(only_shows),,yes))
become = $(if $(becomes),$(exec $(1)),$(1))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing on this machine
	@local/setup/run

has-engine:
	@local/setup/run python engine plugins

up: setup ## bring stack STACK (default local) to what its file says
	@$(call become,$(PYTHON) -m ops up $(STACK))

down: setup ## take stack STACK away; asks before data goes (FORCE=1 does not ask)
	@$(call become,$(PYTHON) -m ops down $(STACK) $(if $(FORCE),--force))

preview: has-engine ## what `make up STACK=…` would do; reaches no ssh host (DIFF=1 MARKDOWN=1 JSON=1)
	@$(call become,$(PYTHON) -m ops preview $(STACK) $(if $(DIFF),--diff) $(if $(MARKDOWN),--markdown) \
	  $(if $(JSON),--json))

previews: setup ## the reports of typical changes in docs/previews, made anew
	@$(PYTHON) -m tests.preview.examples

adopt: setup ## take what runs already into STACK: DRY=1 shows what differs; FORCE=1
	@$(call become,$(PYTHON) -m ops adopt $(STACK) $(if $(DRY),--dry) $(if $(FORCE),--force))

drift: has-engine ## compare reality with STACK: 0 none, 7 drift, other: could not look (JSON=1 ANNOUNCE=1)
	@$(call become,$(PYTHON) -m ops drift $(STACK) $(if $(JSON),--json) $(if $(ANNOUNCE),--announce))

health: has-engine ## addresses of stack STACK, and the thresholds of the runbooks: 8 is an alert, other: could not look
	@$(call become,$(PYTHON) -m ops health $(STACK))

releases: has-engine ## what was released on STACK, when, by whom, with what end (APP=… JSON=1)
	@$(PYTHON) -m ops releases $(STACK) $(APP:%=--app %) $(if $(JSON),--json)

backups: has-engine ## the proven copies of STACK (APP=… JSON=1); SAVE=file, LOAD=file or LOAD=s3 moves them
	@$(PYTHON) -m ops backups $(STACK) $(APP:%=--app %) $(if $(JSON),--json) \
	  $(SAVE:%=--save %) $(LOAD:%=--load %) $(if $(LOAD),$(FROM:%=--from %)) $(if $(FORCE),--force)

offsite: has-engine ## bring the backups of STACK off its machines now (APP=…), and list; LIST=1 only lists
	@$(PYTHON) -m ops offsite $(STACK) $(APP:%=--app %) $(if $(LIST),--list) $(if $(FORCE),--force)

drill: has-engine ## restore the newest copies of one application of STACK aside and compare (APP=…)
	@$(call become,$(PYTHON) -m ops drill $(STACK) $(APP:%=--app %))

rollback: setup ## back to the release before: APP=…; TO=release DATA=1 DRY=1 FORCE=1
	@$(call become,$(PYTHON) -m ops rollback $(STACK) $(APP:%=--app %) $(TO:%=--to %) \
	  $(if $(DATA),--data) $(if $(DRY),--dry) $(if $(FORCE),--force))

restore: setup ## an older copy under the same release: APP=… FROM=latest|file; DRY=1 FORCE=1
	@$(call become,$(PYTHON) -m ops restore $(STACK) $(APP:%=--app %) $(FROM:%=--from %) \
	  $(if $(DRY),--dry) $(if $(FORCE),--force))

state-recover: setup ## a broken or lost state of STACK anew: from a copy (FROM=…), else from what runs
	@$(call become,$(PYTHON) -m ops state-recover $(STACK) $(FROM:%=--from %) $(if $(FORCE),--force))

tenant-new: has-engine ## a new customer of the ERP into the stack file, and a preview: NAME=…; DRY=1
	@$(PYTHON) -m ops tenant-new $(STACK) $(NAME:%=--name %) $(if $(DRY),--dry)

site-backup: setup ## a copy of each site of the ERP now, or of one: TENANT=…
	@$(PYTHON) -m ops site-backup $(STACK) $(TENANT:%=--tenant %)

site-restore: setup ## a customer's site from a copy: TENANT=… FROM=latest|file; TO=… DRY=1 FORCE=1
	@$(call become,$(PYTHON) -m ops site-restore $(STACK) $(TENANT:%=--tenant %) $(FROM:%=--from %) \
	  $(TO:%=--to %) $(if $(DRY),--dry) $(if $(FORCE),--force))

env: ## the export lines with which plain `pulumi …` works here
	@mkdir -p .estate
	@local/setup/run python engine plugins >.estate/env.log 2>&1 || { cat .estate/env.log >&2; exit 1; }
	@$(PYTHON) -m ops env

test: setup check ## every kind of test, on the real engine and a real Swarm
	@local/setup/run tests
	@$(PYTHON) -m ops test

scorecard: setup ## every fault under load and all that is long, hours; writes docs/scorecard.md
	@local/setup/run tests
	@$(PYTHON) -m ops test -- tests/faults tests -v -m 'fault or long' --scorecard docs/scorecard.md

check: ## the fast part: format, lint, types, layers, unit tests
	@local/setup/run python lint
	@$(MAKE) -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) static unit

static:
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache >/dev/null || .venv/bin/lint-imports --no-cache
	.estate/bin/actionlint -shellcheck= -pyflakes=
	.venv/bin/zizmor --offline --quiet .github >/dev/null || .venv/bin/zizmor --offline .github

unit:
	$(PYTHON) -m pytest tests/unit -q -n auto

format: ## rewrite the sources the way `make check` wants them
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: setup ## cost of a preview against bare resources, of a release to users, of looking for drift
	@$(PYTHON) -m bench.noop
	@$(PYTHON) -m bench.release
	@$(PYTHON) -m bench.drift
	@$(PYTHON) -m bench.growth
