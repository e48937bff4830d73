# One target per task. `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# pyenv starts a Python other than its default only if PYENV_VERSION names it; without pyenv this has no effect.
START = PYENV_VERSION=$${PYENV_VERSION-$$(pyenv whence $(notdir $(PYTHON)) 2>/dev/null | tail -n 1)} $(PYTHON)
export DO_NOT_TRACK := 1
export BENTOML_DO_NOT_TRACK := True
# Keep compiled files: a test run starts many processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup node-tools outside-tools demo demo-clinic test test-all hard check bento openapi client-wheel coverage coverage-report study audit-changes duplicates pictures audit-dependencies bench bench-serve bench-clinic bench-cluster bench-log lock format clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/; s/[$$]{2}/$$/' | expand -t 12

setup: $(VENV)/.compiled  ## Put the locked dependencies and the `kap` command into .venv, and compile what predicts

$(VENV)/.complete: requirements.lock pyproject.toml
	@$(START) -c "" 2>/dev/null || { echo "$(PYTHON) is required; install it or set PYTHON=/path/to/python, 3.11 to 3.13" >&2; exit 1; }
	$(START) -m venv $(VENV)
	grep -A 40 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ {exit} {print}' > $(VENV)/uv.lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --system-certs --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Beside the sources, where every user of the machine finds it; after a change of the sources once more.
$(VENV)/.compiled: $(VENV)/.complete $(shell find features models -name '*.py')
	@$(BIN)/python -m models.machine_code
	@touch $@

# Beside the Python libraries, not in the tree, whose files tests read. Without npm the tests of these readers are skipped.
NODE := $(VENV)/node
node-tools: $(NODE)/.complete  ## Install the readers of FHIR that run in node, for the tests of what the service sends

$(NODE)/.complete: tests/node/package-lock.json
	@if command -v npm >/dev/null; then \
	  mkdir -p $(NODE) && cp tests/node/package.json tests/node/package-lock.json tests/node/.npmrc $(NODE) && \
	  (cd $(NODE) && npm ci --ignore-scripts --no-audit --no-fund) && touch $@; \
	else echo "npm is not here: the readers of FHIR in node are left out"; fi

# Tools of others that check what the project writes, each in an environment of its own, apart from the locked libraries.
OUTSIDE := $(VENV)/outside
outside-tools: $(OUTSIDE)/ro-crate/.complete  ## Install the RO-Crate validator, for the tests of audit packages

$(OUTSIDE)/ro-crate/.complete: tests/outside/requirements-ro-crate.lock $(VENV)/.complete
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(OUTSIDE)/ro-crate
	$(BIN)/uv pip sync --quiet --system-certs --python $(OUTSIDE)/ro-crate/bin/python --require-hashes $<
	@touch $@

demo: setup  ## Simulate, train, promote, serve, predict for one patient, explain the answer; leaves nothing running
	@$(BIN)/python -m training.cli.demo

demo-clinic: setup  ## Start the service and a mock EHR with three synthetic patients on this machine, until Ctrl-C
	@$(BIN)/kap demo clinic

PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: setup node-tools outside-tools  ## Run the tests: first the order of imports, then all others; five minutes
	$(BIN)/python -m pytest tests/test_imports.py
	$(PYTEST) -m "not long"

test-all: test  ## Run the same, then the long tests: many cohorts, lifetimes of a model, all random changes
	$(PYTEST) -m long

coverage-report: setup node-tools outside-tools  ## Run the tests, and print which lines of the product they run, also in other processes
	$(BIN)/coverage erase
	$(PYTEST) -m "not long" --cov --cov-report=term

hard: setup  ## Test failures under load: killed workers, stopped PostgreSQL, full disk, invalid requests; minutes
	KAP_HARD_TESTS=1 KAP_LOG_CHANGES=200 $(BIN)/python -m tests.postgresql $(BIN)/python -m pytest \
	  --numprocesses 2 --dist loadfile tests/serving/hard tests/serving/log tests/training/cli/test_log_backup.py \
	  --ignore tests/serving/hard/test_hostile_connections.py
	KAP_HARD_TESTS=1 $(BIN)/python -m pytest -n 0 tests/serving/hard/test_hostile_connections.py  # alone: it measures waits

check: setup  ## Check format, lint, types and dependencies; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory audit-dependencies

duplicates: setup  ## Test the search for duplicated patients on twenty cohorts, without and with three copies
	$(BIN)/python -m pytest tests/training/leakage/test_duplicates.py -k twenty

pictures: setup  ## Make the pictures of the README from ./demo (after make demo; needs chromium)
	@$(BIN)/python -m tests.pictures

audit-dependencies: setup  ## Look up published vulnerabilities of the locked dependencies, if a registry answers
	$(BIN)/python -m tests.audit_dependencies

bento: setup  ## Build the Bento for a container: the service with the model promoted last
	@$(BIN)/bentoml models get kap-outcomes:latest >/dev/null 2>&1 || \
	  { echo "a promoted model in BentoML's model store is required; kap promote puts it there" >&2; exit 2; }
	@tag=$$($(BIN)/bentoml build --output tag --label commit=$$(git describe --always --dirty 2>/dev/null || echo unknown)) && \
	  echo "built $${tag#__tag__:}; make the image with: bentoml containerize $${tag#__tag__:}"

openapi: setup  ## Write the OpenAPI document of a release to dist/openapi.json
	$(BIN)/python -m tests.serving.openapi.release dist/openapi.json

client-wheel: setup  ## Build the wheel of the Python client alone into dist
	@$(BIN)/python -m tests.serving.client.wheel dist

coverage: setup  ## Test models and intervals against the true probabilities of synthetic patients
	KAP_ALL_LANDMARKS=1 $(BIN)/python -m pytest tests/training/experiment/test_interval_coverage.py tests/training/experiment/test_synthetic_learning.py

study: setup  ## Study the method where the truth is known, on two mechanisms; hours, can be interrupted
	$(BIN)/python -m tests.studies attainable coverage mean_prediction cox no_signal size_table choice_rules $(STUDY)

audit-changes: setup  ## Change 200 things in a promoted version's record, one by one; the audit must report each
	$(BIN)/python -m pytest tests/training/audit/test_audit.py -m long -k random_changes

bench: setup  ## Measure speed and memory; prints tables
	$(BIN)/python -m tests.benchmarks

bench-serve: setup  ## Measure the service under load, compared with mlflow models serve; ten minutes at 70% of its peak
	$(BIN)/python -m tests.benchmarks.serve

bench-clinic: setup  ## Measure POST /fhir/$$predict and a card beside POST /v1/predict, in one run against one server
	$(BIN)/python -m tests.benchmarks.clinic

bench-cluster: setup  ## Measure a training and a cohort in parts on a Dask cluster that loses a worker; half an hour
	$(BIN)/python -m tests.benchmarks.cluster

bench-log: setup  ## Measure a log of a million answers: its size, the time and memory of its audit; half an hour
	$(BIN)/python -m tests.benchmarks.log_size

format:  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove the environment and the files of tests and demonstrations
	rm -rf $(VENV) .venv-* demo demo-clinic build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

# `fewest`: one version of a library for every Python, so that a training gives the same numbers on each.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock:  ## Resolve the dependencies again and rewrite requirements.lock and requirements-serving.lock
	$(COMPILE) --extra dev --extra cluster --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --group pyproject.toml:serving --constraint requirements.lock -o requirements-serving.lock
	$(COMPILE) --upgrade tests/outside/requirements-ro-crate.in -o tests/outside/requirements-ro-crate.lock
