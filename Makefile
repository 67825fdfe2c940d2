# Everything a developer or a CI machine does with firmline. `make help` lists it.
#
# `setup` builds $(VENV) from requirements.txt (every package with its hash); all other targets
# stand on it. Only a Python >= 3.11 with venv, and make, have to be there before.
#
#   make test PYTHON=/path/to/python3.13     another Python: $(VENV) is built anew with it
#   make test VENV=.venv-3.13 PYTHON=...     another Python beside the first

CANDIDATES := python3.13 python3.12 python3.11 python3
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
# The first that really runs: a name on PATH may be an empty shim.
PYTHON ?= $(shell for python in $(CANDIDATES); do \
	"$$python" -c '$(USABLE)' >/dev/null 2>&1 && { echo "$$python"; break; }; done)

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= auto
PYTEST_ARGS ?=
SECONDS ?= 30
KILLS ?= 20
CENTRAL_SECONDS ?= 60
FUZZ_SEED ?= $(shell date +%s)
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

# Settings of the caller's shell that would install elsewhere or import something else.
unexport PIP_CONSTRAINT PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
# Without kept bytecode every program that a test starts is compiled anew: minutes, in all.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip -qq

# A PYTHON that was asked for, and is not the one in $(VENV), builds $(VENV) anew.
VERSION_OF := -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null
ifneq ($(filter command environment,$(origin PYTHON)),)
  ifneq ($(wildcard $(BIN)/python),)
    ifneq ($(shell $(PYTHON) $(VERSION_OF)),$(shell $(BIN)/python $(VERSION_OF)))
      OTHER_PYTHON := another-python
    endif
  endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check format lint types layers quick coverage docs bench speed fuzz nrfutil lock fix \
	changelog clean version another-python

help:  ## what there is to make
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r name what; do printf '  %-16s %s\n' "$$name" "$$what"; done

setup: $(STAMP)  ## build .venv from the pinned requirements (once)

$(STAMP): requirements.txt pyproject.toml $(OTHER_PYTHON)
	@"$(PYTHON)" -c '$(USABLE)' 2>/dev/null || { \
		echo "firmline needs Python 3.11 or newer with venv: install python3 and python3-venv, or name one with PYTHON=/path/to/python3." >&2; \
		exit 1; }
	@if [ -n "$(OTHER_PYTHON)" ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "setup: $(VENV) with $$("$(PYTHON)" --version)"; \
		"$(PYTHON)" -m venv --clear $(VENV); fi
	@echo "setup: requirements.txt, hashes checked"
	@$(PIP) install --require-hashes -r requirements.txt
	@echo "setup: firmline itself, editable"
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## a shift at a production line: 40 virtual units in 8 slots, with a live page
	@$(BIN)/firmline demo

test: $(STAMP)  ## the whole suite
	@$(PYTEST) $(PYTEST_ARGS)

check: format lint types layers quick  ## format, lint, types, layers, quick tests

format: $(STAMP)
	@$(BIN)/ruff format --check --quiet . && echo "format: as ruff writes it"

lint: $(STAMP)
	@$(BIN)/ruff check --quiet . && echo "lint: clean"

types: $(STAMP)
	@$(BIN)/mypy --no-error-summary && echo "types: mypy --strict is content"

layers: $(STAMP)
	@$(BIN)/lint-imports --no-cache >$(VENV)/layers.log 2>&1 && echo "layers: all contracts kept" \
		|| { cat $(VENV)/layers.log; exit 1; }

quick: $(STAMP)  ## the tests without the slow ones, and with fewer drawn examples
	@HYPOTHESIS_PROFILE=quick $(PYTEST) -m "not slow" $(PYTEST_ARGS)

coverage: $(STAMP)  ## the whole suite with branch coverage
	@$(PYTEST) --cov --cov-report=term-missing $(PYTEST_ARGS)

fix: $(STAMP)  ## format and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

docs: $(STAMP)  ## build the site into site/; nothing in it asks the network
	@$(BIN)/python tools/errors_page.py
	@$(BIN)/python tools/diagnosis_pages.py
	@$(BIN)/python tools/faults_page.py
	@$(BIN)/python tools/softdevices_page.py
	@$(BIN)/python tools/lint_page.py
	@$(BIN)/python tools/recipe_page.py
	@$(BIN)/python tools/traces_page.py
	@$(BIN)/zensical build --clean --strict >$(VENV)/docs.log 2>&1 || { cat $(VENV)/docs.log; exit 1; }
	@$(BIN)/python tools/offline_site.py site

# KILLS kills of a line at random, and a centre for CENTRAL_SECONDS; `make bench KILLS=50` does more.
bench: $(STAMP)  ## speed and size beside their targets
	@PYTHONPATH=tests KILLS=$(KILLS) CENTRAL_SECONDS=$(CENTRAL_SECONDS) $(BIN)/python -m bench.run

# Every update of the page is run again, in virtual time: a minute or two.
speed: $(STAMP)  ## run the updates of docs/reference/speed.md, and write that page anew
	@PYTHONPATH=tests $(BIN)/python tools/speed_page.py

# A seed that is new each time finds more; FUZZ_SEED repeats one (it is printed first).
fuzz: $(STAMP)  ## random sessions against virtual units and hostile files, SECONDS long
	@PYTHONPATH=tests $(BIN)/python -m fuzz.run --seconds $(SECONDS) --seed $(FUZZ_SEED)

# A peer for the tests, never a dependency: it runs on Python 3.10 and no newer one.
nrfutil:  ## pc-nrfutil 6.1.7 into .nrfutil, for the tests in which it updates our units
	@for python in python3.10 $(wildcard $(HOME)/.pyenv/versions/3.10*/bin/python3.10); do \
		"$$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || continue; \
		"$$python" -m venv .nrfutil && .nrfutil/bin/python -m pip -q install nrfutil==6.1.7 \
			2>.nrfutil/install.log && exec .nrfutil/bin/nrfutil version; \
	done; echo "nrfutil: it could not be installed; it needs a Python 3.10" >&2; exit 1

# Existing pins stay; `make lock UPGRADE=1` takes the newest of everything.
lock: $(STAMP)  ## write requirements.txt from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--all-extras --group dev $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt >/dev/null
	@echo "lock: $$(grep -c == requirements.txt) pins in requirements.txt"

version: $(STAMP)
	@$(BIN)/python --version

changelog: $(STAMP)  ## what the next release will say
	@$(BIN)/towncrier build --draft

clean:  ## remove everything that was built
	@rm -rf .venv .venv-* .nrfutil site dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
