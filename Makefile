# Two commands: `make bench` measures, `make test` tests. Both make .venv by themselves.
# Needed: Python >= 3.11 and make. uv is used where it is installed; a C compiler comes from PyPI (ziglang).
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# The GPU rung's packages are installed only where an NVIDIA driver is loaded.
COMMA := ,
GPU := $(if $(wildcard /proc/driver/nvidia/version /dev/nvidiactl),$(COMMA)gpu)
RUN_EXTRAS := [pywasm,grpc$(GPU)]
DEV_EXTRAS := [dev$(GPU)]
REQUIREMENTS := pyproject.toml constraints.txt
LATEST = $$(ls -t results/*.jsonl 2>/dev/null | head -n 1)

.PHONY: help bench test check lint types build report clean tidy

help: ## print this list
	@$(PYTHON) -c "import re, pathlib; [print(f'make {m[1]:8}{m[2]}') for m in re.finditer(r'^(\w+):.*?## (.*)', pathlib.Path('Makefile').read_text(), re.M)]"

bench: $(VENV)/run.stamp ## measure every rung and print the table; ARGS='--profile full' passes options on
	@$(BIN)/ffi-spectrum bench $(ARGS)

test: $(VENV)/dev.stamp ## run the tests; ARGS='-k "wasm and crc32"' picks some
	@$(BIN)/python -m pytest $(ARGS)

check: lint types ## what CI runs: lint, types, tests, and nothing left uncommitted
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory tidy

lint: $(VENV)/dev.stamp
	@echo "lint: ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	@echo "types: mypy --strict"
	@$(BIN)/mypy harness/ffi_spectrum tests tools

tidy:
	@if [ -n "$$(git status --porcelain)" ]; then \
	  echo "check: the tree has uncommitted changes; commit them or remove them:"; git status --short; exit 1; fi

build: $(VENV)/run.stamp ## compile everything that the rungs need, and print what was made
	@$(BIN)/ffi-spectrum build $(ARGS)

report: $(VENV)/run.stamp ## write the latest results as results/report.html
	@file="$(LATEST)"; if [ -z "$$file" ]; then echo "report: no results yet; run \`make bench\` first"; exit 1; fi; \
	$(BIN)/ffi-spectrum report "$$file" --out results/report.html

clean: ## remove .venv, caches of tools and results of builds (results/ stays)
	@if [ -x $(BIN)/ffi-spectrum ]; then $(BIN)/ffi-spectrum cache --clear; fi
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) tools/make_venv.py $(VENV)

$(VENV)/run.stamp: $(REQUIREMENTS) | $(VENV)/bin/python
	@$(PYTHON) tools/make_venv.py $(VENV) --install '.$(RUN_EXTRAS)'
	@touch $@

$(VENV)/dev.stamp: $(REQUIREMENTS) | $(VENV)/bin/python
	@$(PYTHON) tools/make_venv.py $(VENV) --install '.$(DEV_EXTRAS)'
	@touch $@ $(VENV)/run.stamp
