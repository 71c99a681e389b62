# Python 3.11 or newer, make and git are all that a fresh machine needs. `make help` lists the targets.

SHELL := /bin/sh
PYTHON := .venv/bin/python
ARGS ?=
export PATH := $(CURDIR)/.venv/bin:$(PATH)

COMPILE := uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint format bench compose-check audit requirements clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.dev ## install everything that running, testing and checking take

# Each list has a stamp: nothing is installed again until the list changes.
.venv/.run: requirements.txt requirements-dev.txt scripts/install.sh
	@sh scripts/install.sh requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt scripts/install.sh
	@sh scripts/install.sh requirements-dev.txt
	@touch $@ .venv/.run

run: .venv/.run ## run the whole platform in one process on SQLite, with demo accounts and agents (Ctrl-C stops it)
	@exec $(PYTHON) manage.py run $(ARGS)

demo: ARGS = --tasks 60 --review
demo: .venv/.run ## send digits through the platform that runs, or one of its own (ARGS="--tasks 300 --review", ARGS="--learn")
	@exec $(PYTHON) manage.py demo $(ARGS)

test: .venv/.dev ## run the tests on SQLite, then on PostgreSQL and Redis where they answer (ARGS="-k name")
	@$(PYTHON) scripts/run_tests.py $(ARGS)

lint: .venv/.dev ## check style, types, layers, templates, migrations, deployment settings and manifests
	@sh scripts/lint.sh

format: .venv/.dev ## put imports and layout in order
	@ruff check --quiet --fix-only .
	@ruff format .

bench: .venv/.dev ## measure speed (ARGS are handed on)
	@exec $(PYTHON) -m bench $(ARGS)

compose-check: .venv/.dev ## check docker-compose.yml, run what it starts without Docker, and send tasks through it
	@$(PYTHON) scripts/compose_check.py $(ARGS)

audit: .venv/.dev ## look the pinned packages up in the advisory database
	@pip-audit --strict --disable-pip --require-hashes --requirement requirements-dev.txt $(ARGS)

requirements: .venv/.dev ## compile requirements*.in into requirements*.txt (ARGS=--upgrade takes newer versions)
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean: ## remove the environment and all caches; the embedded server's data in var/ stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
