# One target per thing a person does. `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# pyenv starts a Python that is not its default only when it is told which; without pyenv this says nothing.
START = PYENV_VERSION=$${PYENV_VERSION-$$(pyenv whence $(notdir $(PYTHON)) 2>/dev/null | tail -n 1)} $(PYTHON)
export DO_NOT_TRACK := 1
export BENTOML_DO_NOT_TRACK := True
# What is compiled is kept: a test run starts many processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all hard check bento coverage coverage-report study audit-changes duplicates pictures audit-dependencies bench bench-serve lock format clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.complete  ## Put the locked dependencies and the `kap` command into .venv

$(VENV)/.complete: requirements.lock pyproject.toml
	@$(START) -c "" 2>/dev/null || { echo "$(PYTHON) is required; install it or say PYTHON=/path/to/python, 3.11 to 3.13" >&2; exit 1; }
	$(START) -m venv $(VENV)
	grep -A 40 '^uv==' requirements.lock | awk 'NR > 1 && /^[a-z]/ {exit} {print}' > $(VENV)/uv.lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --system-certs --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## Simulate, train, promote, serve, ask for one patient, explain the answer; leaves nothing running
	@$(BIN)/python -m training.cli.demo

PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: setup  ## Run the tests of everything that is promised: who may import whom first, then all; five minutes
	$(BIN)/python -m pytest tests/test_imports.py
	$(PYTEST) -m "not long"

test-all: test  ## Run the same, then what is long for a reason: many cohorts, lifetimes of a model, all random changes
	$(PYTEST) -m long

coverage-report: setup  ## Run the tests, and print which lines of the product they run, in processes they start too
	$(BIN)/coverage erase
	$(PYTEST) -m "not long" --cov --cov-report=term

hard: setup  ## Break things under load: kill workers, stop PostgreSQL, fill a disk, send nonsense, change the log; minutes
	KAP_HARD_TESTS=1 KAP_LOG_CHANGES=200 $(BIN)/python -m tests.postgresql $(BIN)/python -m pytest \
	  --numprocesses 2 --dist loadfile tests/serving/hard tests/serving/log/test_prediction_log.py

check: setup  ## Look at format, lint and types; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory audit-dependencies

duplicates: setup  ## Search twenty cohorts of poor records for copies, without any and with three planted
	KAP_DUPLICATE_COHORTS=20 $(BIN)/python -m pytest tests/training/leakage/test_duplicates.py -k twenty

pictures: setup  ## Make the pictures of the README from ./demo (after make demo; needs chromium)
	@$(BIN)/python -m tests.pictures

audit-dependencies: setup  ## Look the locked dependencies up among the published vulnerabilities, where a registry answers
	$(BIN)/python -m tests.audit_dependencies

bento: setup  ## Build the Bento, the service alone with the model promoted last, for a container
	@$(BIN)/bentoml models get kap-outcomes:latest >/dev/null 2>&1 || \
	  { echo "a promoted model in BentoML's model store is required; kap promote puts it there" >&2; exit 2; }
	@tag=$$($(BIN)/bentoml build --output tag --label commit=$$(git describe --always --dirty 2>/dev/null || echo unknown)) && \
	  echo "built $${tag#__tag__:}; make the image with: bentoml containerize $${tag#__tag__:}"

coverage: setup  ## How well the true probabilities of synthetic patients are learned and covered, at all landmarks and sizes
	KAP_ALL_LANDMARKS=1 $(BIN)/python -m pytest tests/training/experiment/test_interval_coverage.py tests/training/experiment/test_synthetic_learning.py

study: setup  ## What the method reaches where the truth is known, on two mechanisms; hours, and can be interrupted
	$(BIN)/python -m tests.studies attainable coverage mean_prediction cox no_signal size_table choice_rules $(STUDY)

audit-changes: setup  ## Change 200 things behind a promoted version, one at a time; the audit must report each
	$(BIN)/python -m pytest tests/training/audit/test_audit.py -m long -k random_changes

bench: setup  ## Measure speed and memory; prints tables
	$(BIN)/python -m tests.benchmarks

bench-serve: setup  ## Measure the service under load, beside mlflow models serve; ten minutes of it at 70% of its peak
	$(BIN)/python -m tests.benchmarks.serve

format:  ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove the environment and what tests and demonstrations left
	rm -rf $(VENV) .venv-* demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

# `fewest`: one version of a library for every Python, so that a training gives the same numbers on each.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header
lock:  ## Resolve the dependencies anew and rewrite requirements.lock, and from it what the service alone needs
	$(COMPILE) --extra dev --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --group pyproject.toml:serving --constraint requirements.lock -o requirements-serving.lock
