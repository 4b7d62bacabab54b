# All that is needed is Python 3.11 to 3.13, make and a package index.
SHELL := /bin/sh
PY := .venv/bin/python
PYTEST_WORKERS ?= 2
# Bytecode made once saves seconds at every start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types contracts unit bench reset schema changes lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## make .venv and install the locked dependencies
	@sh .ci/setup

demo: setup ## run everything on this machine with the demo catalogue (PORT=… chooses the port)
	@exec $(PY) manage.py demo $(if $(PORT),--port $(PORT))

test: setup lint types contracts unit ## everything that must hold before work is handed in

lint: setup ## style and formatting
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .

types: setup ## static types, strict in the numeric code
	@$(PY) -m mypy

contracts: setup ## which module may import which
	@.venv/bin/lint-imports --no-logo

unit: setup ## the tests, on real servers of their own (ARGS=… goes to pytest)
	@$(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadgroup $(ARGS)

bench: setup ## a benchmark on servers of its own (NAME=… which, ARGS=… its options; without NAME: which there are)
	@$(PY) -m tests.benchmarks $(or $(NAME),--help) $(ARGS)

reset: setup ## delete the demo's data, secrets and models
	@$(PY) manage.py reset --yes

schema: setup ## print the GraphQL schema into bingeboard/schema.graphql
	@$(PY) manage.py export_schema bingeboard.schema:schema --path bingeboard/schema.graphql

changes: setup ## what breaks clients since a schema (SINCE=FILE; the last release's where left out)
	@$(PY) -m bingeboard.graphql.changes $(or $(SINCE),tests/released.graphql)

lock: setup ## resolve the dependencies anew into requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev --upgrade pyproject.toml -o requirements.lock
