# The commands of this project. Each sets up what it needs in .venv; nothing global.
# Another interpreter: `make test PYTHON=python3.13 VENV=.venv-3.13`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell git ls-files '*.py' '*.j2' 2>/dev/null)

# Compiled modules are kept, aside: without them each of the many processes of the tests compiles them again.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(abspath $(VENV))/pycache

# Known vulnerabilities of the pinned versions; left out without the tool or a network, so that neither fails a build.
AUDIT := if ! command -v pip-audit >/dev/null; then echo "pip-audit is not installed: left out"; \
	elif ! $(BIN)/python -c 'import socket; socket.create_connection(("pypi.org", 443), 2)' 2>/dev/null; \
	then echo "pip-audit: PyPI cannot be reached: left out"; \
	else found=$$(timeout 60 pip-audit --progress-spinner off --disable-pip --no-deps -r constraints.txt 2>&1); \
	printf '%s\n' "$$found"; case $$found in *"Found "*"known vulnerabilit"*) exit 1;; esac; fi

.PHONY: demo test test-all test-fast coverage lint measure bench docs site clean

demo: $(VENV)/installed  ## an estate applied by its seed to a simulated controller; a service taken to production; KEEP=1: a web console
	@$(BIN)/python examples/demo.py
	@$(BIN)/python examples/service_demo.py
	@if [ -n "$(KEEP)" ]; then $(BIN)/python examples/console_demo.py; fi

test: $(VENV)/installed  ## the test suite: every kind of test, a share of the sweeps
	$(BIN)/pytest -n auto -m 'not thorough'

test-all: $(VENV)/installed  ## everything: each fault at each call, longer property and mutation tests, all builds
	HYPOTHESIS_PROFILE=thorough DELIVERY_FAULTS=all JOBDSL_FUZZ=10000 $(BIN)/pytest -n auto

test-fast: $(VENV)/installed  ## without faults, real builds and many processes
	$(BIN)/pytest -n auto -m 'not slow and not thorough'

coverage: $(VENV)/installed  ## the lines that the fast tests run; fails below the floor
	$(BIN)/pytest -n auto -m 'not slow and not thorough' --cov --cov-report=term:skip-covered

lint: $(VENV)/installed  ## style, format, types, layers, limits of words and names
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache >$(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }
	@$(BIN)/python .ci/measure.py --check
	@$(AUDIT)

measure: $(VENV)/installed  ## words, names, circles and calls, beside their limits
	@$(BIN)/python .ci/measure.py

bench: $(VENV)/installed  ## the figures the README claims, beside a floor or a peer
	@$(BIN)/python -m benchmarks

docs: $(VENV)/installed  ## what the documents say of commands and elements, brought up to date
	$(BIN)/python docs/generate.py

site: $(VENV)/installed  ## the documentation as a site with a search, its links checked, in build/site
	@$(BIN)/python docs/build_site.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
