# Two commands matter: `make demo` shows Footnote at work, `make test` proves it. Both install what they need.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
# in the order of collection: the files with few and long tests would else come last, and one process would idle
TESTS_AT_ONCE ?= --numprocesses 2 --dist loadfile --no-loadscope-reorder
# two processes share two cores: more threads in each would only wait for one another
test check: export OMP_NUM_THREADS ?= 1
test check: export FOOTNOTE_THREADS ?= 1
DEV_EXTRAS := train,qdrant,postgres,remote,ocr,eval,dev

.PHONY: setup demo test test-parsers check format bench clean

setup: $(VENV)/.dev  ## everything for development: all extras, torch included

$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Footnote (without torch); the first time takes a minute or two …"
	$(PIP) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	@echo "Installing what the tests need (torch included) …"
	$(PIP) --editable ".[$(DEV_EXTRAS)]"
	touch $@

demo: $(VENV)/.base  ## ONCE=1 ends after printing instead of serving on
	$(BIN)/python -m api.demo $(if $(ONCE),--once)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TESTS_AT_ONCE) $(ARGS)

test-parsers: $(VENV)/.dev  ## 200 drawn documents a format, new ones each time
	FOOTNOTE_TEST_PROFILE=explore FOOTNOTE_TEST_EXAMPLES=200 $(BIN)/python -m pytest tests/ingest/test_parse_differential.py tests/ingest/test_parse_differential_pages.py $(ARGS)

check: $(VENV)/.dev  ## what a change must pass
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(TESTS_AT_ONCE) $(ARGS)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python -m lab.bench.speed $(ARGS)

clean:
	rm -rf $(VENV) .demo build *.egg-info
