# make run     set everything up and conduct a real pull request (REPO=path BASE=rev HEAD=rev; default: the last commit here)
# make test    set everything up and run the tests
# make lint    style, types, import contracts, dependencies, the policies under the real OPA, and the wheel
# make help    every target

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
CACHE := $(or $(MAESTRO_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/maestro)
OPA_VERSION := v1.22.2
OPA := $(or $(MAESTRO_OPA),$(shell command -v opa),$(CACHE)/bin/opa)
REPO ?= .
HEAD ?= HEAD
BASE ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint test-outside test-projects test-clusters test-forge gitea test-drill drill temporal-server histories screenshots benchmark benchmark-failover constraints clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/uv.done:
	@test -n "$(PYTHON)" || { echo "maestro needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3.11"; exit 3; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "this Python cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)"; exit 3; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@touch $@

# Compiled once here, or each of a stack's processes compiles half a thousand modules at its first start.
$(VENV)/run.done: $(VENV)/uv.done pyproject.toml constraints.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable .
	@$(BIN)/python -m compileall -q maestro workflows activities workers gateway
	@touch $@

$(VENV)/dev.done: $(VENV)/run.done
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/run.done ## conduct a pull request: REPO=path BASE=rev HEAD=rev
	@$(BIN)/maestro run --repo "$(REPO)" --head "$(HEAD)" $(if $(BASE),--base "$(BASE)")

# Most of the time they wait for servers, so a process more than there are processors does no harm.
test: $(VENV)/dev.done ## every test but those of tests/outside (make lint, make test-outside), tests/projects, tests/clusters and tests/forge
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile

lint: $(VENV)/dev.done $(OPA) ## style, types, import contracts, dependencies, policies under the real OPA, the wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	MAESTRO_OPA=$(OPA) $(BIN)/python -m pytest $(addprefix tests/outside/,$(LINTED))

# What make lint runs of the tests against programs that we did not write; the others are for make test-outside.
LINTED := test_policies_against_opa.py test_wheel.py

test-outside: $(VENV)/dev.done ## our evidence under verifiers that others wrote; cosign and slsa-verifier are built once (minutes; needs Go)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,pkcs11]'
	@$(BIN)/python -m tests.outside.tools
	$(BIN)/python -m pytest tests/outside $(foreach test,$(LINTED),--ignore tests/outside/$(test))

# The policy engine in process is not OPA; this is the real one, to hold it against. Built once, where none is given.
$(CACHE)/bin/opa:
	@command -v go >/dev/null || { echo "make lint needs the opa command: put it on the PATH, name it in MAESTRO_OPA, or install Go so that $(OPA_VERSION) can be built"; exit 3; }
	GOBIN=$(CACHE)/bin go install github.com/open-policy-agent/opa@$(OPA_VERSION)

test-projects: $(VENV)/dev.done ## conduct real changes of three public projects, green and red
	$(BIN)/python -m pytest tests/projects -s

# Looks for the server first, and builds it into the cache folder where it is nowhere.
temporal-server: $(VENV)/run.done ## the full Temporal server for joined clusters, built once (minutes; needs Go)
	@$(BIN)/python -m workers.clusters.binary

test-drill: $(VENV)/dev.done temporal-server ## the quick drill: two real Temporal clusters under twenty faults
	$(BIN)/python -m pytest tests/clusters/test_drill.py

SEED ?= 1
FAULTS ?= 500
drill: $(VENV)/dev.done temporal-server ## the long drill: FAULTS=500 SEED=1, with a report (about 20 minutes)
	$(BIN)/maestro regions drill --faults $(FAULTS) --seed $(SEED) --report drill-$(SEED).html

test-clusters: $(VENV)/dev.done temporal-server ## two real Temporal clusters, joined
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,clusters]'
	$(BIN)/python -m pytest tests/clusters

gitea: $(VENV)/dev.done ## the Gitea of the tests, built once (a quarter of an hour; needs Go)
	@$(BIN)/python -m tests.forge.server

test-forge: $(VENV)/dev.done gitea ## forges end to end: a real Gitea, browsers at it, a bare repository that is pushed to
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,browser]'
	$(BIN)/python -m pytest tests/forge

histories: $(VENV)/dev.done ## record workflow histories for the replay tests
	$(BIN)/python -m tests.histories.record

screenshots: $(VENV)/dev.done ## the pictures of the README, from a running stack (needs Chromium)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,screenshots]'
	$(BIN)/python -m docs.screenshots

benchmark: $(VENV)/dev.done ## what is measured, each with its floor in the same run (minutes)
	$(BIN)/python -m benchmarks.orchestration
	$(BIN)/python -m benchmarks.ten_thousand
	$(BIN)/python -m benchmarks.impact
	$(BIN)/python -m benchmarks.effects
	$(BIN)/python -m benchmarks.controls
	$(BIN)/python -m benchmarks.evidence_bundles
	$(BIN)/python -m benchmarks.gateway

benchmark-failover: $(VENV)/dev.done temporal-server ## how long work stands still when a region is lost (8 minutes)
	$(BIN)/python -m benchmarks.failover

constraints: $(VENV)/uv.done ## pin again what pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file constraints.txt

clean: ## remove the environment (state and caches outside the checkout stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
