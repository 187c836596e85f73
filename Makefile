# Every command there is. `make` alone explains them; each sets up what it needs by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A file and store stay in one process (tests/conftest.py). `make test TESTS=tests/house` runs a part, `STORE=sqlite` one store.
TESTS ?= tests
STORE ?=
PYTEST_OPTIONS ?= -n 3 --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup demo serve format lint types layers test check chaos bench lock changelog docs clean

help: ## Explain the targets (what `make` alone does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock, with romaport in it

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "romaport needs Python 3.11 or later; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Export, follow, download and import a sample on a server of its own
	$(BIN)/romaport demo

serve: $(READY) ## Serve until Ctrl-C; state is kept in romaport-data/
	$(BIN)/romaport serve

format: $(READY) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: $(READY) types layers ## Check format, lint, types and the direction of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(READY) ## Check types (mypy, strict)
	$(BIN)/mypy

layers: $(READY) ## Check who imports whom
	$(BIN)/lint-imports

test: $(READY) ## Run the tests on both stores; TESTS=tests/house runs a part, STORE=sqlite those of one store
	$(BIN)/pytest $(PYTEST_OPTIONS) $(STORE:%=--store=%) $(TESTS)

check: lint ## Lint, then test: what a change must pass
	$(MAKE) --no-print-directory test

chaos: $(READY) ## Harm a cluster for ten minutes, and find nothing lost or doubled
	$(BIN)/python -m tests.chaos $(CHAOS)

bench: $(READY) ## Measure, each figure against a limit of the same run
	$(BIN)/python -m benchmarks $(ONLY)

lock: $(READY) ## Pin versions anew, with hashes, naming no registry
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --all-extras --strip-extras --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.lock pyproject.toml

changelog: $(READY) ## Write the unreleased part of CHANGELOG.md from changes/
	$(BIN)/python -m docs.changelog

docs: $(READY) ## Write docs/reference from the code
	$(BIN)/python -m docs.generate

clean: ## Remove what was made, but not romaport-data/
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
