# Two commands on a fresh machine: make gate, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CANDIDATE ?= contracts-v2
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: install
install: $(INSTALLED)  ## create .venv and install what constraints.txt pins

.PHONY: gate
gate: $(INSTALLED)  ## build the demo and run its release gate; CANDIDATE=contracts-deluge to see a refusal
	@$(BIN)/loragate demo
	$(BIN)/pytest suites/ --candidate $(CANDIDATE)

.PHONY: test
test: check  ## lint, types, imports, then the tests, on two processes
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/ -n 2 --dist loadfile --no-loadscope-reorder --timeout 300

.PHONY: check
check: $(INSTALLED)  ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: bench
bench: $(INSTALLED)  ## the benchmarks that take minutes; gate-full takes half an hour, demo an hour
	$(BIN)/loragate bench first-gate --json docs/bench/first-gate.json
	$(BIN)/loragate bench gate
	$(BIN)/loragate bench kernels --json docs/bench/kernels.json
	$(BIN)/loragate bench engine --json docs/bench/engine.json
	$(BIN)/loragate bench harness --json docs/bench/harness.json
	$(BIN)/loragate bench import --json docs/bench/import.json
	$(BIN)/loragate bench report --json docs/bench/report.json
	$(BIN)/loragate bench store --json docs/bench/store.json

.PHONY: crashes
crashes: $(INSTALLED)  ## kill 200 gates at any moment, and 10 of a real model; ten minutes
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/integration -k killed --crashes 200 --torch-crashes 10

.PHONY: clean
clean:  ## remove what can be rebuilt; never the store (.loragate)
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12
