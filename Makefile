# make run    environment + pipeline on the built-in sample, report in outputs/latest/report.html
# make test   environment + test suite
# make bench  our figures beside those of others; make bench-etl, bench-als, bench-eval: one of them
# make lab    JupyterLab on notebooks/explorer.ipynb
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# What is installed, a stamp each: ready-run is the package alone; each of the others adds extras.
STAMP  := $(VENV)/.ready
SHELL  := /bin/bash
# Files of tests in parallel, one process per core.
SIDE_BY_SIDE := -n logical --maxprocesses=8
# Modules are compiled once and not by every process, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-all lint bench lab serve clean
run: $(STAMP)-run
	$(BIN)/python run_pipeline.py $(ARGS)

test: $(STAMP)-dev
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow and not browser"

test-all: $(STAMP)-dev
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

lint: $(STAMP)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(STAMP)-dev
	$(BIN)/python benchmarks/bench_pipeline.py
	$(BIN)/python benchmarks/bench_etl.py
	$(BIN)/python benchmarks/bench_als.py
	$(BIN)/python benchmarks/bench_export.py
	$(BIN)/python benchmarks/bench_embed.py
	$(BIN)/python benchmarks/bench_search.py
	$(BIN)/python benchmarks/bench_eval.py
	$(BIN)/python benchmarks/bench_serve.py
	$(BIN)/python benchmarks/bench_reference.py

bench-%: $(STAMP)-dev
	$(BIN)/python benchmarks/bench_$*.py

lab: $(STAMP)-lab
	$(BIN)/jupyter lab notebooks/explorer.ipynb

serve: $(STAMP)-api
	$(BIN)/recsys serve

$(STAMP)-run: EXTRAS =
$(STAMP)-lab: EXTRAS = [lab]
$(STAMP)-api: EXTRAS = [api]
$(STAMP)-dev: EXTRAS = [api,lab,dev]
# pip's own progress bars vanish in a pipe, and without one it prints a thousand lines.
$(STAMP)-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing recsys-lib$(EXTRAS) into $(VENV)'
	@set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off \
		-c constraints.txt -e '.$(EXTRAS)' | sed -unE \
		-e 's/^ *(Downloading|Using cached) ([^ ]*\/)?([^- ]+)-([^-]+)-[^ ]* (\(.*[MG]B\))$$/  \3 \4 \5/p' \
		-e 's/^Installing collected packages: .*/  unpacking: a minute or two/p'
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
