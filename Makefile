PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TREE := .collections/ansible_collections/tenantlink
JOBS ?= 2

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export PYTHONPATH := $(CURDIR)/.collections
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test lint unit integration benchmark emulator clean

help:
	@echo "make demo         link tenants on the embedded emulator, and watch"
	@echo "make test         everything that CI checks: lint, unit and integration tests"
	@echo "make benchmark    how fast it is against other ways, about ten minutes; options in ARGS=\"--help\""
	@echo "make emulator     run the emulator in the foreground; options in ARGS=\"--help\""
	@echo "make clean        remove what the other targets built"

demo: $(VENV)/ready
	@$(BIN)/python -m tests.demo

test: lint unit integration
	@echo "TEST PASSED: lint, unit and integration tests."

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .

unit: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/unit -n $(JOBS)

integration: $(VENV)/ready
	$(BIN)/python -m pytest -q tests/integration -n $(JOBS)

benchmark: $(VENV)/benchmark-ready
	@$(BIN)/python -m tests.benchmark $(ARGS)

emulator: $(VENV)/ready
	@$(BIN)/python -m tests.emulator $(ARGS)

$(VENV)/ready: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "Python 3.10 or newer is needed; name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; install it (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "Installing Ansible and the test tools into $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@mkdir -p $(TREE) && ln -sfn ../../.. $(TREE)/stackone
	@touch $@

$(VENV)/benchmark-ready: $(VENV)/ready requirements-benchmark.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-benchmark.txt
	@touch $@

clean:
	rm -rf $(VENV) .collections .pytest_cache .ruff_cache .hypothesis tests/benchmark/output
