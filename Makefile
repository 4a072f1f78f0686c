# make run    environment + pipeline on the built-in sample, report in outputs/latest/report.html
# make test   environment + test suite
# make bench  our figures beside those of others; make bench-etl, bench-als, bench-eval: one of them
# make lab    JupyterLab on notebooks/explorer.ipynb
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Files of tests in parallel, one process per core.
SIDE_BY_SIDE := -n logical --maxprocesses=8
# Modules are compiled once and not by every process, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-all lint bench lab serve clean
run: $(READY)
	$(BIN)/python run_pipeline.py $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow and not browser"

test-all: $(READY)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(READY)
	$(BIN)/python benchmarks/bench_pipeline.py
	$(BIN)/python benchmarks/bench_etl.py
	$(BIN)/python benchmarks/bench_als.py
	$(BIN)/python benchmarks/bench_export.py
	$(BIN)/python benchmarks/bench_embed.py
	$(BIN)/python benchmarks/bench_search.py
	$(BIN)/python benchmarks/bench_eval.py
	$(BIN)/python run_pipeline.py --quiet
	$(BIN)/python benchmarks/bench_serve.py

bench-%: $(READY)
	$(BIN)/python benchmarks/bench_$*.py

lab: $(READY)
	$(BIN)/jupyter lab notebooks/explorer.ipynb

serve: $(READY)
	$(BIN)/recsys serve

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV): a few minutes the first time'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[api,lab,dev]'
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
