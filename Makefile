# `make run` starts the product, `make test` checks it.
# Needs only python3 (3.11 or later); everything is installed into .uv/ and .venv/. The product runs on the
# Python of .python-version, which uv downloads if it is not installed.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

UV := .uv/bin/uv
BIN := .venv/bin
VERSIONS := 3.12 3.13 3.14
READY := .venv/installed

# A company's own certificate authority is only in the system's trust store.
export UV_SYSTEM_CERTS := 1
# Without cached bytecode every process would compile a thousand modules again.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Without .env and an API key, run the demo.
DEMO := test -f .env || test -n "$${STACKONE_API_KEY:-}" || export DESK_DEMO=$${DESK_DEMO-1}

# One process for each core; of the tests that start processes two, as these wait.
CORES := $(shell python3 -c 'import os; print(os.cpu_count() or 1)')
SHARED := pytest --dist loadgroup -n
PYTEST := $(SHARED) $(CORES)
ALL_TESTS := $(SHARED) $$((2 * $(CORES)))
UNIT := -m "not (database or sandbox or processes or browser or slow)"
POSTGRESQL := python -m tests.postgres --
COVERAGE := --cov --cov-report= --cov-fail-under=0

MANAGE := env DESK_DEMO=1 STACKONE_API_KEY= python manage.py
PRODUCTION := env DESK_DEMO= DEBUG= DATABASE_URL= STACKONE_BASE_URL= STACKONE_API_KEY=a-key \
	STACKONE_ACCOUNT_ID=an-account EMAIL_URL=smtps://mail.example \
	SECRET_KEY=$$(python -c 'import secrets; print(secrets.token_urlsafe(50))')

.PHONY: help setup run quick test test-all check scan fuzz fmt lock bench chaos versions

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 14

setup: $(READY) ## install the pinned dependencies into .venv, prepare the database
	@$(DEMO); exec python manage.py prepare

run: $(READY) ## start web server, worker and sandbox LMS at http://127.0.0.1:8000 (PORT= changes it)
	@$(DEMO); exec python -m dashboard.start

quick: $(READY) ## run the unit tests, which use no database, no process and no browser
	env DATABASE_URL= $(PYTEST) $(UNIT)

test: check ## run the checks, the tests on SQLite, their core on PostgreSQL, and one journey in a browser
	@echo; echo "2 of 4: the tests on SQLite"
	env DATABASE_URL= $(PYTEST) -m "not (browser or processes or slow)"
	@echo; echo "3 of 4: the core of the tests on PostgreSQL"
	$(POSTGRESQL) $(PYTEST) -m "core and not slow"
	@echo; echo "4 of 4: one journey in a browser"
	env DATABASE_URL= pytest tests/browser/test_journey.py

test-all: $(READY) ## run every test on both databases and in a browser, and measure the coverage
	rm -f .coverage .coverage.*
	@echo; echo "1 of 2: every test on SQLite"
	env DATABASE_URL= FUZZ_CASES=500 $(ALL_TESTS) $(COVERAGE)
	@echo; echo "2 of 2: every test of the database on PostgreSQL"
	$(POSTGRESQL) $(ALL_TESTS) $(COVERAGE) --cov-append -m "database and not browser"
	coverage report

check: $(READY) scan ## check style, types, import contracts, templates, assets, migrations, deployment settings
	@echo; echo "Static checks"
	ruff format --check .
	ruff check .
	mypy .
	lint-imports
	djlint --check --lint templates
	python -m tests.asset_format --check
	$(MANAGE) makemigrations --check --dry-run
	$(PRODUCTION) python manage.py check --deploy --fail-level WARNING

scan: $(READY) ## scan the dependencies for known vulnerabilities (pip-audit, or the recorded audit)
	python -m tests.advisories

fmt: $(READY) ## format code, templates, stylesheets and scripts
	ruff format .
	ruff check --fix .
	djlint --reformat --quiet templates
	python -m tests.asset_format

lock: $(UV) ## update the pins after a change in pyproject.toml (UPGRADE=--upgrade: newest versions)
	$(LOCK) requirements/app.txt pyproject.toml
	$(LOCK) requirements/dev.txt pyproject.toml --all-extras
	echo uv | $(LOCK) requirements/uv.txt -

bench: $(READY) ## run the benchmarks (LONG=1: all of them); results in bench/results/
	python -m bench $(if $(LONG),--long)

chaos: $(READY) ## kill processes at random under faults, on both databases (ARGS= python -m tests.crash --help)
	python -m tests.crash $(ARGS)

fuzz: $(READY) ## test with inputs that were never tried: 10,000 requests (CASES= number), other properties
	env DATABASE_URL= FUZZ_CASES=$(or $(CASES),10000) HYPOTHESIS_PROFILE=explore $(PYTEST) -m hypothesis

# Of pyenv's interpreters only the selected one is on the PATH.
versions: export PATH := $(PATH):$(subst $() ,:,$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/*/bin))
versions: $(UV) ## run the unit tests on each supported Python that is installed here
	@for version in $(VERSIONS); do \
		if ! interpreter=$$($(UV) python find --system --no-python-downloads $$version 2>/dev/null); then \
			echo "Python $$version is not installed here."; continue; \
		fi; \
		echo "Python $$version: $$interpreter"; venv=.uv/python-$$version; \
		$(UV) venv --quiet --allow-existing --python "$$interpreter" $$venv; \
		$(UV) pip sync --quiet --require-hashes --python $$venv requirements/dev.txt; \
		env DATABASE_URL= $$venv/bin/python -m pytest -q -n $(CORES) $(UNIT); \
	done

LOCK = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.12 $(UPGRADE) \
	--custom-compile-command 'make lock' --output-file

$(UV): requirements/uv.txt
	@python3 -m venv --clear .uv || { rm -rf .uv; echo >&2 "python3 cannot create virtual environments here. \
	Install its venv module (on Debian: apt-get install python3-venv) and try again."; exit 1; }
	.uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(READY): $(UV) .python-version requirements/dev.txt
	$(UV) venv --quiet --allow-existing .venv
	$(UV) pip sync --quiet --require-hashes --python .venv requirements/dev.txt
	@touch $@
