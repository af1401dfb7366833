# Everything that is done with this project, each in one word. `make` lists them.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STATIC := src/lighed/report/static/vendor
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check fix assets browser lock pictures handbook wheel bench attack test-spark clean

help:  ## list what can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(VENV)/ready assets  ## set everything up, build the demo and serve it
	$(BIN)/lighed demo

test: $(VENV)/ready-dev assets browser  ## set everything up and run every test
	$(BIN)/lighed check
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

check: $(VENV)/ready-dev  ## change nothing and say everything: style, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/ready-dev  ## change everything that can be mended by itself
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

assets: $(STATIC)/vega.js node_modules/axe-core  ## fetch the design system and write the chart bundle

browser:  ## see to it that Chromium is there for the tests of the pages
	@scripts/browser.sh

test-spark: $(VENV)/ready-spark  ## run the tests of the engines on a local Spark (needs Java 17)
	$(BIN)/python -m pytest -m spark --override-ini addopts="--strict-markers -q" tests/spark

attack: $(VENV)/ready-dev assets  ## attack what comes in and what goes out, and kill 200 loads and 200 builds (an hour)
	LIGHED_KILLS=200 $(BIN)/python -m pytest tests/attacks

bench: $(VENV)/ready-dev assets  ## measure: prints the tables of benchmarks/
	for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script || exit 1; done

pictures: $(VENV)/ready-dev assets browser  ## take the pictures of the README from the demo
	$(BIN)/lighed demo --no-serve
	$(BIN)/python scripts/pictures.py

handbook: $(VENV)/ready-dev  ## write the handbook of methods from the statistics and their texts
	$(BIN)/python scripts/handbook.py

wheel: $(VENV)/ready-dev assets  ## build the wheel, install it by itself and ask it for its help
	rm -rf dist && $(BIN)/uv build --wheel --no-build-isolation --python $(BIN)/python --quiet
	scripts/wheel.sh

lock: $(VENV)/ready-dev  ## choose the newest versions that pyproject.toml allows, with hashes and without addresses
	$(LOCK) --group build --upgrade --output-file requirements.lock
	$(LOCK) --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group build --group dev --extra spark --constraint requirements-dev.lock --output-file requirements-spark.lock

clean:  ## delete all that was made
	rm -rf $(VENV) node_modules dist demo $(STATIC)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Lighed needs Python 3.11 or newer; none was found."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/ready-dev: requirements-dev.lock $(VENV)/ready
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/ready-spark: requirements-spark.lock $(VENV)/ready-dev
	$(PIP) --require-hashes -r requirements-spark.lock
	touch $@

node_modules/axe-core: package-lock.json package.json
	npm ci --ignore-scripts --silent
	touch $@

$(STATIC)/vega.js: $(VENV)/ready node_modules/axe-core scripts/assets.py
	$(BIN)/python scripts/assets.py
