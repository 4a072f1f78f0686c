# make run    environment + pipeline on the built-in sample, report in outputs/latest/report.html
# make test   environment + test suite
# make bench  our figures beside those of others; make bench-etl, bench-als, bench-eval: one of them
# make lab    JupyterLab on notebooks/explorer.ipynb
# make app    the explorer as a page of its own, on this computer only
# make docs   the documentation as a site in outputs/docs/
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

.PHONY: run test test-all lint bench bench-loop lab app docs serve clean
run: $(STAMP)-run
	$(BIN)/python run_pipeline.py $(ARGS)

test: $(STAMP)-dev
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow and not browser and not spark"

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
	$(BIN)/python benchmarks/bench_index.py
	$(BIN)/python benchmarks/bench_eval.py
	$(BIN)/python benchmarks/bench_serve.py
	$(BIN)/python benchmarks/bench_users.py
	$(BIN)/python benchmarks/bench_loop.py
	$(BIN)/python benchmarks/bench_update.py
	$(BIN)/python benchmarks/bench_explorer.py
	$(BIN)/python benchmarks/bench_reference.py
	$(BIN)/python benchmarks/bench_growth.py
	$(BIN)/python benchmarks/bench_spark.py

bench-loop: $(STAMP)-dev
	$(BIN)/python benchmarks/bench_loop.py
	$(BIN)/python benchmarks/bench_update.py

bench-%: $(STAMP)-dev
	$(BIN)/python benchmarks/bench_$*.py

lab: $(STAMP)-lab
	$(BIN)/jupyter lab notebooks/explorer.ipynb

# Others on the network cannot see it. With ?theme=dark in its address it is dark.
app: $(STAMP)-app
	JUPYTER_PATH=recsys_lib/widgets/share $(BIN)/voila notebooks/explorer.ipynb \
		--Voila.ip=127.0.0.1 --template=explorer --VoilaConfiguration.allow_theme_override=YES $(ARGS)

docs: $(STAMP)-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file .ci/mkdocs.yml
	@echo 'The documentation is outputs/docs/index.html'

serve: $(STAMP)-api
	$(BIN)/recsys serve

$(STAMP)-run: EXTRAS =
$(STAMP)-lab: EXTRAS = [lab]
$(STAMP)-app: EXTRAS = [app]
$(STAMP)-api: EXTRAS = [api]
$(STAMP)-docs: EXTRAS = [docs]
$(STAMP)-dev: EXTRAS = [api,lab,dev]
$(STAMP)-%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || { echo 'Making $(VENV)' && $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -I .ci/install.py $(EXTRAS)
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
